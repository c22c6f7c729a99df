//! What the events of a run add up to.

use crate::error::Place;
use crate::event::{AccountLabel, Event, Status, StepProblem};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Steps of one account, or of the run. `ok` counts all that ended well, changed and replayed ones too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub ok: usize,
    pub changed: usize,
    pub failed: usize,
    pub paused: usize,
    pub replayed: usize,
}

impl Counts {
    fn add(&mut self, status: Status) {
        match status {
            Status::Ok => self.ok += 1,
            Status::Changed => {
                self.ok += 1;
                self.changed += 1;
            }
            Status::Replayed => {
                self.ok += 1;
                self.replayed += 1;
            }
            Status::Failed => self.failed += 1,
            Status::Paused => self.paused += 1,
        }
    }

    /// `ok=10 changed=9 failed=0 paused=0 replayed=0`
    #[must_use]
    pub fn text(&self) -> String {
        let Counts { ok, changed, failed, paused, replayed } = self;
        format!("ok={ok} changed={changed} failed={failed} paused={paused} replayed={replayed}")
    }
}

/// A step that failed or waits for somebody.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub account: AccountLabel,
    pub label: String,
    pub paused: bool,
    pub place: Option<Place>,
    pub problem: StepProblem,
}

/// A step under way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct UnderWay {
    pub(super) account: AccountLabel,
    pub(super) label: String,
    /// Why it waits, if it does.
    pub(super) waiting: Option<String>,
}

/// The sum of a run so far.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub run: Option<String>,
    pub playbook: String,
    pub target: String,
    /// Management account of the target.
    pub account: String,
    pub resumed: bool,
    pub total: Counts,
    /// By account id: its name and its counts.
    pub accounts: BTreeMap<String, (String, Counts)>,
    pub problems: Vec<Problem>,
    /// Outputs in the order they were given; a later value of a name replaces the earlier.
    pub outputs: Vec<(String, Value)>,
    /// Keys of steps the resumed run had and the script no longer reaches.
    pub unreached: Vec<String>,
    pub(super) under_way: BTreeMap<String, UnderWay>,
}

impl Tally {
    pub fn add(&mut self, event: &Event) {
        match event {
            Event::Run { run, playbook, target, account, resumed } => {
                self.run = Some(run.clone());
                self.playbook.clone_from(playbook);
                self.target.clone_from(target);
                self.account.clone_from(account);
                self.resumed = *resumed;
            }
            Event::StepStarted { key, account, label, .. } => {
                self.under_way.insert(key.clone(), UnderWay { account: account.clone(), label: label.clone(), waiting: None });
            }
            Event::StepWaiting { key, reason, .. } => {
                if let Some(step) = self.under_way.get_mut(key) {
                    step.waiting = Some(reason.clone());
                }
            }
            Event::StepFinished { key, account, label, status, error, place, .. } => {
                self.under_way.remove(key);
                self.count(account, *status);
                if let Some(problem) = error {
                    let paused = *status == Status::Paused;
                    let (account, label, place, problem) = (account.clone(), label.clone(), place.clone(), problem.clone());
                    self.problems.push(Problem { account, label, paused, place, problem });
                }
            }
            Event::Output { name, value } => {
                self.outputs.retain(|(known, _)| known != name);
                self.outputs.push((name.clone(), value.clone()));
            }
            Event::NoLongerReached { keys } => self.unreached.extend(keys.iter().cloned()),
            Event::Log { .. } | Event::Draining => {}
        }
    }

    /// Counts one step that ended. A name that says more than the id replaces it.
    pub fn count(&mut self, account: &AccountLabel, status: Status) {
        self.total.add(status);
        let (name, counts) = self.accounts.entry(account.id.clone()).or_insert_with(|| (account.name.clone(), Counts::default()));
        if account.name != account.id {
            name.clone_from(&account.name);
        }
        counts.add(status);
    }
}
