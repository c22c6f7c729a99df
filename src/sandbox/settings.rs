//! What a target says about its sandbox.

use super::faults::Rule;
use super::seeded::Seeded;
use std::time::Duration;

/// How a sandbox is made and how it behaves. The default is quick and quiet: no lag, no throttling, no faults.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Every id is a function of this number and a name.
    pub seed: u64,
    /// `aws`, `aws-cn`, `aws-us-gov`, `aws-eusc`.
    pub partition: String,
    pub management_name: String,
    pub management_email: String,
    /// Accounts an organisation may have; AWS's default is 10, counting the management account.
    pub account_quota: usize,
    /// How long a CreateAccount stays `IN_PROGRESS`.
    pub creation: Duration,
    /// How long a new role cannot be assumed yet.
    pub iam_lag: Duration,
    /// Refuse calls above AWS's published Organizations rates.
    pub throttle: bool,
    /// Accounts outside the organisation, each with an administrator of its own.
    pub accounts: Vec<ForeignAccount>,
    pub faults: Vec<Rule>,
    /// Faults of a rehearsal.
    pub seeded: Option<Seeded>,
}

/// A standalone or foreign account that the target declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignAccount {
    /// Twelve digits; derived from seed and e-mail when absent.
    pub id: Option<String>,
    pub name: String,
    pub email: String,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            seed: 1,
            partition: "aws".to_owned(),
            management_name: "management".to_owned(),
            management_email: "management@example.com".to_owned(),
            account_quota: 10,
            creation: Duration::ZERO,
            iam_lag: Duration::ZERO,
            throttle: false,
            accounts: Vec::new(),
            faults: Vec::new(),
            seeded: None,
        }
    }
}
