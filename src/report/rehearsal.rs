//! A rehearsal as people and programs read it: what is rehearsed, how far it is, what went wrong at once, and the sums at the end.

use super::json;
use super::plain::plain;
use super::reporter::{Output, Reporter};
use super::step_line::took;
use super::terminal::{print, print_error};
use crate::error::{Error, Kind};
use crate::rehearsal::{Played, Totals, Violation};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Differences of an estate that are told of one seed.
const TOLD: usize = 12;
/// Seeds that are named at the end.
const NAMED: usize = 10;

/// What is rehearsed.
#[derive(Clone, Debug)]
pub struct Rehearsed {
    pub playbook: String,
    pub target: String,
    /// `a copy of the sandbox's world`
    pub world: &'static str,
    pub first: u64,
    pub runs: u64,
    pub faults: Vec<&'static str>,
    /// Of the undisturbed play.
    pub calls: u64,
    pub entries: u64,
    pub accounts: usize,
    /// Simulated.
    pub took: Duration,
}

/// Shows one rehearsal. Of a single seed the reporter shows the whole story.
pub struct RehearsalReport {
    reporter: Reporter,
    rehearsed: Rehearsed,
    /// The command that plays a seed again.
    again: Box<dyn Fn(u64) -> String + Send + Sync>,
    totals: Mutex<Totals>,
    bar: Option<ProgressBar>,
}

impl RehearsalReport {
    /// Begins with what is rehearsed.
    pub fn new(
        reporter: Reporter,
        rehearsed: Rehearsed,
        again: impl Fn(u64) -> String + Send + Sync + 'static,
    ) -> Result<RehearsalReport, Error> {
        let settings = reporter.settings();
        let talk = settings.output == Output::Text && settings.verbosity >= 0;
        let bar = (talk && rehearsed.runs > 1 && reporter.draws()).then(|| bar(rehearsed.runs));
        if settings.output == Output::Json {
            print(&json::line(&rehearsed.json()))?;
        } else if talk {
            print_error(&rehearsed.text());
        }
        Ok(RehearsalReport { reporter, rehearsed, again: Box::new(again), totals: Mutex::default(), bar })
    }

    fn totals(&self) -> MutexGuard<'_, Totals> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seed is done.
    pub fn played(&self, played: &Played) {
        let mut totals = self.totals();
        totals.add(played);
        if self.reporter.settings().output == Output::Json {
            let mut line = json!(played);
            line["type"] = json!("played");
            // As with events, the recap reports a disk that is full.
            let _ = print(&json::line(&line));
            return;
        }
        let text = self.wrong(played);
        match &self.bar {
            Some(bar) => {
                bar.set_message(format!("{} of them with violations", totals.violated.len()));
                bar.inc(1);
                if !text.is_empty() {
                    bar.suspend(|| print_error(&text));
                }
            }
            None => print_error(&format!("{text}{}", self.progress(&totals))),
        }
    }

    /// Without a terminal: a line for every tenth of many runs.
    fn progress(&self, totals: &Totals) -> String {
        let Rehearsed { runs, .. } = self.rehearsed;
        if runs < 50 || self.reporter.settings().verbosity < 0 || !totals.runs.is_multiple_of(runs / 10) {
            return String::new();
        }
        format!("   {} of {runs} runs, {} of them with violations\n", totals.runs, totals.violated.len())
    }

    /// What is wrong with a seed, and the command that shows it.
    fn wrong(&self, played: &Played) -> String {
        let paint = self.reporter.settings().stderr;
        let mut out = String::new();
        for violation in &played.violations {
            let _ = writeln!(out, "{} seed {}: {}", paint.red("violation"), played.seed, text(violation));
        }
        if !out.is_empty() && self.rehearsed.runs > 1 {
            let _ = writeln!(out, "  {}", (self.again)(played.seed));
        }
        out
    }

    /// The sums; gives the exit code.
    pub fn finish(&self, real: Duration) -> Result<u8, Error> {
        self.reporter.close();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let totals = self.totals();
        let code = if totals.violated.is_empty() { 0 } else { Kind::Failed.exit_code() };
        match self.reporter.settings().output {
            Output::Json => print(&json::line(&self.recap(&totals, code)))?,
            Output::Text => print(&self.sums(&totals, real))?,
        }
        Ok(code)
    }

    fn recap(&self, totals: &Totals, code: u8) -> Value {
        json!({
            "type": "recap",
            "runs": totals.runs,
            "calls": totals.calls,
            "faults": totals.faults,
            "crashes": totals.crashes,
            "paused": totals.paused,
            "failed": totals.failed,
            "resumes": totals.resumes,
            "questions": totals.questions,
            "accounts": totals.accounts,
            "simulated_seconds": totals.took.as_secs(),
            "violated": totals.violated,
            "exit_code": code,
            "next": totals.violated.first().map(|seed| (self.again)(*seed)),
        })
    }

    fn sums(&self, totals: &Totals, real: Duration) -> String {
        let paint = self.reporter.settings().stdout;
        let runs = u32::try_from(totals.runs).unwrap_or(u32::MAX).max(1);
        let faults: Vec<String> = totals.faults.iter().map(|(fault, count)| format!("{fault} {count}")).collect();
        let mut out = String::new();
        let rows = [
            ("runs", totals.runs.to_string()),
            ("calls", totals.calls.to_string()),
            ("faults", if faults.is_empty() { "none met".to_owned() } else { faults.join(", ") }),
            ("crashes", totals.crashes.to_string()),
            ("stops", format!("{} paused, {} failed", totals.paused, totals.failed)),
            ("resumes", totals.resumes.to_string()),
            ("questions", totals.questions.to_string()),
            ("accounts", format!("{} made; {} in an undisturbed play", totals.accounts, self.rehearsed.accounts)),
            ("time", format!("{}; simulated {} a run", took(real), took(totals.took / runs))),
        ];
        for (name, value) in rows {
            let _ = writeln!(out, "{name:<10} {value}");
        }
        if totals.violated.is_empty() {
            let _ = writeln!(out, "{}", paint.green("every run came to the end of an undisturbed play"));
            return out;
        }
        let count = totals.violated.len();
        let _ = writeln!(out, "{}", paint.red(format!("{count} of {} runs with violations; to see one:", totals.runs)));
        for seed in totals.violated.iter().take(NAMED) {
            let _ = writeln!(out, "  {}", (self.again)(*seed));
        }
        out
    }
}

impl Rehearsed {
    fn seeds(&self) -> String {
        let last = self.first.saturating_add(self.runs - 1);
        if self.runs == 1 { format!("seed {}", self.first) } else { format!("seeds {} to {last}", self.first) }
    }

    fn text(&self) -> String {
        let Rehearsed { playbook, target, world, calls, entries, accounts, .. } = self;
        format!(
            "rehearse {}  target {}, on {world}, {}\n   undisturbed: {calls} calls, {accounts} accounts made, {entries} entries of the journal, {}\n   faults: {}\n",
            plain(playbook),
            plain(target),
            self.seeds(),
            took(self.took),
            self.faults.join(", "),
        )
    }

    fn json(&self) -> Value {
        let Rehearsed { playbook, target, world, first, runs, faults, calls, entries, accounts, took } = self;
        json!({
            "type": "rehearsal", "playbook": playbook, "target": target, "world": world, "seed": first, "runs": runs, "faults": faults,
            "undisturbed": {"calls": calls, "accounts": accounts, "entries": entries, "simulated_seconds": took.as_secs()},
        })
    }
}

fn text(violation: &Violation) -> String {
    match violation {
        Violation::OtherEnd { differences } => {
            let mut out = "what there is at the end is not what an undisturbed play leaves".to_owned();
            for difference in differences.iter().take(TOLD) {
                let _ = write!(out, "\n  {}", plain(difference));
            }
            if differences.len() > TOLD {
                let _ = write!(out, "\n  and {} differences more", differences.len() - TOLD);
            }
            out
        }
        Violation::Accounts { made, wanted } => format!("{made} accounts were made, not {wanted}"),
        Violation::AskedAgain { requests } => {
            format!("{requests} more requests for an account were sent after one for the same address had taken effect")
        }
        Violation::Unfinished { processes, last } => format!("not at its end after {processes} processes; the last one: {}", plain(last)),
        Violation::Question { question } => format!("a person was asked: {}", plain(question)),
        Violation::Journal { problem } => plain(problem).into_owned(),
    }
}

fn bar(runs: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos} of {len} runs, {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(runs), ProgressDrawTarget::stderr()).with_style(style)
}
