//! Service control policies on the root and the units that accounts come to stand below: how many, and whom they bind.

use super::known::{Known, Step};
use crate::estate::Organization;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How many a root, unit or account may have ("Quotas for AWS Organizations").
const LIMIT: usize = 10;

/// The service control policies of one root or unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Control {
    /// `r-…` or `ou-…`
    pub target: String,
    /// The unit's name; `root`.
    pub name: String,
    pub policies: Vec<String>,
    pub limit: usize,
    /// Names of the accounts that come to stand below it.
    pub accounts: BTreeSet<String>,
}

/// The root and the units that are there and below which accounts are made or moved, by id; with the names of those accounts.
pub fn above(known: &Known) -> BTreeMap<String, BTreeSet<String>> {
    let mut above: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let Some(organization) = &known.estate.organization else { return above };
    for account in
        known.steps.iter().filter(|step| places(step)).filter_map(|step| known.estate.accounts.get(step.end.output["id"].as_str()?))
    {
        for parent in upwards(organization, account.parent.as_deref()).filter(|parent| known.there.contains(*parent)) {
            above.entry(parent.to_owned()).or_default().insert(account.name.clone());
        }
    }
    above
}

/// Whether the step puts an account somewhere.
fn places(step: &Step) -> bool {
    step.end.problem.is_none() && step.changes.iter().any(|change| matches!(change.call.as_str(), "CreateAccount" | "MoveAccount"))
}

/// From a root or unit up to the root, as far as it is known.
fn upwards<'o>(organization: &'o Organization, parent: Option<&'o str>) -> impl Iterator<Item = &'o str> {
    std::iter::successors(parent, |id| Some(organization.units.get(*id)?.parent.as_str()))
}

pub(super) fn controls(known: &Known, notes: &mut Vec<String>) -> Vec<Control> {
    let above = above(known);
    let (Some(organization), false) = (&known.estate.organization, above.is_empty()) else { return Vec::new() };
    let attached = match &known.attached {
        Ok(attached) => attached,
        Err(why) => {
            notes.push(format!("which service control policies bind the accounts that are made or moved cannot be seen: {why}"));
            return Vec::new();
        }
    };
    let control = |(target, accounts): (String, BTreeSet<String>)| {
        let name = organization.units.get(&target).map_or("root", |unit| unit.name.as_str()).to_owned();
        let mut policies = attached.get(&target).cloned().unwrap_or_default();
        policies.sort_unstable();
        Control { policies, name, limit: LIMIT, accounts, target }
    };
    let mut controls: Vec<Control> = above.into_iter().map(control).filter(|control| !control.policies.is_empty()).collect();
    controls.sort_by(|a, b| (a.target != organization.root, &a.name).cmp(&(b.target != organization.root, &b.name)));
    for Control { name, policies, .. } in controls.iter().filter(|control| control.policies.len() >= LIMIT) {
        notes.push(format!(
            "`{name}` has {} of {LIMIT} service control policies: one has to be detached before another can be attached",
            policies.len()
        ));
    }
    controls
}
