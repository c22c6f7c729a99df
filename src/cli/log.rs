//! The debug log of a run, beside its journal: a line for each call to AWS and for each wait. It says who was called and what came of it,
//! never with what arguments, so nothing in it can be a secret.

use crate::error::Error;
use crate::event::{Call, Event};
use crate::project::unwritable;
use crate::time::Time;
use std::fmt::Write as _;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(super) struct Log {
    time: Time,
    state: Mutex<State>,
}

enum State {
    /// What was called before the run had a name.
    Nameless(String),
    Open(File),
    /// The disk took no more.
    Lost(io::Error),
}

impl Log {
    pub(super) fn new(time: Time) -> Log {
        Log { time, state: Mutex::new(State::Nameless(String::new())) }
    }

    /// From now on lines are added to this file, made 0600 in a folder of 0700.
    pub(super) fn open(&self, path: &Path) -> Result<(), Error> {
        let mut state = self.state();
        let State::Nameless(lines) = &*state else { return Ok(()) };
        let written = open(path).and_then(|mut file| file.write_all(lines.as_bytes()).map(|()| file));
        let file = written.map_err(|error| unwritable(path, &error))?;
        *state = State::Open(file);
        Ok(())
    }

    /// `2026-01-02T03:04:05.678Z call 111122223333 iam:CreateRole ok 12ms 0f3c…`
    pub(super) fn call(&self, call: &Call<'_>) {
        let milliseconds = call.took.as_millis();
        self.line(&format!("call {} {} {} {milliseconds}ms {}", call.account, call.action, call.code, call.request_id.unwrap_or("-")));
    }

    /// Waits (a retry among them), and where a process of the run begins and is told to end.
    pub(super) fn event(&self, event: &Event) {
        match event {
            Event::Run { run, resumed, .. } => self.line(&format!("{} {run}", if *resumed { "resume" } else { "play" })),
            Event::StepWaiting { account, reason, seconds, .. } => {
                // A failure's code stands first; all else may quote arguments.
                let word = |text: &&str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
                let code = reason.split_once(": ").map(|(code, _)| code).filter(word).unwrap_or("other");
                self.line(&format!("wait {} {code} {seconds:.3}s", account.id));
            }
            Event::Draining => self.line("draining"),
            _ => {}
        }
    }

    /// Why lines are missing, if some are.
    pub(super) fn lost(&self) -> Option<String> {
        match &*self.state() {
            State::Lost(error) => Some(error.to_string()),
            State::Nameless(_) | State::Open(_) => None,
        }
    }

    fn line(&self, what: &str) {
        let at = self.time.now().strftime("%FT%T%.3fZ");
        let mut state = self.state();
        match &mut *state {
            State::Nameless(lines) => {
                let _ = writeln!(lines, "{at} {what}");
            }
            // One write, so that lines of a resume that follows a killed process are whole.
            State::Open(file) => {
                if let Err(error) = file.write_all(format!("{at} {what}\n").as_bytes()) {
                    *state = State::Lost(error);
                }
            }
            State::Lost(_) => {}
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::AccountLabel;
    use std::time::Duration;

    #[test]
    fn a_wait_tells_its_code_and_nothing_that_aws_quotes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/7k2q.log");
        let log = Log::new(Time::simulated(1));
        let took = Duration::from_millis(12);
        log.call(&Call { account: "111122223333", action: "sts:AssumeRole", code: "AccessDenied", took, request_id: None });
        log.open(&path).unwrap();
        for reason in ["AccessDenied: MultiFactorAuthentication failed with code 123456", "what this run created is not listed yet"] {
            let account = AccountLabel { id: "111122223333".into(), name: "dev".into() };
            log.event(&Event::StepWaiting { key: "k".into(), account, reason: reason.into(), seconds: 1.5 });
        }
        let written = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = written.lines().map(|line| line.split_once(' ').unwrap().1).collect();
        assert_eq!(
            lines,
            [
                "call 111122223333 sts:AssumeRole AccessDenied 12ms -",
                "wait 111122223333 AccessDenied 1.500s",
                "wait 111122223333 other 1.500s"
            ]
        );
    }
}
