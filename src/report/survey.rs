//! What a resume will meet, as people read it.

use super::paint::Paint;
use super::plain::plain;
use super::step_line::NAME;
use crate::event::{Survey, Surveyed};
use std::fmt::Write;

/// So many steps are named without `-v`.
const LINES: usize = 12;
/// Longer differences are cut without `-v`.
const DIFFERENCE: usize = 160;

/// Counts on one line, then the steps that are not simply replayed; with a line break at its end.
pub(super) fn survey(survey: &Survey, verbose: bool, paint: Paint) -> String {
    let Survey { replayed, changed, open, again, new, no_longer_reached, ended_by, .. } = survey;
    let counts = [
        (*replayed, "replayed"),
        (changed.len(), "changed"),
        (new.len(), "new"),
        (again.len(), "tried again"),
        (open.len(), "under way"),
        (no_longer_reached.len(), "no longer reached"),
    ];
    let counts = counts.iter().filter(|(count, word)| *count > 0 || *word == "replayed").map(|(count, word)| format!("{count} {word}"));
    let so_far = if ended_by.is_some() { ", as far as is known" } else { "" };
    let mut out = format!("playbook {}{so_far}\n", counts.collect::<Vec<_>>().join(", "));
    let kinds = [("open", open), ("differs", changed), ("gone", no_longer_reached), ("again", again), ("new", new)];
    let steps: Vec<(&str, &Surveyed)> = kinds.iter().flat_map(|(word, steps)| steps.iter().map(move |step| (*word, step))).collect();
    let shown = if verbose { steps.len() } else { LINES };
    for (word, step) in steps.iter().take(shown) {
        let _ = writeln!(out, "{}", line(word, step, verbose, paint));
    }
    if let more @ 1.. = steps.len().saturating_sub(shown) {
        let _ = writeln!(out, "{:>8} {more} more; -v names them", "and");
    }
    if let Some(ended_by) = ended_by {
        let _ = writeln!(out, "{:>8} not known what lies behind: {}", "", plain(ended_by.lines().next().unwrap_or_default()));
    }
    out
}

fn line(word: &str, step: &Surveyed, verbose: bool, paint: Paint) -> String {
    let Surveyed { label, account, place, difference, .. } = step;
    let mut out = format!("{} {:NAME$}  {}", paint.dim(format!("{word:>8}")), plain(&account.name), plain(label));
    if !difference.is_empty() {
        let cut = difference.char_indices().nth(DIFFERENCE).filter(|_| !verbose).map(|(at, _)| at);
        let _ = match cut {
            Some(at) => write!(out, "  {}…", plain(&difference[..at])),
            None => write!(out, "  {}", plain(difference)),
        };
    }
    if let (Some(place), true) = (place, verbose) {
        let _ = write!(out, "  {}", plain(&place.to_string()));
    }
    out
}
