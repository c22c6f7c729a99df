//! Takes the events of a run and shows them: as bars, lines or JSON while it goes on, as a recap at its end.

use super::bars::Bars;
use super::explain::explain;
use super::json;
use super::lines::{Lines, heartbeat};
use super::paint::Paint;
use super::plain::{plain, plain_lines};
use super::recap::End;
use super::step_line::{Finished, NAME, line, problem};
use super::survey::survey;
use super::tally::{Problem, Tally};
use super::terminal::{print, print_error};
use crate::error::Error;
use crate::event::{Event, Sink, Status};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// `--output`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    #[default]
    Text,
    Json,
}

/// `--progress`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Progress {
    /// Bars on a terminal, lines without one
    #[default]
    Auto,
    Lines,
    None,
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub output: Output,
    pub progress: Progress,
    /// -1: problems only; 1: every change with its difference.
    pub verbosity: i8,
    pub stdout: Paint,
    pub stderr: Paint,
    pub stdout_is_terminal: bool,
    pub stderr_is_terminal: bool,
    /// Words `runner resume ID` needs after it to find and continue the run (`-C`, `--yes`), ready for a shell.
    pub resume_flags: Vec<String>,
}

/// Shows one run.
#[derive(Clone)]
pub struct Reporter {
    settings: Arc<Settings>,
    tally: Arc<Mutex<Tally>>,
    view: Arc<Mutex<View>>,
}

enum View {
    Silent,
    Lines(Lines),
    Bars(Bars),
}

impl View {
    fn close(&mut self) {
        if let View::Bars(bars) = self {
            bars.clear();
        }
        *self = View::Silent;
    }
}

impl Reporter {
    /// With `--output json` the first line is written at once.
    pub fn new(settings: Settings) -> Result<Reporter, Error> {
        let tally = Arc::new(Mutex::new(Tally::default()));
        let bars = match settings.progress {
            Progress::Auto => settings.stderr_is_terminal,
            Progress::Lines | Progress::None => false,
        };
        let view = if settings.output == Output::Json || settings.progress == Progress::None {
            View::Silent
        } else if bars {
            View::Bars(Bars::new(settings.stderr))
        } else {
            let counted = Arc::clone(&tally);
            View::Lines(Lines::new(move || heartbeat(&held(&counted).under_way)))
        };
        if settings.output == Output::Json {
            print(&json::line(&json::version()))?;
        }
        Ok(Reporter { settings: Arc::new(settings), tally, view: Arc::new(Mutex::new(view)) })
    }

    /// Where the engine sends its events.
    #[must_use]
    pub fn sink(&self) -> Sink {
        let reporter = self.clone();
        Arc::new(move |event| reporter.take(event))
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether progress is drawn, not written line by line.
    pub(super) fn draws(&self) -> bool {
        matches!(&*held(&self.view), View::Bars(_))
    }

    /// The command that continues the run, once it has an id.
    #[must_use]
    pub fn continue_with(&self) -> Option<String> {
        held(&self.tally).run.as_ref().map(|run| command("resume", run, &self.settings.resume_flags))
    }

    fn take(&self, event: &Event) {
        let mut view = held(&self.view);
        held(&self.tally).add(event);
        if self.settings.output == Output::Json {
            // A full disk must not stop steps that change AWS; the recap, written last, reports it.
            let _ = print(&json::line(&json!(event)));
            return;
        }
        let text = self.text(event).unwrap_or_default();
        match &mut *view {
            View::Lines(lines) if !text.is_empty() => lines.print(&text),
            View::Silent | View::Lines(_) => {}
            View::Bars(bars) => {
                if !text.is_empty() {
                    bars.print(&text);
                }
                bars.update(&held(&self.tally).under_way);
            }
        }
    }

    /// What scrolls past for an event.
    fn text(&self, event: &Event) -> Option<String> {
        let (paint, quiet) = (self.settings.stderr, self.settings.verbosity < 0);
        match event {
            Event::Run { run, playbook, target, account, resumed, .. } if !quiet => {
                let word = if *resumed { "resume" } else { "play" };
                let (playbook, target) = (plain(playbook), plain(target));
                Some(format!("{word} {} {playbook}  target {target} {}\n", paint.bold(run), plain(account)))
            }
            Event::Survey(told) if !quiet => Some(survey(told, self.settings.verbosity > 0, paint)),
            Event::Found { finished, failed, paused, open, only, without } if !quiet => {
                let only = only.map_or("", |status| match status {
                    Status::Failed => "; only what failed is tried again",
                    _ => "; only what is paused is tried again",
                });
                let without = if without.is_empty() { String::new() } else { format!("; left out: {}", plain(&without.join(", "))) };
                Some(format!("   found {finished} finished, {failed} failed, {paused} paused, {open} under way{only}{without}\n"))
            }
            Event::StepFinished { key, account, scope, label, status, changes, error, place, took, .. } => {
                if quiet && !matches!(status, Status::Failed | Status::Paused) {
                    return None;
                }
                let step = Finished { account, scope, label, status: *status, changes, took: *took };
                let mut text = line(&step, self.settings.verbosity > 0, paint) + "\n";
                if let Some(error) = error {
                    let paused = *status == Status::Paused;
                    let (account, label, place, error) = (account.clone(), label.clone(), place.clone(), error.clone());
                    text += &problem(&Problem { key: key.clone(), account, label, paused, place, problem: error }, paint);
                }
                Some(text)
            }
            Event::StepWaiting { account, reason, seconds, .. } if self.settings.verbosity > 0 => {
                Some(format!(" waiting [{seconds:>6.1}s] {:NAME$}  {}\n", plain(&account.name), plain(reason)))
            }
            Event::Log { text, .. } if !quiet => Some(format!("     log {}\n", plain_lines(text))),
            Event::Tolerated { label, message, .. } if !quiet => {
                Some(format!("     log tolerated: branch `{}` failed: {}\n", plain(label), plain_lines(message)))
            }
            Event::Draining => Some(self.draining()),
            Event::Fault { call, account, fault } => Some(format!("   fault {fault}: {} in {}\n", plain(call), plain(account))),
            Event::Died { how: "crash", seconds } => Some(format!("   crash the runner dies here; resumed {seconds:.0} s later\n")),
            Event::Died { how, seconds } => Some(format!("    stop the run has {how}; resumed {seconds:.0} s later\n")),
            _ => None,
        }
    }

    fn draining(&self) -> String {
        let mut text = "finishing what is under way; press Ctrl-C again to stop now\n".to_owned();
        if let Some(next) = self.continue_with() {
            text.push_str("continue with: ");
            text.push_str(&next);
            text.push('\n');
        }
        text
    }

    /// Lets somebody else write to the terminal, with the lanes out of the way.
    pub fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        match &*held(&self.view) {
            View::Bars(bars) => bars.suspend(write),
            View::Silent | View::Lines(_) => write(),
        }
    }

    /// Takes the lanes away; nothing is shown any more.
    pub fn close(&self) {
        held(&self.view).close();
    }

    /// As `close`, but waits for nobody: a question that nobody answers leaves the lanes as they are.
    pub fn abandon(&self) {
        if let Ok(mut view) = self.view.try_lock() {
            view.close();
        }
    }

    /// The recap as `--output json` writes it.
    #[must_use]
    pub fn recap(&self, end: &End<'_>) -> Value {
        json::recap(&held(&self.tally), end)
    }

    /// Ends the progress and writes the recap.
    pub fn finish(&self, end: &End<'_>) -> Result<(), Error> {
        self.close();
        let tally = held(&self.tally);
        if self.settings.output == Output::Json {
            let error = end.error.map(|error| json::line(&error.json())).unwrap_or_default();
            return print(&format!("{error}{}", json::line(&json::recap(&tally, end))));
        }
        print(&end.text(&tally, self.settings.stdout))?;
        // Whoever sends the result elsewhere still sees how to go on.
        if let (1.., Some(next), false) = (end.exit_code(), end.next, self.settings.stdout_is_terminal) {
            print_error(&format!("to continue:\n  {next}\n"));
        }
        Ok(())
    }
}

/// `runner resume 7k2q -C aws`
#[must_use]
pub fn command(word: &str, run: &str, flags: &[String]) -> String {
    let mut command = format!("runner {word} {}", plain(run));
    for flag in flags {
        command.push(' ');
        command.push_str(flag);
    }
    command
}

/// An error by itself: on stderr, or as JSON on stdout.
pub fn show_error(error: &Error, output: Output, paint: Paint) -> Result<(), Error> {
    match output {
        Output::Json => print(&json::line(&error.json())),
        Output::Text => {
            print_error(&format!("{}{}", error.text(paint), explain([&*error.code], paint)));
            Ok(())
        }
    }
}

/// One JSON document on stdout.
pub fn print_document(value: &Value) -> Result<(), Error> {
    print(&json::line(value))
}

/// What a panicking branch left behind is still good enough to show.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
