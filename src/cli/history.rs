//! The runs written down in the journals of a project.

use crate::error::{Error, Kind};
use crate::project::Project;
use crate::step::{Journal, RunStatus, RunSummary};

pub(super) struct Stored {
    /// By the folder it lies in.
    pub(super) target: String,
    pub(super) journal: Journal,
    pub(super) summary: RunSummary,
}

/// Oldest first.
pub(super) struct History {
    pub(super) runs: Vec<Stored>,
    /// Journals that cannot be read, each refused with its reason; they hide no run of another journal.
    pub(super) unreadable: Vec<Error>,
}

impl History {
    /// Of one target, or of all.
    pub(super) fn read(project: &Project, target: Option<&str>) -> Result<History, Error> {
        if target.is_some() {
            project.config.target(target)?;
        }
        let mut history = History { runs: Vec::new(), unreadable: Vec::new() };
        for (target, path) in project.state().journals(target)? {
            let read = Journal::open_existing(&path).and_then(|journal| Ok((journal.runs()?, journal)));
            match read {
                Err(error) => history.unreadable.push(error),
                Ok((runs, journal)) => history.runs.extend(runs.into_iter().map(|summary| Stored {
                    target: target.clone(),
                    journal: journal.clone(),
                    summary,
                })),
            }
        }
        history.runs.sort_by(|a, b| (a.summary.started, &a.summary.id).cmp(&(b.summary.started, &b.summary.id)));
        Ok(history)
    }

    /// The run with this unique beginning of its id; without one, the last run.
    pub(super) fn find(self, prefix: Option<&str>) -> Result<Stored, Error> {
        let History { mut runs, unreadable } = self;
        runs.retain(|run| prefix.is_none_or(|prefix| run.summary.id.starts_with(prefix)));
        if let Some(prefix) = prefix {
            if let Some(exact) = runs.iter().position(|run| run.summary.id == prefix) {
                return Ok(runs.swap_remove(exact));
            }
            if runs.len() > 1 {
                return Err(ambiguous(prefix, &runs));
            }
        }
        runs.pop().ok_or_else(|| unreadable.into_iter().next().unwrap_or_else(|| none(prefix)))
    }

    /// The run with this unique beginning of its id; without one, the last run that is not over.
    pub(super) fn unfinished(mut self, prefix: Option<&str>) -> Result<Stored, Error> {
        if prefix.is_some() {
            return self.find(prefix);
        }
        let any = !self.runs.is_empty();
        self.runs.retain(|run| !run.summary.status.is_over());
        if self.runs.is_empty() && self.unreadable.is_empty() && any {
            return Err(Error::usage("nothing-to-resume", "every run is done").hint("start one with `runner play PLAYBOOK`"));
        }
        self.find(None)
    }
}

fn none(prefix: Option<&str>) -> Error {
    match prefix {
        Some(prefix) => Error::usage("unknown-run", format!("no run begins with `{prefix}`")).hint("`runner runs` lists them"),
        None => Error::usage("no-runs", "no run is written down here yet")
            .hint("start one with `runner play PLAYBOOK`, or give its folder with -C"),
    }
}

fn ambiguous(prefix: &str, runs: &[Stored]) -> Error {
    let error = Error::usage("ambiguous-run", format!("{} runs begin with `{prefix}`", runs.len()))
        .hint("type one more letter of the one you mean");
    runs.iter().fold(error, |error, run| {
        let RunSummary { id, playbook, status, started, .. } = &run.summary;
        error.cause(format!("{id}  {playbook} on {}, {}, {}", run.target, status_word(*status), moment(*started)))
    })
}

/// How a run stands, in a word.
pub(super) fn status_word(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "unfinished",
        RunStatus::Done => "done",
        RunStatus::Failed => "failed",
        RunStatus::Paused => "paused",
        RunStatus::Interrupted => "interrupted",
        RunStatus::Superseded => "superseded",
    }
}

/// `2026-01-02 03:04:05Z`
pub(super) fn moment(at: jiff::Timestamp) -> String {
    at.strftime("%F %TZ").to_string()
}

/// The one error that journals which cannot be read amount to.
pub(super) fn refuse(unreadable: Vec<Error>) -> Result<(), Error> {
    let mut errors = unreadable.into_iter();
    let Some(first) = errors.next() else { return Ok(()) };
    Err(errors.fold(Error { kind: Kind::Failed, ..first }, |error, other| error.cause(other.message)))
}
