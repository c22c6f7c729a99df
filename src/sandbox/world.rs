//! The state of the sandbox: the estate, and what an estate does not carry. Everything changes through functions that
//! mark the row they touch, so that a call writes only those rows.

use crate::access::Caller;
use crate::estate::{Account, AccountId, Estate, Organization, Tags};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a world is made from and what never changes in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub seed: u64,
    pub partition: String,
    /// The account that creates the organisation.
    pub management: AccountId,
}

/// How a set of credentials came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Source {
    /// CreateAccessKey.
    LongTerm,
    /// GetSessionToken.
    SessionToken,
    /// AssumeRole.
    AssumedRole,
}

/// A set of credentials, by access key id. Without `Debug`, which would print secrets.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Credential {
    pub secret: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<String>,
    pub source: Source,
    pub caller: Caller,
    /// `Inactive` keys cannot be used.
    pub active: bool,
    pub created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When the MFA code was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa_at: Option<Timestamp>,
    /// Of a long-term key: the last call that was signed with it, as far as that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Used>,
}

/// When and where a key was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Used {
    pub at: Timestamp,
    /// As in action names: `iam`.
    pub service: String,
    pub region: String,
}

/// A CreateAccount request, by its id (`car-…`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Creation {
    pub name: String,
    pub email: String,
    pub role: String,
    pub tags: Tags,
    pub requested: Timestamp,
    /// When it ends.
    pub completes: Timestamp,
    pub state: CreationState,
    /// The account it will make, or why it will fail.
    pub outcome: Result<AccountId, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum CreationState {
    InProgress,
    Succeeded,
    Failed,
}

/// What an account has beyond its estate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Extras {
    /// When an IAM object was made, by ARN.
    pub created: BTreeMap<String, Timestamp>,
    /// How often an IAM object of a name (`role/admin`, in lower case) was deleted: a new one is never the old one again.
    pub deleted: BTreeMap<String, u32>,
    /// When the account joined or was made.
    pub joined: Option<Timestamp>,
    /// Virtual MFA devices by serial number (an ARN).
    pub mfa_devices: BTreeMap<String, MfaDevice>,
    /// Users with a console password, by name.
    pub login_profiles: BTreeMap<String, LoginProfile>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct MfaDevice {
    /// How many of this serial number there were before it: each has another seed.
    pub before: u64,
    /// The user it is enabled for.
    pub user: Option<String>,
    pub enabled: Option<Timestamp>,
    pub tags: Tags,
    /// The last 30 s window whose code was used.
    pub last_window: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LoginProfile {
    pub created: Timestamp,
    pub reset_required: bool,
}

/// The kinds of rows a world is stored as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Origin,
    Organization,
    Account,
    Extras,
    Credential,
    Creation,
    Counter,
}

impl Kind {
    pub(crate) const ALL: [Kind; 7] =
        [Kind::Origin, Kind::Organization, Kind::Account, Kind::Extras, Kind::Credential, Kind::Creation, Kind::Counter];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Origin => "origin",
            Kind::Organization => "organization",
            Kind::Account => "account",
            Kind::Extras => "extras",
            Kind::Credential => "credential",
            Kind::Creation => "creation",
            Kind::Counter => "counter",
        }
    }
}

#[derive(Clone)]
pub(crate) struct World {
    origin: Origin,
    estate: Estate,
    extras: BTreeMap<AccountId, Extras>,
    credentials: BTreeMap<String, Credential>,
    creations: BTreeMap<String, Creation>,
    counters: BTreeMap<String, u64>,
    /// Creations in progress: a handful, looked at on every call.
    pending: BTreeSet<String>,
    touched: BTreeSet<(Kind, String)>,
}

impl World {
    pub(crate) fn new(origin: Origin) -> World {
        let estate = Estate { partition: origin.partition.clone(), ..Estate::default() };
        World {
            origin,
            estate,
            extras: BTreeMap::new(),
            credentials: BTreeMap::new(),
            creations: BTreeMap::new(),
            counters: BTreeMap::new(),
            pending: BTreeSet::new(),
            touched: BTreeSet::from([(Kind::Origin, String::new())]),
        }
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(crate) fn seed(&self) -> u64 {
        self.origin.seed
    }

    pub(crate) fn partition(&self) -> &str {
        &self.origin.partition
    }

    pub(crate) fn estate(&self) -> &Estate {
        &self.estate
    }

    pub(crate) fn account(&self, id: &str) -> Option<&Account> {
        self.estate.accounts.get(id)
    }

    /// The account, to be changed.
    pub(crate) fn account_mut(&mut self, id: &str) -> Option<&mut Account> {
        let account = self.estate.accounts.get_mut(id)?;
        self.touched.insert((Kind::Account, id.to_owned()));
        Some(account)
    }

    pub(crate) fn insert_account(&mut self, account: Account) {
        self.touched.insert((Kind::Account, account.id.clone()));
        self.estate.accounts.insert(account.id.clone(), account);
    }

    pub(crate) fn organization(&self) -> Option<&Organization> {
        self.estate.organization.as_ref()
    }

    /// The organisation, to be changed.
    pub(crate) fn organization_mut(&mut self) -> Option<&mut Organization> {
        let organization = self.estate.organization.as_mut()?;
        self.touched.insert((Kind::Organization, String::new()));
        Some(organization)
    }

    pub(crate) fn set_organization(&mut self, organization: Organization) {
        self.touched.insert((Kind::Organization, String::new()));
        self.estate.organization = Some(organization);
    }

    /// What the account has beyond its estate; none when nothing was ever noted.
    pub(crate) fn extras(&self, account: &str) -> Option<&Extras> {
        self.extras.get(account)
    }

    pub(crate) fn extras_mut(&mut self, account: &str) -> &mut Extras {
        self.touched.insert((Kind::Extras, account.to_owned()));
        self.extras.entry(account.to_owned()).or_default()
    }

    /// When an IAM object of the account was made.
    pub(crate) fn created(&self, account: &str, arn: &str) -> Option<Timestamp> {
        self.extras.get(account)?.created.get(arn).copied()
    }

    pub(crate) fn credential(&self, access_key_id: &str) -> Option<&Credential> {
        self.credentials.get(access_key_id)
    }

    pub(crate) fn credential_mut(&mut self, access_key_id: &str) -> Option<&mut Credential> {
        let credential = self.credentials.get_mut(access_key_id)?;
        self.touched.insert((Kind::Credential, access_key_id.to_owned()));
        Some(credential)
    }

    /// Notes that a call was signed with this key: of keys made in the world, and once in a quarter of an hour, since it costs a row.
    pub(crate) fn note_use(&mut self, access_key_id: &str, used: Used) {
        let stale = |credential: &Credential| {
            credential.used.as_ref().is_none_or(|last| used.at.duration_since(last.at) >= SignedDuration::from_mins(15))
        };
        let made_here = |credential: &Credential| credential.source == Source::LongTerm && credential.created > Timestamp::UNIX_EPOCH;
        if self.credential(access_key_id).is_some_and(|credential| made_here(credential) && stale(credential))
            && let Some(credential) = self.credential_mut(access_key_id)
        {
            credential.used = Some(used);
        }
    }

    pub(crate) fn insert_credential(&mut self, access_key_id: String, credential: Credential) {
        self.touched.insert((Kind::Credential, access_key_id.clone()));
        self.credentials.insert(access_key_id, credential);
    }

    pub(crate) fn remove_credential(&mut self, access_key_id: &str) -> Option<Credential> {
        self.touched.insert((Kind::Credential, access_key_id.to_owned()));
        self.credentials.remove(access_key_id)
    }

    /// Drops sessions that ended more than a day ago, so that a stored world does not grow with every run.
    pub(crate) fn forget_expired(&mut self, now: Timestamp) {
        let old = now.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
        let gone: Vec<String> = self
            .credentials
            .iter()
            .filter(|(_, credential)| credential.expires.is_some_and(|expires| expires < old))
            .map(|(id, _)| id.clone())
            .collect();
        for id in gone {
            self.remove_credential(&id);
        }
    }

    /// Every set of credentials by access key id.
    pub(crate) fn credentials(&self) -> &BTreeMap<String, Credential> {
        &self.credentials
    }

    pub(crate) fn creations(&self) -> &BTreeMap<String, Creation> {
        &self.creations
    }

    /// When the latest of what has a time was made.
    pub(crate) fn latest(&self) -> Timestamp {
        let made = self.extras.values().flat_map(|extras| extras.created.values().chain(&extras.joined).copied());
        let credentials = self.credentials.values().map(|credential| credential.created);
        let creations = self.creations.values().map(|creation| creation.completes);
        made.chain(credentials).chain(creations).max().unwrap_or(Timestamp::UNIX_EPOCH)
    }

    pub(crate) fn accounts_made(&self) -> usize {
        self.creations.values().filter(|creation| creation.state == CreationState::Succeeded).count()
    }

    /// How many requests for an account were refused although another one for the same address had taken effect.
    pub(crate) fn accounts_asked_again(&self, counts: impl Fn(&str) -> bool) -> usize {
        let made = |email: &str| self.creations.values().any(|other| other.outcome.is_ok() && other.email.eq_ignore_ascii_case(email));
        let again = |creation: &&Creation| creation.outcome.is_err() && counts(&creation.email) && made(&creation.email);
        self.creations.values().filter(again).count()
    }

    /// Ids of the creations in progress.
    pub(crate) fn pending(&self) -> &BTreeSet<String> {
        &self.pending
    }

    /// Adds a creation or replaces it by its next state.
    pub(crate) fn put_creation(&mut self, id: String, creation: Creation) {
        if creation.state == CreationState::InProgress {
            self.pending.insert(id.clone());
        } else {
            self.pending.remove(&id);
        }
        self.touched.insert((Kind::Creation, id.clone()));
        self.creations.insert(id, creation);
    }

    /// Counts up and returns the new number, 1 at first.
    pub(crate) fn count(&mut self, counter: &str) -> u64 {
        self.touched.insert((Kind::Counter, counter.to_owned()));
        let number = self.counters.entry(counter.to_owned()).or_default();
        *number += 1;
        *number
    }

    /// Rows changed since the last [`World::saved`].
    pub(crate) fn touched(&self) -> &BTreeSet<(Kind, String)> {
        &self.touched
    }

    pub(crate) fn saved(&mut self) {
        self.touched.clear();
    }

    /// A row as JSON; none when it is gone.
    pub(crate) fn row(&self, kind: Kind, key: &str) -> serde_json::Result<Option<String>> {
        fn text<T: Serialize>(value: Option<&T>) -> serde_json::Result<Option<String>> {
            value.map(serde_json::to_string).transpose()
        }
        match kind {
            Kind::Origin => text(Some(&self.origin)),
            Kind::Organization => text(self.estate.organization.as_ref()),
            Kind::Account => text(self.estate.accounts.get(key)),
            Kind::Extras => text(self.extras.get(key)),
            Kind::Credential => text(self.credentials.get(key)),
            Kind::Creation => text(self.creations.get(key)),
            Kind::Counter => text(self.counters.get(key)),
        }
    }

    /// Takes in a stored row. The row of the origin is what [`World::new`] was given.
    pub(crate) fn load(&mut self, kind: Kind, key: &str, json: &str) -> serde_json::Result<()> {
        let key = key.to_owned();
        match kind {
            Kind::Origin => self.origin = serde_json::from_str(json)?,
            Kind::Organization => self.estate.organization = Some(serde_json::from_str(json)?),
            Kind::Account => drop(self.estate.accounts.insert(key, serde_json::from_str(json)?)),
            Kind::Extras => drop(self.extras.insert(key, serde_json::from_str(json)?)),
            Kind::Credential => drop(self.credentials.insert(key, serde_json::from_str(json)?)),
            Kind::Creation => {
                let creation: Creation = serde_json::from_str(json)?;
                if creation.state == CreationState::InProgress {
                    self.pending.insert(key.clone());
                }
                self.creations.insert(key, creation);
            }
            Kind::Counter => drop(self.counters.insert(key, serde_json::from_str(json)?)),
        }
        Ok(())
    }
}
