//! Access keys of users.

use super::entity::Entity;
use super::{names, quotas, users};
use crate::access::{Caller, Principal};
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use crate::sandbox::world::{Credential, Source, Used};
use crate::sandbox::{ids, wire};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateAccessKey", needs: users::own_need, run: create },
    Operation { name: "ListAccessKeys", needs: users::own_need, run: list },
    Operation { name: "GetAccessKeyLastUsed", needs: last_used_needs, run: last_used },
    Operation { name: "UpdateAccessKey", needs: update_need, run: update },
    Operation { name: "DeleteAccessKey", needs: key_need, run: delete },
];

/// The keys of a user of the caller's account.
pub(super) fn of<'a>(call: &'a Call, user: &'a str) -> impl Iterator<Item = (&'a String, &'a Credential)> {
    call.world.credentials().iter().filter(move |(_, credential)| {
        credential.source == Source::LongTerm
            && credential.caller.account == call.caller.account
            && matches!(&credential.caller.principal, Principal::User { name } if name == user)
    })
}

fn status(credential: &Credential) -> &'static str {
    if credential.active { "Active" } else { "Inactive" }
}

fn create(call: &mut Call) -> Result<Value, AwsError> {
    let user = users::found(call)?;
    quotas::room(of(call, &user).count(), quotas::KEYS_PER_USER, "AccessKeysPerUser")?;
    let account = call.caller.account.clone();
    // each call makes another key: the id is that of the user's first, second, third … key
    let number = call.world.count(&format!("access-key/{account}/{user}"));
    let seed = call.world.seed();
    let id = ids::unique(seed, "AKIA", &[&account, "user", &user, &number.to_string()]);
    let secret = ids::secret(seed, &id);
    let result = json!({ "AccessKey": {
        "UserName": user,
        "AccessKeyId": id,
        "Status": "Active",
        "SecretAccessKey": secret,
        "CreateDate": wire::iso(call.now),
    }});
    let caller = Caller {
        account,
        principal: Principal::User { name: user },
        tags: BTreeMap::new(),
        session_policy: None,
        mfa: None,
        mfa_age: None,
        source_identity: None,
    };
    let credential = Credential {
        secret,
        session_token: None,
        source: Source::LongTerm,
        caller,
        active: true,
        created: call.now,
        expires: None,
        mfa_at: None,
        used: None,
    };
    call.world.insert_credential(id, credential);
    Ok(result)
}

fn list(call: &mut Call) -> Result<Value, AwsError> {
    let user = users::found(call)?;
    let keys = of(call, &user).map(|(id, credential)| {
        let shown = json!({
            "UserName": user,
            "AccessKeyId": id,
            "Status": status(credential),
            "CreateDate": wire::iso(credential.created),
        });
        (id.clone(), shown)
    });
    Ok(call.page(keys)?.into_iam("AccessKeyMetadata"))
}

fn no_key(id: &str) -> AwsError {
    AwsError::no_such_entity(format!("The Access Key with id {id} cannot be found."))
}

/// The user of the caller's account whose key the request names: the one request that names no user.
fn holder<'a>(call: &'a Call) -> Result<Option<(&'a str, &'a Credential)>, AwsError> {
    let id = call.params.required("AccessKeyId")?;
    names::length("AccessKeyId", id, 16, 128)?;
    let credential = call.world.credential(id).filter(|known| known.source == Source::LongTerm);
    Ok(credential.and_then(|credential| match &credential.caller.principal {
        Principal::User { name } if credential.caller.account == call.caller.account => Some((name.as_str(), credential)),
        _ => None,
    }))
}

fn last_used_needs(call: &Call) -> Result<Vec<Need>, AwsError> {
    Ok(vec![match holder(call)? {
        Some((user, _)) => Entity::User.need_on(call, user)?,
        None => Need::on("*"),
    }])
}

/// A key that was never used has no date, and `N/A` for service and region.
fn last_used(call: &mut Call) -> Result<Value, AwsError> {
    let Some((holder, credential)) = holder(call)? else { return Err(no_key(call.params.required("AccessKeyId")?)) };
    let used = match &credential.used {
        Some(Used { at, service, region }) => json!({ "LastUsedDate": wire::iso(*at), "ServiceName": service, "Region": region }),
        None => json!({ "ServiceName": "N/A", "Region": "N/A" }),
    };
    Ok(json!({ "UserName": holder, "AccessKeyLastUsed": used }))
}

fn key_need(call: &Call) -> Result<Vec<Need>, AwsError> {
    names::length("AccessKeyId", call.params.required("AccessKeyId")?, 16, 128)?;
    users::own_need(call)
}

fn update_need(call: &Call) -> Result<Vec<Need>, AwsError> {
    call.params.required("Status")?;
    names::one_of(call, "Status", &["Active", "Inactive"])?;
    key_need(call)
}

/// The key that the request names, which must be the user's.
fn found(call: &Call) -> Result<String, AwsError> {
    let user = users::found(call)?;
    let id = call.params.required("AccessKeyId")?;
    match of(call, &user).find(|(known, _)| *known == id) {
        Some((id, _)) => Ok(id.clone()),
        None => Err(no_key(id)),
    }
}

fn update(call: &mut Call) -> Result<Value, AwsError> {
    let id = found(call)?;
    let active = call.params.required("Status")? == "Active";
    if let Some(credential) = call.world.credential_mut(&id) {
        credential.active = active;
    }
    Ok(Value::Null)
}

fn delete(call: &mut Call) -> Result<Value, AwsError> {
    let id = found(call)?;
    call.world.remove_credential(&id);
    Ok(Value::Null)
}
