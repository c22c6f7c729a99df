//! The beginning of a world: a management account with an administrator, no organisation, and the declared accounts.

use super::ids;
use super::sandbox::AccessKey;
use super::settings::Settings;
use super::world::{Credential, Origin, Source, World};
use crate::access::{Caller, Principal};
use crate::error::Error;
use crate::estate::{Account, AccountState, Iam, Tags, User, arn};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The administrator that every account of the beginning has.
const ADMINISTRATOR: &str = "admin";

/// A new world.
pub(crate) fn world(settings: &Settings) -> World {
    world_of(settings, ids::account(settings.seed, &settings.management_email, |_| false))
}

/// A new world whose management account has this id.
pub(crate) fn world_of(settings: &Settings, management: String) -> World {
    let origin = Origin { seed: settings.seed, partition: settings.partition.clone(), management: management.clone() };
    let mut world = World::new(origin);
    add(&mut world, management, &settings.management_name, &settings.management_email);
    world
}

/// Refuses a stored world that was made from something else than these settings.
pub(crate) fn same(settings: &Settings, world: &World) -> Result<(), Error> {
    let origin = world.origin();
    let email = world.account(&origin.management).map(|account| account.email.as_str()).unwrap_or_default();
    let table = [
        ("seed", origin.seed.to_string(), settings.seed.to_string()),
        ("partition", origin.partition.clone(), settings.partition.clone()),
        ("management e-mail", email.to_owned(), settings.management_email.clone()),
    ];
    for (what, stored, wanted) in table {
        if stored != wanted {
            return Err(Error::usage(
                "world-other",
                format!("the sandbox was made with {what} `{stored}`, the target now says `{wanted}`"),
            )
            .hint("set it back, or begin anew with `runner sandbox reset`"));
        }
    }
    Ok(())
}

/// Adds the declared accounts that are not there yet.
pub(crate) fn declare(settings: &Settings, world: &mut World) -> Result<(), Error> {
    for declared in &settings.accounts {
        if world.estate().accounts.values().any(|account| account.email.eq_ignore_ascii_case(&declared.email)) {
            continue;
        }
        let id = match &declared.id {
            Some(id) => id.clone(),
            None => ids::account(settings.seed, &declared.email, |id| world.account(id).is_some()),
        };
        if id.len() != 12 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::usage("account-id", format!("account id `{id}` is not twelve digits"))
                .hint("correct the id of that account in runner.toml"));
        }
        if world.account(&id).is_some() {
            return Err(Error::usage("account-id", format!("account id `{id}` is taken by another account"))
                .hint("give the declared account another id in runner.toml"));
        }
        add(world, id, &declared.name, &declared.email);
    }
    Ok(())
}

/// The key of an account's administrator: a function of seed and account, so that it need not be stored elsewhere.
pub(crate) fn key(seed: u64, account: &str) -> AccessKey {
    let access_key_id = ids::unique(seed, "AKIA", &[account, "administrator"]);
    let secret_access_key = ids::secret(seed, &access_key_id);
    AccessKey { access_key_id, secret_access_key }
}

/// The ARN of AdministratorAccess.
pub(crate) fn administrator_access(partition: &str) -> String {
    arn::iam(partition, "aws", "policy", "/", "AdministratorAccess")
}

fn add(world: &mut World, id: String, name: &str, email: &str) {
    let seed = world.seed();
    let user = User {
        id: ids::unique(seed, "AIDA", &[&id, "user", ADMINISTRATOR]),
        path: "/".to_owned(),
        boundary: None,
        tags: Tags::new(),
        groups: BTreeSet::new(),
        attached: BTreeSet::from([administrator_access(world.partition())]),
        inline: BTreeMap::new(),
    };
    let iam = Iam { users: BTreeMap::from([(ADMINISTRATOR.to_owned(), user)]), ..Iam::default() };
    let key = key(seed, &id);
    world.insert_account(Account {
        id: id.clone(),
        name: name.to_owned(),
        email: email.to_owned(),
        state: AccountState::Active,
        parent: None,
        tags: Tags::new(),
        iam,
    });
    world.insert_credential(
        key.access_key_id,
        Credential {
            secret: key.secret_access_key,
            session_token: None,
            source: Source::LongTerm,
            caller: Caller {
                account: id,
                principal: Principal::User { name: ADMINISTRATOR.to_owned() },
                tags: BTreeMap::new(),
                session_policy: None,
                mfa: None,
                mfa_age: None,
                source_identity: None,
            },
            active: true,
            created: Timestamp::UNIX_EPOCH,
            expires: None,
            mfa_at: None,
            used: None,
        },
    );
}
