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
    /// As another one of the playbook has its address, which is a problem of its own.
    Twice,
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
        let mut wanted: Vec<Wanted> = known.steps.iter().filter_map(|step| asked(known, step)).collect();
        wanted.sort_by(|a, b| (&a.name, &a.email).cmp(&(&b.name, &b.email)));
        cases(known, &wanted, notes);
        twice(known, &mut wanted, problems);
        let accounts = Accounts {
            quota: known.quota.accounts,
            quota_written: known.quota.written,
            there: known.members().count(),
            closed: known.members().filter(|account| !is_open(account)).count(),
            to_make: wanted.iter().filter(|account| account.standing == Standing::ToMake).count(),
            wanted,
        };
        accounts.fit(&known.quota, &known.target, problems, notes);
        // "Quotas for AWS Organizations"; a sandbox has none.
        if !known.whole && accounts.to_make > 0 {
            notes.push("open invitations to other accounts count against the quota, too; they were not counted".to_owned());
        }
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

/// The account that a step is about, if it is a create_account. Where it cannot be had, the step has said so on the copy.
fn asked(known: &Known, step: &Step) -> Option<Wanted> {
    let text = |name: &str| step.end.input[name].as_str().map(str::to_owned);
    (step.end.key.primitive == "create_account").then_some(())?;
    let email = text("email")?;
    let id = member(known, &email).map(|account| account.id.clone());
    let standing = match (&step.end.problem, &id) {
        (Some(_), _) => Standing::Refused,
        (None, Some(_)) => Standing::There,
        (None, None) => Standing::ToMake,
    };
    let id = id.filter(|_| standing == Standing::There);
    Some(Wanted { name: text("name")?, email, standing, id, place: step.end.place.clone() })
}

/// The account of the organisation that has the address.
fn member<'k>(known: &'k Known, email: &str) -> Option<&'k Account> {
    known.members().find(|account| account.email.eq_ignore_ascii_case(email))
}

fn cases(known: &Known, wanted: &[Wanted], notes: &mut Vec<String>) {
    for Wanted { email, .. } in wanted.iter().filter(|account| account.standing == Standing::There) {
        if let Some(account) = member(known, email).filter(|account| account.email != *email) {
            notes.push(format!("`{email}` and `{}` of account {} differ in case only: AWS holds them for one", account.email, account.id));
        }
    }
}

/// Two accounts cannot have one address. On the copy the first of them got it, whichever that was.
fn twice(known: &Known, wanted: &mut [Wanted], problems: &mut Vec<Error>) {
    let mut by_email: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, account) in wanted.iter().enumerate().filter(|(_, account)| member(known, &account.email).is_none()) {
        by_email.entry(account.email.to_ascii_lowercase()).or_default().push(index);
    }
    for indices in by_email.into_values().filter(|indices| indices.len() > 1) {
        let names: Vec<String> = indices.iter().map(|index| format!("`{}`", wanted[*index].name)).collect();
        let spelled: Vec<&str> = indices.iter().map(|index| wanted[*index].email.as_str()).collect();
        let case = if spelled.iter().all(|email| *email == spelled[0]) { "" } else { " (case does not count)" };
        let message = format!("{} are to have one address, `{}`{case}", names.join(" and "), spelled[0]);
        let place = wanted[indices[0]].place.clone();
        for index in indices {
            wanted[index].standing = Standing::Twice;
        }
        problems.push(Error::failed("email-twice", message).at(place).hint("give each account an address of its own"));
    }
}

fn is_open(account: &Account) -> bool {
    matches!(account.state, AccountState::Active | AccountState::PendingActivation)
}
