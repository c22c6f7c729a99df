//! What is known before anything is begun.

use crate::error::Error;
use crate::estate::{Account, Estate};
use crate::step::{Change, journal::StepEnd};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const OF_ORGANIZATION: [&str; 7] =
    ["create_organization", "create_organizational_unit", "create_account", "move_account", "tag_account", "list_accounts", "find_account"];

/// How many accounts the organisation may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    pub accounts: usize,
    /// Written in `runner.toml`; else AWS's default, which may not be what AWS has granted.
    pub written: bool,
}

/// A step as it ended on the copy, and the changes it made or tried to make there.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub end: StepEnd,
    pub changes: Vec<Change>,
    /// Its failure was caught by the script.
    pub caught: bool,
}

impl Step {
    /// It works on the organisation, of which a copy is told everything it looks at.
    pub(super) fn is_of_organization(&self) -> bool {
        OF_ORGANIZATION.contains(&self.end.key.primitive.as_str())
    }
}

/// A play on a copy of the world.
#[derive(Clone, Debug)]
pub struct Known {
    pub playbook: String,
    pub target: String,
    /// The target's own account, and who its credentials are.
    pub account: String,
    pub caller: String,
    pub quota: Quota,
    /// How long it takes at least to make so many accounts, by AWS's rate.
    pub least_time: fn(usize) -> Duration,
    /// The copy, as the play left it.
    pub estate: Estate,
    /// Ids of what was there before: root, units, accounts.
    pub there: BTreeSet<String>,
    /// The copy held everything, IAM too; else IAM was taken for empty, and what AWS refused on the copy may be there in truth.
    pub whole: bool,
    /// Names of the service control policies on the root or unit of this id, of those that `above` gives; or why they cannot be seen.
    pub attached: Result<BTreeMap<String, Vec<String>>, String>,
    pub steps: Vec<Step>,
    /// What ended the script, and wrong calls in other branches.
    pub errors: Vec<Error>,
}

impl Known {
    /// The accounts that the organisation had before the play.
    pub(super) fn members(&self) -> impl Iterator<Item = &Account> {
        self.estate.accounts.values().filter(|account| account.parent.is_some() && self.there.contains(&account.id))
    }
}
