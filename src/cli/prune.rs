//! `runner runs prune`

use super::context::Context;
use super::history::{History, Stored, moment, refuse, status_word};
use super::prompts;
use crate::error::{Error, Kind};
use crate::project::Project;
use crate::report::{FORMAT, print_error, table};
use crate::step::{Journal, Lock, RunSummary};
use crate::time::Time;
use clap::builder::BoolishValueParser;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

const EXAMPLES: &str = "\
Examples:
  runner runs prune --keep 10 --dry-run              what would go
  runner runs prune --keep 3 --older-than 30d --yes
";

/// Take runs out of the journals for good; what they did in AWS stays
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Args {
    /// Keep the last N runs of each playbook, target and environment
    #[arg(long, value_name = "N", env = "RUNNER_KEEP", required_unless_present = "older_than")]
    keep: Option<usize>,

    /// Keep every run that began within this time: `30d`, `12h`, `6mo`; with --keep, what either of them keeps stays
    #[arg(long, value_name = "TIME", env = "RUNNER_OLDER_THAN", value_parser = span)]
    older_than: Option<Span>,

    /// Take unfinished runs out, too: they cannot be resumed any more, and what they left open is never settled
    #[arg(long, env = "RUNNER_UNFINISHED", value_parser = BoolishValueParser::new())]
    unfinished: bool,

    /// Only say what would go
    #[arg(long, env = "RUNNER_DRY_RUN", value_parser = BoolishValueParser::new())]
    dry_run: bool,
}

fn span(text: &str) -> Result<Span, String> {
    let span: Span = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    if span.is_negative() { Err("give how long ago, like `30d`".to_owned()) } else { Ok(span) }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8, Error> {
    let project = context.project()?;
    let target = context.globals.target.as_deref();
    let time =
        Time::real().map_err(|error| Error::failed("no-threads", "cannot start the runtime").cause(error).hint("free some resources"))?;
    // What is shown and agreed to is what goes: nobody plays meanwhile.
    let _locks = if args.dry_run { Vec::new() } else { locks(&project, target, &time)? };
    let history = History::read(&project, target)?;
    let since = args.older_than.map(|span| ago(time.now(), span)).transpose()?;
    let rollouts = rollouts(history.runs);
    let gone: Vec<&Stored> = rollouts
        .values()
        .flat_map(|runs| {
            let goes = chosen(runs.iter().map(|run| &run.summary), args.keep, since, args.unfinished);
            runs.iter().zip(goes).filter(|(_, goes)| *goes).map(|(run, _)| run)
        })
        .collect();
    if !args.dry_run && !gone.is_empty() {
        confirm(context, &gone)?;
        for (journal, runs) in by_journal(&gone) {
            journal.prune(&runs, &time)?;
        }
        for run in &gone {
            remove_log(&project.state().log(&run.target, &run.summary.id))?;
        }
    }
    report(context, args.dry_run, &gone)?;
    refuse(history.unreadable)?;
    Ok(0)
}

fn locks(project: &Project, target: Option<&str>, time: &Time) -> Result<Vec<Lock>, Error> {
    let state = project.state();
    let targets: BTreeSet<String> = state.journals(target)?.into_iter().map(|(target, _)| target).collect();
    targets.iter().map(|target| Lock::acquire(&state.lock(target), target, time)).collect()
}

fn ago(now: Timestamp, span: Span) -> Result<Timestamp, Error> {
    let then = now.to_zoned(TimeZone::UTC).checked_sub(span);
    then.map(|then| then.timestamp())
        .map_err(|error| Error::usage("bad-time", "that is too long ago").cause(error).hint("give less, like `1y`"))
}

/// Runs by the file they are written in, oldest first.
fn rollouts(runs: Vec<Stored>) -> BTreeMap<String, Vec<Stored>> {
    let mut rollouts: BTreeMap<String, Vec<Stored>> = BTreeMap::new();
    for run in runs {
        rollouts.entry(run.journal.file().to_owned()).or_default().push(run);
    }
    rollouts
}

/// Which runs of one rollout (oldest first) go: those beyond the last `keep` that began before `since`; one that can be resumed goes only
/// if it is asked for.
fn chosen<'a>(
    runs: impl ExactSizeIterator<Item = &'a RunSummary>,
    keep: Option<usize>,
    since: Option<Timestamp>,
    unfinished: bool,
) -> Vec<bool> {
    let beyond = keep.map_or(usize::MAX, |keep| runs.len().saturating_sub(keep));
    let goes = |(at, run): (usize, &RunSummary)| {
        at < beyond && since.is_none_or(|since| run.started < since) && (unfinished || run.status.is_over())
    };
    runs.enumerate().map(goes).collect()
}

fn by_journal<'a>(gone: &[&'a Stored]) -> Vec<(&'a Journal, BTreeSet<String>)> {
    let mut journals: BTreeMap<&str, (&Journal, BTreeSet<String>)> = BTreeMap::new();
    for run in gone {
        let (_, runs) = journals.entry(run.journal.file()).or_insert((&run.journal, BTreeSet::new()));
        runs.insert(run.summary.id.clone());
    }
    journals.into_values().collect()
}

fn remove_log(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Error::failed("unwritable-state", format!("cannot remove `{}`", path.display()))
                .cause(error)
                .hint("the run is out of its journal; remove its log yourself"))
        }
        _ => Ok(()),
    }
}

fn confirm(context: &Context, gone: &[&Stored]) -> Result<(), Error> {
    if context.globals.yes {
        return Ok(());
    }
    if !context.interactive {
        return Err(Error::usage("not-confirmed", "taking runs out needs a yes, and nobody can be asked (no terminal, or `--no-input`)")
            .hint("look with --dry-run, then add --yes, or set RUNNER_YES=1"));
    }
    print_error(&listing(gone));
    if prompts::ask("Take these runs out for good? Only `yes` goes on: ")? == "yes" {
        return Ok(());
    }
    Err(Error::new(Kind::Declined, "declined", "not confirmed; nothing was taken out").hint("type `yes`, or add --yes"))
}

fn report(context: &Context, dry_run: bool, gone: &[&Stored]) -> Result<u8, Error> {
    let runs: Vec<Value> = gone
        .iter()
        .map(|run| {
            let RunSummary { id, playbook, environment, status, started, .. } = &run.summary;
            json!({"run": id, "playbook": playbook, "target": run.target, "environment": environment, "status": status, "started": started})
        })
        .collect();
    let document = json!({"type": "prune", "format": FORMAT, "dry_run": dry_run, "runs": runs});
    context.result(&document, || {
        let s = if gone.len() == 1 { "" } else { "s" };
        match (gone.len(), dry_run) {
            (0, _) => "nothing to prune\n".to_owned(),
            (count, true) => format!("{}would take out {count} run{s}\n", listing(gone)),
            (count, false) => format!("{}took out {count} run{s}\n", listing(gone)),
        }
    })
}

fn listing(gone: &[&Stored]) -> String {
    let rows: Vec<Vec<String>> = gone
        .iter()
        .map(|run| {
            let RunSummary { id, playbook, environment, status, started, .. } = &run.summary;
            let environment = environment.clone().unwrap_or_else(|| "-".into());
            vec![id.clone(), playbook.clone(), run.target.clone(), environment, status_word(*status).into(), moment(*started)]
        })
        .collect();
    table(&["RUN", "PLAYBOOK", "TARGET", "ENV", "STATUS", "STARTED"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::RunStatus;

    fn summary(day: i8, status: RunStatus) -> RunSummary {
        let started = jiff::civil::date(2026, 1, day).to_zoned(TimeZone::UTC).unwrap().timestamp();
        let (id, playbook, target) = (day.to_string(), "p.rhai".to_owned(), "sandbox".to_owned());
        RunSummary { id, playbook, target, environment: None, reason: None, status, started, finished: None }
    }

    #[test]
    fn what_is_kept_by_number_or_time_or_can_be_resumed_stays() {
        use RunStatus::{Done, Failed, Superseded};
        let runs = [(1, Failed), (2, Done), (3, Superseded), (4, Done), (5, Done)].map(|(day, status)| summary(day, status));
        let day = |day| Some(summary(day, Done).started);
        for (keep, since, unfinished, gone) in [
            (Some(0), None, false, "2345"),
            (Some(0), None, true, "12345"),
            (Some(2), None, false, "23"),
            (Some(9), None, true, ""),
            (None, day(4), false, "23"),
            (None, day(4), true, "123"),
            (Some(4), day(9), true, "1"),
            (Some(1), day(3), true, "12"),
        ] {
            let goes = chosen(runs.iter(), keep, since, unfinished);
            let named: String = runs.iter().zip(goes).filter(|(_, goes)| *goes).map(|(run, _)| run.id.as_str()).collect();
            assert_eq!(named, gone, "{keep:?} {since:?} {unfinished}");
        }
    }

    #[test]
    fn times_are_given_as_people_write_them() {
        let now: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        for (text, then) in [
            ("30d", "2026-01-30T00:00:00Z"),
            ("12h", "2026-02-28T12:00:00Z"),
            ("2mo", "2026-01-01T00:00:00Z"),
            ("P1W", "2026-02-22T00:00:00Z"),
        ] {
            assert_eq!(ago(now, span(text).unwrap()).unwrap().to_string(), then, "{text}");
        }
        for text in ["-3d", "thirty days", "30", ""] {
            assert!(span(text).is_err(), "{text}");
        }
        assert_eq!(ago(now, span("19000y").unwrap()).unwrap_err().code, "bad-time");
    }
}
