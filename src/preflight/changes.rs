//! The calls that the play made on the copy, by account, and which of them cannot be taken back.

use super::known::{Known, Step};
use crate::event::AccountLabel;
use crate::step::Class;
use serde::Serialize;
use std::collections::BTreeMap;

/// The changes in one account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changes {
    /// None for an account that is to be made: the copy's id is not the one it will have.
    pub id: Option<String>,
    pub name: String,
    /// AWS's calls and how often each is made.
    pub calls: BTreeMap<String, usize>,
}

/// By account: those that are there by name, then those to be made.
pub(super) fn by_account(known: &Known) -> Vec<Changes> {
    let mut accounts: BTreeMap<&str, (&AccountLabel, BTreeMap<String, usize>)> = BTreeMap::new();
    for step in known.steps.iter().filter(|step| step.end.problem.is_none()) {
        let (label, calls) = accounts.entry(&step.end.account.id).or_insert((&step.end.account, BTreeMap::new()));
        // A name may become known in the course of a play.
        if step.end.account.name != step.end.account.id {
            *label = &step.end.account;
        }
        for change in &step.changes {
            *calls.entry(change.call.clone()).or_default() += 1;
        }
    }
    let named = |(label, calls): (&AccountLabel, BTreeMap<String, usize>)| Changes {
        id: known.there.contains(&label.id).then(|| label.id.clone()),
        name: known
            .estate
            .accounts
            .get(&label.id)
            .map_or(&label.name, |account| if account.name.is_empty() { &label.name } else { &account.name })
            .clone(),
        calls,
    };
    let mut changes: Vec<Changes> = accounts.into_values().filter(|(_, calls)| !calls.is_empty()).map(named).collect();
    changes.sort_by(|a, b| (a.id.is_none(), &a.name).cmp(&(b.id.is_none(), &b.name)));
    changes
}

/// Whether some may have been made already: in accounts that are there, and whose IAM the copy does not have.
pub(super) fn at_most(known: &Known) -> bool {
    let in_iam = |step: &Step| !step.changes.is_empty() && !step.is_of_organization();
    !known.whole && known.steps.iter().any(|step| in_iam(step) && known.there.contains(&step.end.account.id))
}

/// What cannot be taken back, as sentences.
pub(super) fn irreversible(changes: &[Changes]) -> Vec<String> {
    let made = |call: &str| changes.iter().filter_map(|account| account.calls.get(call)).sum::<usize>();
    let mut sentences = Vec::new();
    if made("CreateOrganization") > 0 {
        sentences.push("CreateOrganization: it can be deleted only when every other account has left it".to_owned());
    }
    match made("CreateAccount") {
        0 => {}
        count => {
            let times = if count == 1 { String::new() } else { format!(", {count} times") };
            sentences.push(format!(
                "CreateAccount{times}: an account can be closed, but is gone only 90 days later, and its address is never free again"
            ));
        }
    }
    sentences
}

/// What takes something away: `label` in `account`: call and difference.
pub(super) fn destructive(known: &Known) -> Vec<String> {
    let mut lines = Vec::new();
    for step in &known.steps {
        for change in step.changes.iter().filter(|change| change.class == Class::Destructive) {
            lines.push(
                format!("{} in {}: {} {}", step.end.label, step.end.account.name, change.call, change.difference).trim_end().to_owned(),
            );
        }
    }
    lines.sort();
    lines
}
