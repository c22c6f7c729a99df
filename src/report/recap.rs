//! The end of a run as text: accounts, totals, outputs, what failed, and the command to go on with.

use super::counts::{by_id, text};
use super::explain::explain;
use super::outputs::outputs;
use super::paint::Paint;
use super::plain::plain;
use super::step_line::{problem, took};
use super::tally::Tally;
use crate::error::{Error, Kind};
use crate::step::{Recap, RunStatus};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

/// How a run ended, beyond what its events say.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    pub recap: &'a Recap,
    pub took: Duration,
    /// What ended the script, if something did.
    pub error: Option<&'a Error>,
    /// The command to go on with; it is the last line.
    pub next: Option<&'a str>,
}

impl End<'_> {
    /// That of the error; without one, a run that is not done has failed or is paused all the same.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match (self.error, self.recap.status) {
            (Some(error), _) => error.kind.exit_code(),
            (None, RunStatus::Done) => 0,
            (None, RunStatus::Paused) => Kind::Paused.exit_code(),
            (None, RunStatus::Interrupted) => Kind::Interrupted.exit_code(),
            (None, _) => Kind::Failed.exit_code(),
        }
    }

    /// The whole recap, with a line break at its end.
    #[must_use]
    pub fn text(&self, tally: &Tally, paint: Paint) -> String {
        let mut out = String::new();
        header(&mut out, tally, self.took, paint);
        accounts(&mut out, self.recap, paint);
        out.push_str(&outputs(tally.outputs.iter().map(|(name, value)| (name, value))));
        if !self.recap.left_out.is_empty() {
            let _ = writeln!(out, "left out: {}", plain(&joined(&self.recap.left_out)));
        }
        if !self.recap.tolerated.is_empty() {
            let (count, labels) = (self.recap.tolerated.len(), self.recap.tolerated.join(", "));
            let _ = writeln!(out, "tolerated: {count} {} failed: {}", if count == 1 { "branch" } else { "branches" }, plain(&labels));
        }
        for beside in &tally.beside {
            let (account, what) = (plain(&beside.account.name), beside.what());
            let _ = writeln!(out, "beside   {account}: {} is not of this playbook", plain(&what));
        }
        if !tally.unreached.is_empty() {
            let _ = writeln!(out, "no longer reached by the playbook (nothing was taken away):");
            for key in &tally.unreached {
                let _ = writeln!(out, "  {}", plain(key));
            }
        }
        // The script's own error names the step, its place and the way there: it stands for the step's entry.
        let told = |message: &str| {
            self.error.is_some_and(|error| std::iter::once(&error.message).chain(&error.causes).any(|part| part.contains(message)))
        };
        let mut codes: Vec<&str> = Vec::new();
        for failed in tally.problems.iter().filter(|failed| !told(&failed.problem.message)) {
            out.push('\n');
            out.push_str(&problem(failed, paint));
            codes.push(&failed.problem.code);
        }
        if let Some(error) = self.error {
            out.push('\n');
            out.push_str(&error.text(paint));
            codes.push(&error.code);
        }
        out.push_str(&explain(codes, paint));
        if let Some(next) = self.next {
            let _ = writeln!(out, "\n{}\n  {next}", if self.exit_code() == 0 { "next:" } else { "to continue:" });
        }
        out
    }
}

fn header(out: &mut String, tally: &Tally, duration: Duration, paint: Paint) {
    let Some(run) = &tally.run else { return };
    let word = if tally.resumed { "resume" } else { "play" };
    let _ = write!(out, "{word} {} {}  target {}", paint.bold(run), plain(&tally.playbook), plain(&tally.target));
    if !tally.account.is_empty() {
        let _ = write!(out, " {}", plain(&tally.account));
    }
    let _ = writeln!(out, "  {}", took(duration));
}

fn joined(labels: &BTreeSet<String>) -> String {
    labels.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// A line per account, sorted by name, and the total.
fn accounts(out: &mut String, recap: &Recap, paint: Paint) {
    let mut lines: Vec<(String, String, String)> = by_id(&recap.accounts)
        .into_iter()
        .map(|(id, (name, counts))| {
            (plain(name).into_owned(), if id == name { String::new() } else { plain(id).into_owned() }, text(&counts))
        })
        .collect();
    lines.sort();
    let widest = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
    let name_width = widest(&mut lines.iter().map(|(name, ..)| name)).max("total".len());
    let id_width = widest(&mut lines.iter().map(|(_, id, _)| id));
    for (name, id, counts) in &lines {
        let _ = writeln!(out, "{name:name_width$}  {id:id_width$}  {counts}");
    }
    let counts = text(&recap.total);
    let counts = match (recap.total.failed, recap.total.paused) {
        (0, 0) => paint.green(counts),
        (0, _) => paint.cyan(counts),
        _ => paint.red(counts),
    };
    let _ = writeln!(out, "{:name_width$}  {:id_width$}  {counts}", "total", "");
}

/// A word as a POSIX shell reads it back.
#[must_use]
pub fn shell_word(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./=:@%+,".contains(c);
    if !word.is_empty() && word.chars().all(safe) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
