//! Trust policies and the principals they name. AWS stores a user or role by its unique id and shows its ARN as long as it
//! exists: renaming it changes what trust policies show, and after a deletion the id is what is left
//! (IAM user guide, "AWS JSON policy elements: Principal").

use super::{documents, quotas};
use crate::estate::{Estate, arn};
use crate::policy::{Document, Kind, size};
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::world::World;
use serde_json::Value;

/// The trust policy in the request.
pub(super) fn given(call: &Call, member: &str) -> Result<Document, AwsError> {
    let document = documents::given(call, member, Kind::Trust)?;
    if documents::measure(&document) > size::TRUST {
        return Err(quotas::exceeded("ACLSizePerRole", size::TRUST));
    }
    for principals in document.statements().iter().filter_map(|statement| statement.principals.as_ref()) {
        if let Some(unknown) = principals.aws.iter().find(|name| !exists(call.world.estate(), name) || is_newborn(call, name)) {
            return Err(AwsError::malformed_policy(format!("Invalid principal in policy: \"AWS\":\"{unknown}\"")));
        }
    }
    Ok(document)
}

/// Whether there is such a principal. An account that the estate does not know may exist elsewhere: what is said of it is
/// believed.
fn exists(estate: &Estate, principal: &str) -> bool {
    let account_id = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if principal == "*" || account_id(principal) {
        return true;
    }
    let Some(named) = arn::parse(principal) else {
        // a unique id
        return estate.accounts.values().any(|account| {
            account.iam.users.values().any(|user| user.id == principal) || account.iam.roles.values().any(|role| role.id == principal)
        });
    };
    if named.partition != estate.partition || !account_id(named.account) || !named.region.is_empty() {
        return false;
    }
    let Some(account) = estate.accounts.get(named.account) else { return true };
    match (named.service, named.resource.split_once('/')) {
        ("iam", None) => named.resource == "root",
        ("iam", Some(("user", _))) => arn::name(principal)
            .and_then(|name| account.iam.users.get_key_value(name))
            .is_some_and(|(name, user)| arn::iam(&estate.partition, &account.id, "user", &user.path, name) == principal),
        ("iam", Some(("role", _))) => arn::name(principal)
            .and_then(|name| account.iam.roles.get_key_value(name))
            .is_some_and(|(name, role)| arn::iam(&estate.partition, &account.id, "role", &role.path, name) == principal),
        ("sts", Some(("assumed-role", session))) => {
            session.split_once('/').is_some_and(|(role, session)| !session.is_empty() && account.iam.roles.contains_key(role))
        }
        ("sts", Some(("federated-user", _))) => true,
        _ => false,
    }
}

/// Whether it is a user or role made a moment ago.
fn is_newborn(call: &Call, principal: &str) -> bool {
    arn::parse(principal).is_some_and(|named| call.is_newborn(named.account, principal))
}

/// Writes `new` wherever a trust policy names the principal `old`.
pub(super) fn rename(world: &mut World, old: &str, new: &str) {
    if old == new {
        return;
    }
    let names = |trust: &Document| {
        trust
            .statements()
            .iter()
            .filter_map(|statement| statement.principals.as_ref())
            .any(|principals| principals.aws.iter().any(|name| name == old))
    };
    let found: Vec<(String, String)> = world
        .estate()
        .accounts
        .values()
        .flat_map(|account| account.iam.roles.iter().map(move |(name, role)| (account, name, role)))
        .filter(|(_, _, role)| names(&role.trust))
        .map(|(account, name, _)| (account.id.clone(), name.clone()))
        .collect();
    for (account, name) in found {
        if let Some(role) = world.account_mut(&account).and_then(|account| account.iam.roles.get_mut(&name)) {
            role.trust = renamed(&role.trust, old, new);
        }
    }
}

fn renamed(trust: &Document, old: &str, new: &str) -> Document {
    let mut value = trust.value().clone();
    match &mut value["Statement"] {
        Value::Array(statements) => statements.iter_mut().for_each(|statement| rename_in(statement, old, new)),
        statement => rename_in(statement, old, new),
    }
    Document::stored(value)
}

fn rename_in(statement: &mut Value, old: &str, new: &str) {
    for element in ["Principal", "NotPrincipal"] {
        match statement.get_mut(element).and_then(|principal| principal.get_mut("AWS")) {
            Some(Value::Array(names)) => names.iter_mut().filter(|name| **name == old).for_each(|name| *name = Value::from(new)),
            Some(name) if *name == old => *name = Value::from(new),
            _ => {}
        }
    }
}
