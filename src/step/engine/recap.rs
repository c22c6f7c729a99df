//! How a run went, counted.

use crate::event::{AccountLabel, Status};
use crate::step::journal::RunStatus;
use crate::step::key::StepKey;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Steps by how they ended; `ok` counts all that ended well, so it includes `changed` and `replayed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub ok: usize,
    pub changed: usize,
    /// Without the caught ones.
    pub failed: usize,
    pub paused: usize,
    pub replayed: usize,
    /// Failures that the script caught.
    pub caught: usize,
}

impl Counts {
    fn add(&mut self, status: Status, caught: bool) {
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
            Status::Failed if caught => self.caught += 1,
            Status::Failed => self.failed += 1,
            Status::Paused => self.paused += 1,
        }
    }
}

/// How one process of a run went.
#[derive(Clone, Debug, PartialEq)]
pub struct Recap {
    pub run: String,
    pub status: RunStatus,
    pub total: Counts,
    pub accounts: BTreeMap<AccountLabel, Counts>,
    /// Labels of branches and scopes that were not played.
    pub left_out: BTreeSet<String>,
    /// Labels of the branches whose failure was tolerated.
    pub tolerated: Vec<String>,
}

/// How each step of this process ended.
#[derive(Default)]
pub(super) struct Tally {
    steps: BTreeMap<StepKey, (AccountLabel, Status)>,
    /// By id, the latest name: it may become known in the course of a run.
    names: BTreeMap<String, String>,
    caught: BTreeSet<StepKey>,
    left_out: BTreeSet<String>,
    tolerated: Vec<String>,
}

impl Tally {
    pub(super) fn add(&mut self, key: &StepKey, account: &AccountLabel, status: Status) {
        self.steps.insert(key.clone(), (account.clone(), status));
        if account.name != account.id {
            self.names.insert(account.id.clone(), account.name.clone());
        }
    }

    pub(super) fn caught(&mut self, key: &StepKey) {
        self.caught.insert(key.clone());
    }

    pub(super) fn left_out(&mut self, label: &str) {
        self.left_out.insert(label.to_owned());
    }

    pub(super) fn tolerated(&mut self, label: &str) {
        self.tolerated.push(label.to_owned());
    }

    pub(super) fn total(&self) -> Counts {
        let mut total = Counts::default();
        for (key, (_, status)) in &self.steps {
            total.add(*status, self.caught.contains(key));
        }
        total
    }

    pub(super) fn recap(&self, run: &str, status: RunStatus) -> Recap {
        let mut accounts: BTreeMap<AccountLabel, Counts> = BTreeMap::new();
        for (key, (account, status)) in &self.steps {
            let name = self.names.get(&account.id).unwrap_or(&account.name).clone();
            let label = AccountLabel { id: account.id.clone(), name };
            accounts.entry(label).or_default().add(*status, self.caught.contains(key));
        }
        let (left_out, tolerated) = (self.left_out.clone(), self.tolerated.clone());
        Recap { run: run.to_owned(), status, total: self.total(), accounts, left_out, tolerated }
    }
}
