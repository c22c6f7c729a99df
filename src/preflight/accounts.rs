//! Accounts wanted, present and to be made: the quota, addresses and names.

use super::known::{Known, Quota, Step};
use crate::error::{Error, Place};
use crate::estate::{Account, AccountState};
use serde::Serialize;
use std::collections::BTreeMap;

/// How an account that the playbook names stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    There,
    ToMake,
    /// It can neither be found nor made: one of the problems says why.
    Refused,
}

/// An account that the playbook names in `create_account`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Wanted {
    pub name: String,
    pub email: String,
    pub standing: Standing,
    /// Of the account that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub place: Place,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Accounts {
    pub quota: usize,
    /// Written in `runner.toml`, or assumed: AWS's default.
    pub quota_written: bool,
    /// In the organisation now; closed and suspended ones count until they are gone for good ("Quotas for AWS Organizations").
    pub there: usize,
    /// How many of those are closed, suspended or about to be.
    pub closed: usize,
    pub to_make: usize,
    pub wanted: Vec<Wanted>,
}

impl Accounts {
    pub(super) fn of(known: &Known, problems: &mut Vec<Error>, notes: &mut Vec<String>) -> Accounts {
        let mut wanted: Vec<Wanted> = known.steps.iter().filter_map(asked).collect();
        wanted.sort_by(|a, b| (&a.name, &a.email).cmp(&(&b.name, &b.email)));
        for account in &mut wanted {
            match stands(known, account, notes) {
                Ok(id) => {
                    account.standing = if id.is_some() { Standing::There } else { Standing::ToMake };
                    account.id = id;
                }
                Err(problem) => {
                    account.standing = Standing::Refused;
                    if !caught(known, &account.name) {
                        problems.push(problem.at(account.place.clone()));
                    }
                }
            }
        }
        twice(&mut wanted, problems);
        let accounts = Accounts {
            quota: known.quota.accounts,
            quota_written: known.quota.written,
            there: known.members().count(),
            closed: known.members().filter(|account| !is_open(account)).count(),
            to_make: wanted.iter().filter(|account| account.standing == Standing::ToMake).count(),
            wanted,
        };
        accounts.fit(&known.quota, &known.target, problems, notes);
        accounts
    }

    fn fit(&self, quota: &Quota, target: &str, problems: &mut Vec<Error>, notes: &mut Vec<String>) {
        if !quota.written && self.there > quota.accounts {
            notes.push(format!(
                "the organisation has {} accounts, more than AWS's default of {}, so its quota is not known here: write account_quota in [targets.{target}]",
                self.there, quota.accounts
            ));
            return;
        }
        let total = self.there + self.to_make;
        if self.to_make == 0 || total <= quota.accounts {
            return;
        }
        let closed = match self.closed {
            0 => String::new(),
            closed => format!(" ({closed} of them closed: they count until they are gone for good)"),
        };
        let whose = if quota.written { "the target's quota" } else { "AWS's default" };
        let message = format!(
            "the organisation would have {total} accounts, and may have {} ({whose}): {} there{closed}, {} to make",
            quota.accounts, self.there, self.to_make
        );
        problems.push(Error::failed("account-quota", message).hint(format!("make {} fewer", total - quota.accounts)).hint(format!(
            "or, once AWS has granted you more (Service Quotas, Organizations), write account_quota = {total} in [targets.{target}]"
        )));
    }
}

/// The account that a step is about, if it is a create_account.
fn asked(step: &Step) -> Option<Wanted> {
    let text = |name: &str| step.end.input[name].as_str().map(str::to_owned);
    (step.end.key.primitive == "create_account").then_some(())?;
    Some(Wanted { name: text("name")?, email: text("email")?, standing: Standing::ToMake, id: None, place: step.end.place.clone() })
}

/// The script goes on without this account.
fn caught(known: &Known, name: &str) -> bool {
    known.steps.iter().any(|step| step.caught && step.end.key.primitive == "create_account" && step.end.key.identity == name)
}

/// The id of the account that is there, none if it can be made.
fn stands(known: &Known, wanted: &Wanted, notes: &mut Vec<String>) -> Result<Option<String>, Error> {
    let Wanted { name, email, .. } = wanted;
    let Some(account) = known.members().find(|account| account.email.eq_ignore_ascii_case(email)) else {
        let namesake = known.members().find(|account| account.name == *name && is_open(account));
        return match namesake {
            None => Ok(None),
            Some(other) => Err(Error::failed(
                "account-name-taken",
                format!("account {} is named `{name}` already, with the address `{}`, not `{email}`", other.id, other.email),
            )
            .hint("give that address to go on with that account, or choose another name")),
        };
    };
    if account.name != *name {
        let message = format!("the address `{email}` is that of account {} (`{}`), so `{name}` cannot have it", account.id, account.name);
        return Err(Error::failed("account-name-differs", message).hint("use its name, or give another address"));
    }
    if !is_open(account) {
        let message = format!(
            "account {} (`{name}`, `{email}`) is {}: it cannot be used, and its address is not free again",
            account.id,
            word(account.state)
        );
        return Err(
            Error::failed("account-closed", message).hint("reopen it through AWS Support within 90 days, or give another name and address")
        );
    }
    if account.email != *email {
        notes.push(format!("`{email}` and `{}` of account {} differ in case only: AWS holds them for one", account.email, account.id));
    }
    Ok(Some(account.id.clone()))
}

/// Two accounts cannot have one address.
fn twice(wanted: &mut [Wanted], problems: &mut Vec<Error>) {
    let mut by_email: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, account) in wanted.iter().enumerate().filter(|(_, account)| account.standing == Standing::ToMake) {
        by_email.entry(account.email.to_ascii_lowercase()).or_default().push(index);
    }
    for indices in by_email.into_values().filter(|indices| indices.len() > 1) {
        let names: Vec<String> = indices.iter().map(|index| format!("`{}`", wanted[*index].name)).collect();
        let spelled: Vec<&str> = indices.iter().map(|index| wanted[*index].email.as_str()).collect();
        let case = if spelled.iter().all(|email| *email == spelled[0]) { "" } else { " (case does not count)" };
        let message = format!("{} are to have one address, `{}`{case}", names.join(" and "), spelled[0]);
        let place = wanted[indices[0]].place.clone();
        for index in indices {
            wanted[index].standing = Standing::Refused;
        }
        problems.push(Error::failed("email-twice", message).at(place).hint("give each account an address of its own"));
    }
}

fn is_open(account: &Account) -> bool {
    matches!(account.state, AccountState::Active | AccountState::PendingActivation)
}

fn word(state: AccountState) -> &'static str {
    match state {
        AccountState::PendingActivation => "about to be activated",
        AccountState::Active => "active",
        AccountState::Suspended => "suspended",
        AccountState::PendingClosure => "being closed",
        AccountState::Closed => "closed",
    }
}
