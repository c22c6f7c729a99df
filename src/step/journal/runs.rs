//! Reading: which runs there are, and what is written of one.

use super::entry::{Entry, Record, RunStart, RunStatus};
use super::fold::{RunView, fold};
use super::store::Journal;
use crate::error::Error;
use std::collections::BTreeMap;

/// One line of `runner runs`.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSummary {
    pub id: String,
    pub playbook: String,
    pub target: String,
    pub environment: Option<String>,
    /// The last one that was given, at its start or a resume.
    pub reason: Option<String>,
    pub status: RunStatus,
    pub started: jiff::Timestamp,
    pub finished: Option<jiff::Timestamp>,
}

/// A journal that is as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    pub entries: usize,
    pub runs: usize,
    /// Runs that were taken out of it.
    pub pruned: usize,
    /// Hash of the last entry.
    pub head: String,
}

impl Journal {
    /// The chain holds, every entry can be read, and every run makes sense.
    pub fn verify(&self) -> Result<Sound, Error> {
        self.walk()?;
        let mut runs: BTreeMap<String, Vec<Record>> = BTreeMap::new();
        let (mut entries, mut pruned) = (0, 0);
        for record in self.records("", &[])? {
            entries += 1;
            match &record.entry {
                Entry::Pruned { runs, .. } => pruned += runs.len(),
                _ => runs.entry(record.run.clone()).or_default().push(record),
            }
        }
        for records in runs.values() {
            fold(records).map_err(|impossible| self.damaged(impossible.seq, &impossible.reason))?;
        }
        Ok(Sound { entries, runs: runs.len(), pruned, head: self.head() })
    }

    /// All runs, oldest first.
    pub fn runs(&self) -> Result<Vec<RunSummary>, Error> {
        let mut runs: BTreeMap<String, RunSummary> = BTreeMap::new();
        for Record { run, at, entry, .. } in self.records("WHERE kind LIKE 'run-%'", &[])? {
            match entry {
                Entry::RunStarted(start) => {
                    let RunStart { playbook, target, environment, reason, .. } = start;
                    let (id, status) = (run.clone(), RunStatus::Running);
                    let summary = RunSummary { id, playbook, target, environment, reason, status, started: at, finished: None };
                    runs.insert(run, summary);
                }
                Entry::RunResumed(start) => {
                    if let Some(summary) = runs.get_mut(&run) {
                        (summary.status, summary.finished, summary.reason) = (RunStatus::Running, None, start.reason);
                    }
                }
                Entry::RunFinished { status } => {
                    if let Some(summary) = runs.get_mut(&run) {
                        (summary.status, summary.finished) = (status, Some(at));
                    }
                }
                _ => {}
            }
        }
        let mut runs: Vec<_> = runs.into_values().collect();
        runs.sort_by(|a, b| a.started.cmp(&b.started).then_with(|| a.id.cmp(&b.id)));
        Ok(runs)
    }

    /// The run with this unique beginning of its id; without one, the latest.
    pub fn find(&self, prefix: Option<&str>) -> Result<RunSummary, Error> {
        let mut runs = self.runs()?;
        let Some(prefix) = prefix else {
            return runs.pop().ok_or_else(|| {
                Error::usage("no-runs", format!("no run of `{}` is written down yet", self.rollout())).hint("start one with `runner play`")
            });
        };
        runs.retain(|run| run.id.starts_with(prefix));
        match (runs.pop(), runs.as_slice()) {
            (Some(run), []) => Ok(run),
            (None, _) => Err(Error::usage("unknown-run", format!("no run begins with `{prefix}`")).hint("`runner runs` lists them")),
            (Some(last), others) => {
                let names: Vec<_> = others.iter().chain([&last]).map(|run| format!("`{}`", run.id)).collect();
                Err(Error::usage("ambiguous-run", format!("`{prefix}` may mean {}", names.join(", "))).hint("type one more letter"))
            }
        }
    }

    /// Everything written of one run, in order.
    pub fn entries(&self, run: &str) -> Result<Vec<Record>, Error> {
        self.records("WHERE run = ?1", &[run])
    }

    /// The state of one run.
    pub fn view(&self, run: &str) -> Result<RunView, Error> {
        fold(&self.entries(run)?).map_err(|impossible| self.damaged(impossible.seq, &impossible.reason))
    }
}
