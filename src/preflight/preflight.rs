//! The whole of it.

use super::accounts::Accounts;
use super::changes::{self, Changes};
use super::control::{self, Control};
use super::known::Known;
use super::problems;
use super::sizes::{self, Size};
use crate::error::Error;
use std::time::Duration;

/// What a playbook would do and whether it fits, as far as that can be known before anything is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Preflight {
    pub playbook: String,
    pub target: String,
    /// The target's own account, and the ARN of its credentials.
    pub account: String,
    pub caller: String,
    /// The organisation there is, by its id.
    pub organization: Option<String>,
    pub accounts: Accounts,
    pub changes: Vec<Changes>,
    /// IAM was taken for empty, so that some of the changes may be there already.
    pub at_most: bool,
    /// Sentences.
    pub irreversible: Vec<String>,
    /// What takes something away, a line each.
    pub destructive: Vec<String>,
    /// Service control policies above the accounts that are made or moved.
    pub controls: Vec<Control>,
    /// Policies near AWS's limits.
    pub sizes: Vec<Size>,
    /// What AWS's rate for CreateAccount takes at least.
    pub least_time: Duration,
    /// What will fail.
    pub problems: Vec<Error>,
    /// What a reader should know beside: sentences.
    pub notes: Vec<String>,
    /// The play on the copy came to its end.
    pub complete: bool,
}

impl Preflight {
    #[must_use]
    pub fn of(known: &Known) -> Preflight {
        let (mut problems, mut notes) = (Vec::new(), Vec::new());
        let accounts = Accounts::of(known, &mut problems, &mut notes);
        let complete = problems::sort(known, &accounts, &mut problems, &mut notes);
        let controls = control::controls(known, &mut notes);
        let changes = changes::by_account(known);
        let organization = known.estate.organization.as_ref().filter(|organization| known.there.contains(&organization.root));
        Preflight {
            playbook: known.playbook.clone(),
            target: known.target.clone(),
            account: known.account.clone(),
            caller: known.caller.clone(),
            organization: organization.map(|organization| organization.id.clone()),
            least_time: (known.least_time)(accounts.to_make),
            irreversible: changes::irreversible(&changes),
            destructive: changes::destructive(known),
            controls,
            sizes: sizes::near(&known.estate),
            at_most: changes::at_most(known),
            accounts,
            changes,
            problems,
            notes,
            complete,
        }
    }

    /// Nothing is known that will fail.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.problems.is_empty()
    }
}
