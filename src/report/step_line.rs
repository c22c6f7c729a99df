//! One finished step as a line of text, and what is said beneath it when it failed.

use super::paint::Paint;
use super::plain::{plain, plain_lines};
use super::tally::Problem;
use crate::event::{AccountLabel, Status};
use std::fmt::Write;
use std::time::Duration;

/// What a line says of a step that ended.
pub(super) struct Finished<'a> {
    pub(super) account: &'a AccountLabel,
    pub(super) scope: &'a [String],
    pub(super) label: &'a str,
    pub(super) status: Status,
    pub(super) changes: &'a [String],
    pub(super) took: Duration,
}

/// Columns of an account's name; most names fit, and so does an id.
pub(super) const NAME: usize = 12;

/// ` changed [   1.2s] dev           create_role allow-admin  CreateRole, AttachRolePolicy ×2`, without a line break. With `verbose` each change
/// stands with its difference on a line of its own.
pub(super) fn line(step: &Finished<'_>, verbose: bool, paint: Paint) -> String {
    let word = status(step.status, paint);
    let mut out = format!("{word} [{:>7}] {:NAME$}  {}", took(step.took), plain(&step.account.name), plain(step.label));
    let scope = telling(step);
    if !scope.is_empty() {
        let _ = write!(out, " {}", paint.dim(format!("({})", plain(&scope.join(" / ")))));
    }
    if verbose {
        for change in step.changes {
            let _ = write!(out, "\n                     {}", plain(change));
        }
    } else if !step.changes.is_empty() {
        let _ = write!(out, "  {}", paint.dim(calls(step.changes)));
    }
    out
}

/// The labels around a step that say more than its account's name and what it is about.
fn telling<'a>(step: &Finished<'a>) -> Vec<&'a str> {
    let about = step.label.split_once(' ').map_or("", |(_, about)| about);
    step.scope.iter().map(String::as_str).filter(|label| *label != step.account.name && *label != about).collect()
}

/// A status as a word, right-aligned to eight columns.
#[must_use]
pub fn status(status: Status, paint: Paint) -> String {
    match status {
        Status::Ok => paint.green("      ok"),
        Status::Changed => paint.yellow(" changed"),
        Status::Replayed => paint.dim("replayed"),
        Status::Failed => paint.red("  failed"),
        Status::Paused => paint.cyan("  paused"),
    }
}

/// The calls of the changes, repeats folded: `CreateRole, AttachRolePolicy ×2`.
fn calls(changes: &[String]) -> String {
    let mut folded: Vec<(&str, usize)> = Vec::new();
    for change in changes {
        let call = change.split(':').next().unwrap_or(change);
        match folded.last_mut() {
            Some((last, count)) if *last == call => *count += 1,
            _ => folded.push((call, 1)),
        }
    }
    let named: Vec<String> = folded
        .iter()
        .map(|(call, count)| if *count > 1 { format!("{} ×{count}", plain(call)) } else { plain(call).into_owned() })
        .collect();
    named.join(", ")
}

/// `0.8s`, `75.0s` as `1m15s`, `2h03m`
#[must_use]
pub fn took(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{:.1}s", duration.as_secs_f64()),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `error[email-taken] dev: create_account dev   multi-account.rhai:10:12`, the message and the hints beneath; ends with a line break.
pub(super) fn problem(problem: &Problem, paint: Paint) -> String {
    let code = plain(&problem.problem.code);
    let word = if problem.paused { paint.cyan(format!("paused[{code}]")) } else { paint.red(format!("error[{code}]")) };
    let mut out = format!("{word} {}: {}", plain(&problem.account.name), plain(&problem.label));
    if let Some(place) = &problem.place {
        let _ = write!(out, "  {}", paint.dim(plain(&place.to_string())));
    }
    let indented = |text: &str, by: usize| plain_lines(text).replace('\n', &format!("\n{}", " ".repeat(by)));
    let _ = writeln!(out, "\n  {}", indented(&problem.problem.message, 2));
    for hint in &problem.problem.hints {
        let _ = writeln!(out, "  {}: {}", paint.green("help"), indented(hint, 8));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let account = AccountLabel { id: "026445672617".into(), name: "security".into() };
        let changes: Vec<String> = ["CreateRole", "AttachRolePolicy: a", "AttachRolePolicy: b"].iter().map(ToString::to_string).collect();
        let scope = ["security", "people", "ana"].map(String::from);
        let mut step = Finished {
            account: &account,
            scope: &[],
            label: "create_role allow-admin",
            status: Status::Changed,
            changes: &changes,
            took: Duration::from_millis(1240),
        };
        assert_eq!(
            line(&step, false, Paint::OFF),
            " changed [   1.2s] security      create_role allow-admin  CreateRole, AttachRolePolicy ×2"
        );
        assert_eq!(
            line(&step, true, Paint::OFF),
            " changed [   1.2s] security      create_role allow-admin\n                     CreateRole\n                     AttachRolePolicy: a\n                     AttachRolePolicy: b"
        );
        (step.scope, step.changes, step.status, step.label) = (&scope, &[], Status::Replayed, "create_user a\u{1b}[2J");
        assert_eq!(line(&step, false, Paint::OFF), "replayed [   1.2s] security      create_user a\\u{1b}[2J (people / ana)");
        step.label = "create_user ana";
        assert_eq!(line(&step, false, Paint::OFF), "replayed [   1.2s] security      create_user ana (people)");
    }

    #[test]
    fn durations() {
        for (millis, text) in [(0, "0.0s"), (59_940, "59.9s"), (75_000, "1m15s"), (7_380_000, "2h03m")] {
            assert_eq!(took(Duration::from_millis(millis)), text);
        }
    }
}
