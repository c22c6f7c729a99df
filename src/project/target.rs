//! Where a playbook is played: the sandbox, or an AWS account with the further accounts it may reach.

use super::params::json_map;
use crate::error::Error;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub name: String,
    pub kind: TargetKind,
    /// Name of the role by which member accounts are entered, unless `create_account` named another.
    pub role: Option<String>,
    pub params: Map<String, Value>,
    /// Accounts outside the organisation, or reached in a way of their own, by the name a script uses.
    pub accounts: BTreeMap<String, FurtherAccount>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TargetKind {
    Sandbox(Sandbox),
    Aws(Aws),
}

/// Settings of a sandbox; what is not set is left to the sandbox.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sandbox {
    pub seed: Option<u64>,
    /// `aws`, `aws-cn`, `aws-us-gov`, `aws-eusc`.
    pub partition: Option<String>,
    pub management_name: Option<String>,
    pub management_email: Option<String>,
    pub account_quota: Option<usize>,
    /// How long `CreateAccount` stays in progress.
    pub creation_seconds: Option<f64>,
    /// How long IAM takes to make a change visible.
    pub iam_lag_seconds: Option<f64>,
    /// Whether calls above AWS's published rates are refused.
    pub throttle: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Aws {
    /// The pin: twelve digits. None: it has to be typed on a terminal.
    pub account_id: Option<String>,
    pub profile: Option<String>,
    /// Where STS is called, which decides the partition.
    pub region: Option<String>,
    pub endpoint_url: Option<String>,
    /// How long what is behind `endpoint_url` may not list what it has done; AWS's own lag is not for the user to say.
    pub settle_seconds: Option<f64>,
    /// How long a new role or user may stay unknown to parts of AWS.
    pub role_lag_seconds: Option<f64>,
    /// How long AWS may take to decide on a new account, and then to let it be entered.
    pub new_account_minutes: Option<f64>,
    /// How many accounts AWS lets the organisation have, where that is not the default.
    pub account_quota: Option<usize>,
    pub source_identity: Option<SourceIdentity>,
    /// Whether a run holds a lease in the account while it changes something; it does unless this says no.
    pub lease: Option<bool>,
}

/// `source_identity = true`, or a name.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum SourceIdentity {
    /// The caller's name, or none.
    Caller(bool),
    Name(String),
}

/// `[targets.NAME.accounts.X]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FurtherAccount {
    /// Twelve digits in quotes.
    pub account_id: Option<String>,
    /// sandbox: its root mailbox.
    pub email: Option<String>,
    /// A profile of its own by which it is reached.
    pub profile: Option<String>,
    /// Name of the role by which it is entered.
    pub role: Option<String>,
    /// The external id that role's trust policy asks for.
    pub external_id: Option<String>,
    /// Serial number of the MFA device whose code that role's trust policy asks for.
    pub mfa: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum KindName {
    Sandbox,
    Aws,
}

/// `[targets.NAME]` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct TargetTable {
    /// Whether it is the sandbox or an AWS account.
    kind: KindName,
    /// Values of the playbook's parameters when it is played here.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Map<String, Value>"))]
    params: toml::Table,
    /// By the name a script uses: accounts outside the organisation, or reached in a way of their own.
    #[serde(default)]
    accounts: BTreeMap<String, FurtherAccount>,
    /// aws: the pin, twelve digits in quotes; without it the id has to be typed on a terminal.
    account_id: Option<String>,
    /// aws: profile of the AWS configuration its credentials come from.
    profile: Option<String>,
    /// aws: where STS is called; else that of the environment or the profile, else `us-east-1`.
    region: Option<String>,
    /// aws: only for emulators and proxies.
    endpoint_url: Option<String>,
    /// aws, with `endpoint_url`: how long its lists may lag behind what was done (60, as for AWS); until then it is not believed that a lost call did nothing.
    settle_seconds: Option<f64>,
    /// aws: how long a new role or user may stay unknown to parts of it (120; at most 900); until then it is waited for.
    role_lag_seconds: Option<f64>,
    /// aws: how long it may take to decide on a new account, and then to let it be entered (15; from 1 to 240); after that the step pauses.
    new_account_minutes: Option<f64>,
    /// aws: what STS writes down as the source identity of every session: `true` for the caller's name, or a name.
    source_identity: Option<SourceIdentity>,
    /// aws: `false` for no lease in the account, where nobody else plays on it from another machine or project.
    lease: Option<bool>,
    /// Name of the role by which member accounts are entered.
    role: Option<String>,
    /// sandbox: every id follows from it.
    seed: Option<u64>,
    /// sandbox: `aws`, `aws-cn`, `aws-us-gov` or `aws-eusc`.
    partition: Option<String>,
    /// sandbox: name of the management account.
    management_name: Option<String>,
    /// sandbox: root mailbox of the management account.
    management_email: Option<String>,
    /// How many accounts the organisation may have; aws: what AWS has granted, if not its default of 10.
    account_quota: Option<usize>,
    /// sandbox: how long CreateAccount takes.
    creation_seconds: Option<f64>,
    /// sandbox: how long a new role cannot be assumed.
    iam_lag_seconds: Option<f64>,
    /// sandbox: refuse calls above AWS's published rates.
    throttle: Option<bool>,
}

impl Target {
    /// The target there is without any `runner.toml`.
    #[must_use]
    pub fn sandbox() -> Target {
        Target {
            name: "sandbox".into(),
            kind: TargetKind::Sandbox(Sandbox::default()),
            role: None,
            params: Map::new(),
            accounts: BTreeMap::new(),
        }
    }

    #[must_use]
    pub fn is_aws(&self) -> bool {
        matches!(self.kind, TargetKind::Aws(_))
    }
}

impl TargetTable {
    pub(super) fn target(self, name: String) -> Result<Target, Error> {
        self.check_settings()?;
        for id in self.accounts.values().map(|account| &account.account_id).chain([&self.account_id]).flatten() {
            if !is_account_id(id) {
                return Err(
                    Error::usage("bad-config", format!("`{id}` is not an account id")).hint("an account id is twelve digits in quotes")
                );
            }
        }
        let kind = match self.kind {
            KindName::Sandbox => TargetKind::Sandbox(Sandbox {
                seed: self.seed,
                partition: self.partition,
                management_name: self.management_name,
                management_email: self.management_email,
                account_quota: self.account_quota,
                creation_seconds: self.creation_seconds,
                iam_lag_seconds: self.iam_lag_seconds,
                throttle: self.throttle,
            }),
            KindName::Aws => TargetKind::Aws(Aws {
                account_id: self.account_id,
                profile: self.profile,
                region: self.region,
                endpoint_url: self.endpoint_url,
                settle_seconds: self.settle_seconds,
                role_lag_seconds: self.role_lag_seconds,
                new_account_minutes: self.new_account_minutes,
                account_quota: self.account_quota,
                source_identity: self.source_identity,
                lease: self.lease,
            }),
        };
        Ok(Target { name, kind, role: self.role, params: json_map(self.params), accounts: self.accounts })
    }

    /// Refuses settings of the other kind, and times that are none.
    fn check_settings(&self) -> Result<(), Error> {
        let (foreign, owner) = match self.kind {
            KindName::Aws => (
                vec![
                    ("seed", self.seed.is_some()),
                    ("partition", self.partition.is_some()),
                    ("management_name", self.management_name.is_some()),
                    ("management_email", self.management_email.is_some()),
                    ("creation_seconds", self.creation_seconds.is_some()),
                    ("iam_lag_seconds", self.iam_lag_seconds.is_some()),
                    ("throttle", self.throttle.is_some()),
                ],
                "sandbox",
            ),
            KindName::Sandbox => (
                vec![
                    ("account_id", self.account_id.is_some()),
                    ("profile", self.profile.is_some()),
                    ("region", self.region.is_some()),
                    ("endpoint_url", self.endpoint_url.is_some()),
                    ("settle_seconds", self.settle_seconds.is_some()),
                    ("role_lag_seconds", self.role_lag_seconds.is_some()),
                    ("new_account_minutes", self.new_account_minutes.is_some()),
                    ("source_identity", self.source_identity.is_some()),
                    ("lease", self.lease.is_some()),
                ],
                "aws",
            ),
        };
        if let Some((key, _)) = foreign.iter().find(|(_, set)| *set) {
            return Err(Error::usage("bad-config", format!("`{key}` is a setting of {owner} targets"))
                .hint(format!("remove `{key}`, or give this target kind = \"{owner}\"")));
        }
        if self.settle_seconds.is_some() && self.endpoint_url.is_none() {
            return Err(Error::usage("bad-config", "`settle_seconds` is for emulators: how far AWS's own lists lag is known")
                .hint("remove `settle_seconds`, or give the target an endpoint_url"));
        }
        let times = [
            ("creation_seconds", self.creation_seconds, "seconds", 0.0..=86_400.0),
            ("iam_lag_seconds", self.iam_lag_seconds, "seconds", 0.0..=86_400.0),
            ("settle_seconds", self.settle_seconds, "seconds", 0.0..=86_400.0),
            ("role_lag_seconds", self.role_lag_seconds, "seconds", 0.0..=900.0),
            ("new_account_minutes", self.new_account_minutes, "minutes", 1.0..=240.0),
        ];
        for (key, value, unit, range) in times.into_iter().filter_map(|(key, value, unit, range)| Some((key, value?, unit, range))) {
            if !range.contains(&value) {
                return Err(Error::usage("bad-config", format!("`{key}` cannot be `{value}`")).hint(format!(
                    "give {unit}, from {} to {}",
                    range.start(),
                    range.end()
                )));
            }
        }
        Ok(())
    }
}

pub(crate) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}
