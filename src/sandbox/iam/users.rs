//! Users.

use super::entity::{Entity, created, note_created, note_deleted, spelled, unique_id};
use super::{boundaries, names, quotas, tags, trust};
use crate::access::Principal;
use crate::estate::User;
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use crate::sandbox::world::Source;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateUser", needs: create_needs, run: create },
    Operation { name: "GetUser", needs: own_need, run: get },
    Operation { name: "ListUsers", needs: list_needs, run: list },
    Operation { name: "UpdateUser", needs: update_needs, run: update },
    Operation { name: "DeleteUser", needs: |call| Ok(vec![Entity::User.need(call)?]), run: delete },
];

/// The user that the request names, or the caller when it names none.
pub(super) fn asked(call: &Call) -> Result<String, AwsError> {
    match names::optional_name(call, "UserName", names::SHORT)? {
        Some(name) => Ok(name),
        None => call.own_user_name().map(str::to_owned),
    }
}

/// The action on that user.
pub(super) fn own_need(call: &Call) -> Result<Vec<Need>, AwsError> {
    Ok(vec![Entity::User.need_on(call, &asked(call)?)?])
}

/// The stored spelling of that user's name.
pub(super) fn found(call: &Call) -> Result<String, AwsError> {
    Ok(Entity::User.existing(call, &asked(call)?)?.name.to_owned())
}

/// As lists show a user: without boundary and tags.
pub(super) fn show(call: &Call, name: &str, user: &User) -> Value {
    let arn = call.iam_arn("user", &user.path, name);
    json!({ "Path": user.path, "UserName": name, "UserId": user.id, "CreateDate": created(call, &arn), "Arn": arn })
}

/// As GetUser and CreateUser show it.
fn show_whole(call: &Call, name: &str, user: &User) -> Value {
    let mut shown = show(call, name, user);
    shown["PermissionsBoundary"] = boundaries::show(user.boundary.as_ref());
    shown["Tags"] = tags::show(&user.tags);
    shown
}

fn create_needs(call: &Call) -> Result<Vec<Need>, AwsError> {
    let name = Entity::User.asked(call)?;
    let arn = call.iam_arn("user", &names::path(call)?, &name);
    let given = names::tags(call)?;
    let mut needs = vec![boundaries::with_given(call, Need::on(arn.as_str()))?.request_tags(&given)];
    if !given.is_empty() {
        needs.push(Need::on(arn).action("iam:TagUser").request_tags(&given));
    }
    Ok(needs)
}

fn create(call: &mut Call) -> Result<Value, AwsError> {
    let name = Entity::User.asked(call)?;
    Entity::User.free(call, &name)?;
    quotas::room(call.account()?.iam.users.len(), quotas::USERS, "UsersPerAccount")?;
    let boundary = boundaries::given(call)?;
    if let Some(boundary) = &boundary {
        boundaries::check(call, boundary)?;
    }
    let user = User {
        id: unique_id(call, "AIDA", "user", &name),
        path: names::path(call)?,
        boundary,
        tags: names::tags(call)?,
        groups: BTreeSet::new(),
        attached: BTreeSet::new(),
        inline: BTreeMap::new(),
    };
    note_created(call, call.iam_arn("user", &user.path, &name));
    let shown = show_whole(call, &name, &user);
    call.account_mut()?.iam.users.insert(name, user);
    Ok(json!({ "User": shown }))
}

fn get(call: &mut Call) -> Result<Value, AwsError> {
    let asked = asked(call)?;
    let (name, user) = spelled(&call.account()?.iam.users, &asked).ok_or_else(|| Entity::User.missing(&asked))?;
    Ok(json!({ "User": show_whole(call, name, user) }))
}

fn list_needs(call: &Call) -> Result<Vec<Need>, AwsError> {
    Ok(vec![Need::on(call.iam_arn("user", &names::path_prefix(call)?, ""))])
}

fn list(call: &mut Call) -> Result<Value, AwsError> {
    let prefix = names::path_prefix(call)?;
    let users = call.account()?.iam.users.iter().filter(|(_, user)| user.path.starts_with(&prefix));
    Ok(call.page(users.map(|(name, user)| (name.clone(), show(call, name, user))))?.into_iam("Users"))
}

/// The new name and path of an update; what is left out stays.
fn wanted(call: &Call) -> Result<(Option<String>, Option<String>), AwsError> {
    Ok((names::optional_name(call, "NewUserName", names::SHORT)?, names::optional_path(call, "NewPath")?))
}

/// An update needs the permission on the user as it is and as it will be.
fn update_needs(call: &Call) -> Result<Vec<Need>, AwsError> {
    let before = Entity::User.need(call)?;
    let (name, path) = wanted(call)?;
    let Ok(user) = Entity::User.found(call) else { return Ok(vec![before]) };
    let after = call.iam_arn("user", path.as_deref().unwrap_or(user.path), name.as_deref().unwrap_or(user.name));
    Ok(vec![before, Need::on(after)])
}

fn update(call: &mut Call) -> Result<Value, AwsError> {
    let old = Entity::User.found(call)?.name.to_owned();
    let (new, path) = wanted(call)?;
    let new = new.unwrap_or_else(|| old.clone());
    if !new.eq_ignore_ascii_case(&old) {
        Entity::User.free(call, &new)?;
    }
    let Some(mut user) = call.account_mut()?.iam.users.remove(&old) else { return Err(Entity::User.missing(&old)) };
    let before = call.iam_arn("user", &user.path, &old);
    if let Some(path) = path {
        user.path = path;
    }
    let after = call.iam_arn("user", &user.path, &new);
    call.account_mut()?.iam.users.insert(new.clone(), user);
    follow(call, &old, &new);
    let extras = call.world.extras_mut(&call.caller.account);
    if let Some(time) = extras.created.remove(&before) {
        extras.created.insert(after.clone(), time);
    }
    trust::rename(call.world, &before, &after);
    Ok(Value::Null)
}

/// Credentials, devices and the password go with a renamed user.
fn follow(call: &mut Call, old: &str, new: &str) {
    if old == new {
        return;
    }
    for key in credentials_of(call, old) {
        if let Some(credential) = call.world.credential_mut(&key) {
            credential.caller.principal = Principal::User { name: new.to_owned() };
        }
    }
    let extras = call.world.extras_mut(&call.caller.account);
    for device in extras.mfa_devices.values_mut().filter(|device| device.user.as_deref() == Some(old)) {
        device.user = Some(new.to_owned());
    }
    if let Some(profile) = extras.login_profiles.remove(old) {
        extras.login_profiles.insert(new.to_owned(), profile);
    }
}

/// Access key ids of all credentials of a user, temporary ones too.
fn credentials_of(call: &Call, user: &str) -> Vec<String> {
    let all = call.world.credentials().iter();
    let own = all.filter(|(_, credential)| {
        credential.caller.account == call.caller.account && matches!(&credential.caller.principal, Principal::User { name } if name == user)
    });
    own.map(|(id, _)| id.clone()).collect()
}

fn delete(call: &mut Call) -> Result<Value, AwsError> {
    let found = Entity::User.found(call)?;
    let name = found.name.to_owned();
    let arn = call.iam_arn("user", found.path, &name);
    let id = found.id.to_owned();
    let credentials = credentials_of(call, &name);
    let is_key = |id: &String| call.world.credential(id).is_some_and(|credential| credential.source == Source::LongTerm);
    let extras = call.world.extras(&call.caller.account);
    let in_groups = call.account()?.iam.users.get(&name).is_some_and(|user| !user.groups.is_empty());
    let obstacles = [
        (!found.inline.is_empty(), "must delete policies first"),
        (!found.attached.is_empty(), "must detach all policies first"),
        (in_groups, "must remove users from group first"),
        (credentials.iter().any(is_key), "must delete access keys first"),
        (extras.is_some_and(|extras| extras.login_profiles.contains_key(&name)), "must delete login profile first"),
        (
            extras.is_some_and(|extras| extras.mfa_devices.values().any(|device| device.user.as_deref() == Some(&name))),
            "must delete MFA device first",
        ),
    ];
    if let Some((_, what)) = obstacles.iter().find(|(stands, _)| *stands) {
        return Err(AwsError::delete_conflict(format!("Cannot delete entity, {what}.")));
    }
    call.account_mut()?.iam.users.remove(&name);
    for key in credentials {
        call.world.remove_credential(&key);
    }
    note_deleted(call, "user", &name, &arn);
    trust::rename(call.world, &arn, &id);
    Ok(Value::Null)
}
