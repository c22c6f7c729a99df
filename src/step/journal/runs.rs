//! Reading: which runs there are, and what is written of one.

use super::entry::{Entry, Record, RunStatus};
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
    pub status: RunStatus,
    pub started: jiff::Timestamp,
    pub finished: Option<jiff::Timestamp>,
}

impl Journal {
    /// All runs, oldest first.
    pub fn runs(&self) -> Result<Vec<RunSummary>, Error> {
        let mut runs: BTreeMap<String, RunSummary> = BTreeMap::new();
        for Record { run, at, entry, .. } in self.records("WHERE kind LIKE 'run-%'", &[])? {
            match entry {
                Entry::RunStarted(start) => {
                    let (playbook, target, environment) = (start.playbook, start.target, start.environment);
                    let status = RunStatus::Running;
                    let summary = RunSummary { id: run.clone(), playbook, target, environment, status, started: at, finished: None };
                    runs.insert(run, summary);
                }
                Entry::RunResumed(_) => {
                    if let Some(summary) = runs.get_mut(&run) {
                        (summary.status, summary.finished) = (RunStatus::Running, None);
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
