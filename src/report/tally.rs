//! What the events of a run leave to be told at its end. The counting is the engine's (`step::Recap`).

use crate::error::Place;
use crate::event::{AccountLabel, Event, Status, StepProblem};
use serde_json::Value;
use std::collections::BTreeMap;

/// A step that failed or waits for somebody.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub key: String,
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

/// Something on an object of the playbook that the playbook did not name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Beside {
    pub account: AccountLabel,
    /// `user`, `group` or `role`, and its name.
    pub on: String,
    pub name: String,
    /// `managed-policy`, `inline-policy` or `member`, and which.
    pub extra: &'static str,
    pub value: String,
}

impl Beside {
    /// ``policy `x` on role `y` ``
    #[must_use]
    pub fn what(&self) -> String {
        let Beside { on, name, extra, value, .. } = self;
        match *extra {
            "member" => format!("user `{value}` in group `{name}`"),
            _ => format!("policy `{}` on {on} `{name}`", value.rsplit('/').next().unwrap_or(value)),
        }
    }
}

/// A run so far.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub run: Option<String>,
    pub playbook: String,
    pub target: String,
    /// Management account of the target.
    pub account: String,
    pub resumed: bool,
    /// Without those a script caught.
    pub problems: Vec<Problem>,
    /// Outputs in the order they were given; a later value of a name replaces the earlier.
    pub outputs: Vec<(String, Value)>,
    /// Keys of steps the resumed run had and the script no longer reaches.
    pub unreached: Vec<String>,
    /// What was found beside the playbook, in the order it was told: the event without its type.
    pub beside: Vec<Beside>,
    pub(super) under_way: BTreeMap<String, UnderWay>,
}

impl Tally {
    pub fn add(&mut self, event: &Event) {
        match event {
            Event::Run { run, playbook, target, account, resumed, .. } => {
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
                if let Some(problem) = error {
                    let paused = *status == Status::Paused;
                    let (account, label, place, problem) = (account.clone(), label.clone(), place.clone(), problem.clone());
                    self.problems.push(Problem { key: key.clone(), account, label, paused, place, problem });
                }
            }
            Event::StepCaught { key } => self.problems.retain(|problem| problem.key != *key),
            Event::Output { name, value } => {
                self.outputs.retain(|(known, _)| known != name);
                self.outputs.push((name.clone(), value.clone()));
            }
            Event::NoLongerReached { keys } => self.unreached.extend(keys.iter().cloned()),
            Event::FoundBeside { account, on, name, extra, value } => {
                let (account, on, name, value) = (account.clone(), on.clone(), name.clone(), value.clone());
                let beside = Beside { account, on, name, extra, value };
                // A membership is told by its user and by its group.
                if !self.beside.contains(&beside) {
                    self.beside.push(beside);
                }
            }
            Event::Found { .. }
            | Event::Survey(_)
            | Event::Tolerated { .. }
            | Event::Log { .. }
            | Event::Draining
            | Event::Fault { .. }
            | Event::Died { .. } => {}
        }
    }
}
