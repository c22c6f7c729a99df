//! Groups and their members.

use super::entity::{Entity, created, note_created, note_deleted, spelled, unique_id};
use super::{names, quotas, users};
use crate::estate::Group;
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateGroup", needs: create_needs, run: create },
    Operation { name: "GetGroup", needs: |call| Ok(vec![Entity::Group.need(call)?]), run: get },
    Operation { name: "ListGroups", needs: list_needs, run: list },
    Operation { name: "UpdateGroup", needs: update_needs, run: update },
    Operation { name: "DeleteGroup", needs: |call| Ok(vec![Entity::Group.need(call)?]), run: delete },
    Operation { name: "AddUserToGroup", needs: member_needs, run: add },
    Operation { name: "RemoveUserFromGroup", needs: member_needs, run: remove },
    Operation { name: "ListGroupsForUser", needs: |call| Ok(vec![Entity::User.need(call)?]), run: list_for_user },
];

fn show(call: &Call, name: &str, group: &Group) -> Value {
    let arn = call.iam_arn("group", &group.path, name);
    json!({ "Path": group.path, "GroupName": name, "GroupId": group.id, "CreateDate": created(call, &arn), "Arn": arn })
}

fn create_needs(call: &Call) -> Result<Vec<Need>, AwsError> {
    Ok(vec![Need::on(call.iam_arn("group", &names::path(call)?, &Entity::Group.asked(call)?))])
}

fn create(call: &mut Call) -> Result<Value, AwsError> {
    let name = Entity::Group.asked(call)?;
    Entity::Group.free(call, &name)?;
    quotas::room(call.account()?.iam.groups.len(), quotas::GROUPS, "GroupsPerAccount")?;
    let group =
        Group { id: unique_id(call, "AGPA", "group", &name), path: names::path(call)?, attached: BTreeSet::new(), inline: BTreeMap::new() };
    note_created(call, call.iam_arn("group", &group.path, &name));
    let shown = show(call, &name, &group);
    call.account_mut()?.iam.groups.insert(name, group);
    Ok(json!({ "Group": shown }))
}

fn get(call: &mut Call) -> Result<Value, AwsError> {
    let asked = call.params.required("GroupName")?;
    let iam = &call.account()?.iam;
    let (name, group) = spelled(&iam.groups, asked).ok_or_else(|| Entity::Group.missing(asked))?;
    let members = iam.users.iter().filter(|(_, user)| user.groups.contains(name));
    let mut result = call.page(members.map(|(name, user)| (name.clone(), users::show(call, name, user))))?.into_iam("Users");
    result["Group"] = show(call, name, group);
    Ok(result)
}

fn list_needs(call: &Call) -> Result<Vec<Need>, AwsError> {
    Ok(vec![Need::on(call.iam_arn("group", &names::path_prefix(call)?, ""))])
}

fn list(call: &mut Call) -> Result<Value, AwsError> {
    let prefix = names::path_prefix(call)?;
    let groups = call.account()?.iam.groups.iter().filter(|(_, group)| group.path.starts_with(&prefix));
    Ok(call.page(groups.map(|(name, group)| (name.clone(), show(call, name, group))))?.into_iam("Groups"))
}

fn wanted(call: &Call) -> Result<(Option<String>, Option<String>), AwsError> {
    Ok((names::optional_name(call, "NewGroupName", names::LONG)?, names::optional_path(call, "NewPath")?))
}

/// An update needs the permission on the group as it is and as it will be.
fn update_needs(call: &Call) -> Result<Vec<Need>, AwsError> {
    let before = Entity::Group.need(call)?;
    let (name, path) = wanted(call)?;
    let Ok(group) = Entity::Group.found(call) else { return Ok(vec![before]) };
    let after = call.iam_arn("group", path.as_deref().unwrap_or(group.path), name.as_deref().unwrap_or(group.name));
    Ok(vec![before, Need::on(after)])
}

fn update(call: &mut Call) -> Result<Value, AwsError> {
    let old = Entity::Group.found(call)?.name.to_owned();
    let (new, path) = wanted(call)?;
    let new = new.unwrap_or_else(|| old.clone());
    if !new.eq_ignore_ascii_case(&old) {
        Entity::Group.free(call, &new)?;
    }
    let iam = &mut call.account_mut()?.iam;
    let Some(mut group) = iam.groups.remove(&old) else { return Err(Entity::Group.missing(&old)) };
    for user in iam.users.values_mut() {
        if user.groups.remove(&old) {
            user.groups.insert(new.clone());
        }
    }
    let before = group.path.clone();
    if let Some(path) = path {
        group.path = path;
    }
    let after = group.path.clone();
    iam.groups.insert(new.clone(), group);
    let (before, after) = (call.iam_arn("group", &before, &old), call.iam_arn("group", &after, &new));
    let extras = call.world.extras_mut(&call.caller.account);
    if let Some(time) = extras.created.remove(&before) {
        extras.created.insert(after, time);
    }
    Ok(Value::Null)
}

fn delete(call: &mut Call) -> Result<Value, AwsError> {
    let found = Entity::Group.found(call)?;
    let name = found.name.to_owned();
    let arn = call.iam_arn("group", found.path, &name);
    let obstacles = [
        (call.account()?.iam.users.values().any(|user| user.groups.contains(&name)), "must remove users from group first"),
        (!found.inline.is_empty(), "must delete policies first"),
        (!found.attached.is_empty(), "must detach all policies first"),
    ];
    if let Some((_, what)) = obstacles.iter().find(|(stands, _)| *stands) {
        return Err(AwsError::delete_conflict(format!("Cannot delete entity, {what}.")));
    }
    call.account_mut()?.iam.groups.remove(&name);
    note_deleted(call, "group", &name, &arn);
    Ok(Value::Null)
}

fn member_needs(call: &Call) -> Result<Vec<Need>, AwsError> {
    Entity::User.asked(call)?;
    Ok(vec![Entity::Group.need(call)?])
}

/// User and group in their stored spelling; the user is looked for first.
fn pair(call: &Call) -> Result<(String, String), AwsError> {
    let user = Entity::User.found(call)?.name.to_owned();
    Ok((user, Entity::Group.found(call)?.name.to_owned()))
}

fn add(call: &mut Call) -> Result<Value, AwsError> {
    let (user, group) = pair(call)?;
    let groups = call.account()?.iam.users.get(&user).map(|user| &user.groups);
    if groups.is_some_and(|groups| groups.contains(&group)) {
        return Ok(Value::Null);
    }
    quotas::room(groups.map_or(0, BTreeSet::len), quotas::GROUPS_PER_USER, "GroupsPerUser")?;
    if let Some(user) = call.account_mut()?.iam.users.get_mut(&user) {
        user.groups.insert(group);
    }
    Ok(Value::Null)
}

fn remove(call: &mut Call) -> Result<Value, AwsError> {
    let (user, group) = pair(call)?;
    if let Some(user) = call.account_mut()?.iam.users.get_mut(&user) {
        user.groups.remove(&group);
    }
    Ok(Value::Null)
}

fn list_for_user(call: &mut Call) -> Result<Value, AwsError> {
    let name = Entity::User.found(call)?.name;
    let iam = &call.account()?.iam;
    let names = iam.users.get(name).map(|user| &user.groups).into_iter().flatten();
    let groups = names.filter_map(|name| iam.groups.get_key_value(name));
    Ok(call.page(groups.map(|(name, group)| (name.clone(), show(call, name, group))))?.into_iam("Groups"))
}
