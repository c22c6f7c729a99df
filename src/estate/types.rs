//! An organisation, its accounts and their IAM as plain data. Read from AWS, from a world, or built by hand in a test.

use crate::policy::Document;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

pub type AccountId = String;
pub type Arn = String;
pub type Tags = BTreeMap<String, String>;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Estate {
    /// `aws`, `aws-cn`, `aws-us-gov`, `aws-eusc`.
    pub partition: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<Organization>,
    /// Every account the estate knows: management, members, foreign and standalone ones.
    pub accounts: BTreeMap<AccountId, Account>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Organization {
    pub id: String,
    pub management: AccountId,
    /// `r-…`
    pub root: String,
    /// Organisational units by id (`ou-…`).
    pub units: BTreeMap<String, Unit>,
    /// Service control policies by id (`p-…`), `p-FullAWSAccess` among them.
    pub policies: BTreeMap<String, ServiceControlPolicy>,
    /// Target (root, unit or account id) to the ids of the service control policies attached to it.
    pub attachments: BTreeMap<String, BTreeSet<String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, Tags>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    pub name: String,
    /// Root or unit id.
    pub parent: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceControlPolicy {
    pub name: String,
    pub description: String,
    pub document: Document,
}

/// As Organizations' `State`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccountState {
    PendingActivation,
    Active,
    Suspended,
    PendingClosure,
    Closed,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub id: AccountId,
    pub name: String,
    pub email: String,
    pub state: AccountState,
    /// Root or unit id; none for an account outside the organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: Tags,
    #[serde(default)]
    pub iam: Iam,
}

/// The IAM of one account. Users, groups and roles by name; customer managed policies by ARN.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Iam {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// None when none is set, or when it was not asked for: it is not part of `GetAccountAuthorizationDetails`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_policy: Option<PasswordPolicy>,
    #[serde(default)]
    pub users: BTreeMap<String, User>,
    #[serde(default)]
    pub groups: BTreeMap<String, Group>,
    #[serde(default)]
    pub roles: BTreeMap<String, Role>,
    #[serde(default)]
    pub policies: BTreeMap<Arn, ManagedPolicy>,
}

/// As UpdateAccountPasswordPolicy sets it: a whole, in which what was left out has its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "AWS's own members")]
pub struct PasswordPolicy {
    /// 6-128.
    pub minimum_length: u32,
    pub require_symbols: bool,
    pub require_numbers: bool,
    pub require_uppercase: bool,
    pub require_lowercase: bool,
    pub allow_users_to_change: bool,
    /// Days, 1-1095; none when passwords do not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u32>,
    /// How many earlier passwords are refused, 1-24.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reuse_prevention: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hard_expiry: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// `AIDA…`
    pub id: String,
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<Arn>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: Tags,
    #[serde(default)]
    pub groups: BTreeSet<String>,
    #[serde(default)]
    pub attached: BTreeSet<Arn>,
    #[serde(default)]
    pub inline: BTreeMap<String, Document>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// `AGPA…`
    pub id: String,
    pub path: String,
    #[serde(default)]
    pub attached: BTreeSet<Arn>,
    #[serde(default)]
    pub inline: BTreeMap<String, Document>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// `AROA…`
    pub id: String,
    pub path: String,
    pub trust: Document,
    /// Not part of `GetAccountAuthorizationDetails`: none when it was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Seconds; not part of `GetAccountAuthorizationDetails` either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_session: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<Arn>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: Tags,
    #[serde(default)]
    pub attached: BTreeSet<Arn>,
    #[serde(default)]
    pub inline: BTreeMap<String, Document>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManagedPolicy {
    /// `ANPA…`
    pub id: String,
    pub name: String,
    pub path: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Version id (`v1`) to document.
    pub versions: BTreeMap<String, Document>,
    pub default_version: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: Tags,
}

/// The name of the policy that is the runner's lease of an account, and the path below which its holder's stands.
pub const LEASE_NAME: &str = "runner-lease";
pub const LEASE_PATH: &str = "/runner/";

impl ManagedPolicy {
    /// Whether it is the runner's lease, and no part of what anybody wants to be there.
    #[must_use]
    pub fn is_lease(&self) -> bool {
        self.name == LEASE_NAME && self.path.starts_with(LEASE_PATH)
    }

    /// The document in force; none only if the data is inconsistent.
    #[must_use]
    pub fn document(&self) -> Option<&Document> {
        self.versions.get(&self.default_version)
    }
}
