//! Roles.

use super::entity::{Entity, created, note_created, note_deleted, spelled, unique_id};
use super::{boundaries, documents, names, quotas, tags, trust};
use crate::estate::Role;
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateRole", needs: create_needs, run: create },
    Operation { name: "GetRole", needs: |call| Ok(vec![Entity::Role.need(call)?]), run: get },
    Operation { name: "ListRoles", needs: list_needs, run: list },
    Operation { name: "UpdateRole", needs: update_needs, run: update },
    Operation { name: "UpdateRoleDescription", needs: describe_needs, run: describe },
    Operation { name: "UpdateAssumeRolePolicy", needs: |call| Ok(vec![Entity::Role.need(call)?]), run: update_trust },
    Operation { name: "DeleteRole", needs: |call| Ok(vec![Entity::Role.need(call)?]), run: delete },
];

/// Seconds a session lasts at most when nothing else was said.
const DEFAULT_SESSION: u32 = 3_600;

/// What CreateRole, GetRole and ListRoles all show.
fn show(call: &Call, name: &str, role: &Role) -> Value {
    let arn = call.iam_arn("role", &role.path, name);
    json!({
        "Path": role.path,
        "RoleName": name,
        "RoleId": role.id,
        "CreateDate": created(call, &arn),
        "Arn": arn,
        "AssumeRolePolicyDocument": documents::encoded(&role.trust),
    })
}

/// What lists show: no boundary and no tags.
fn show_listed(call: &Call, name: &str, role: &Role) -> Value {
    let mut shown = show(call, name, role);
    shown["Description"] = json!(role.description);
    shown["MaxSessionDuration"] = json!(role.max_session.unwrap_or(DEFAULT_SESSION));
    shown
}

fn max_session(call: &Call) -> Result<Option<u32>, AwsError> {
    let given = names::number(call, "MaxSessionDuration", 3_600, 43_200)?;
    Ok(given.and_then(|seconds| u32::try_from(seconds).ok()))
}

fn create_needs(call: &Call) -> Result<Vec<Need>, AwsError> {
    let name = Entity::Role.asked(call)?;
    let arn = call.iam_arn("role", &names::path(call)?, &name);
    names::description(call)?;
    max_session(call)?;
    let given = names::tags(call)?;
    let mut needs = vec![boundaries::with_given(call, Need::on(arn.as_str()))?.request_tags(&given)];
    if !given.is_empty() {
        needs.push(Need::on(arn).action("iam:TagRole").request_tags(&given));
    }
    Ok(needs)
}

fn create(call: &mut Call) -> Result<Value, AwsError> {
    let name = Entity::Role.asked(call)?;
    let trust = trust::given(call, "AssumeRolePolicyDocument")?;
    Entity::Role.free(call, &name)?;
    quotas::room(call.account()?.iam.roles.len(), quotas::ROLES, "RolesPerAccount")?;
    let boundary = boundaries::given(call)?;
    if let Some(boundary) = &boundary {
        boundaries::check(call, boundary)?;
    }
    let role = Role {
        id: unique_id(call, "AROA", "role", &name),
        path: names::path(call)?,
        trust,
        description: names::description(call)?,
        max_session: Some(max_session(call)?.unwrap_or(DEFAULT_SESSION)),
        boundary,
        tags: names::tags(call)?,
        attached: BTreeSet::new(),
        inline: BTreeMap::new(),
    };
    note_created(call, call.iam_arn("role", &role.path, &name));
    let mut shown = show(call, &name, &role);
    shown["Description"] = json!(role.description);
    shown["PermissionsBoundary"] = boundaries::show(role.boundary.as_ref());
    shown["Tags"] = tags::show(&role.tags);
    call.account_mut()?.iam.roles.insert(name, role);
    Ok(json!({ "Role": shown }))
}

/// The role that the request names.
fn found<'a>(call: &'a Call) -> Result<(&'a str, &'a Role), AwsError> {
    let asked = call.params.required("RoleName")?;
    spelled(&call.account()?.iam.roles, asked).ok_or_else(|| Entity::Role.missing(asked))
}

/// The same role, to be changed.
fn changed<'a>(call: &'a mut Call) -> Result<&'a mut Role, AwsError> {
    let name = found(call)?.0.to_owned();
    call.account_mut()?.iam.roles.get_mut(&name).ok_or_else(|| Entity::Role.missing(&name))
}

fn get(call: &mut Call) -> Result<Value, AwsError> {
    let (name, role) = found(call)?;
    let mut shown = show_listed(call, name, role);
    shown["PermissionsBoundary"] = boundaries::show(role.boundary.as_ref());
    shown["Tags"] = tags::show(&role.tags);
    shown["RoleLastUsed"] = json!({});
    Ok(json!({ "Role": shown }))
}

fn list_needs(call: &Call) -> Result<Vec<Need>, AwsError> {
    Ok(vec![Need::on(call.iam_arn("role", &names::path_prefix(call)?, ""))])
}

fn list(call: &mut Call) -> Result<Value, AwsError> {
    let prefix = names::path_prefix(call)?;
    let roles = call.account()?.iam.roles.iter().filter(|(_, role)| role.path.starts_with(&prefix));
    Ok(call.page(roles.map(|(name, role)| (name.clone(), show_listed(call, name, role))))?.into_iam("Roles"))
}

fn update_needs(call: &Call) -> Result<Vec<Need>, AwsError> {
    names::description(call)?;
    max_session(call)?;
    Ok(vec![Entity::Role.need(call)?])
}

/// What is left out stays as it was.
fn update(call: &mut Call) -> Result<Value, AwsError> {
    let description = names::description(call)?;
    let seconds = max_session(call)?;
    let role = changed(call)?;
    if description.is_some() {
        role.description = description;
    }
    if seconds.is_some() {
        role.max_session = seconds;
    }
    // the reply has a result element, empty
    Ok(json!({}))
}

fn describe_needs(call: &Call) -> Result<Vec<Need>, AwsError> {
    call.params.required("Description")?;
    update_needs(call)
}

fn describe(call: &mut Call) -> Result<Value, AwsError> {
    let description = names::description(call)?;
    changed(call)?.description = description;
    let (name, role) = found(call)?;
    let mut shown = show(call, name, role);
    shown["Description"] = json!(role.description);
    Ok(json!({ "Role": shown }))
}

fn update_trust(call: &mut Call) -> Result<Value, AwsError> {
    found(call)?;
    let trust = trust::given(call, "PolicyDocument")?;
    changed(call)?.trust = trust;
    Ok(Value::Null)
}

fn delete(call: &mut Call) -> Result<Value, AwsError> {
    let (name, role) = found(call)?;
    let obstacles =
        [(!role.inline.is_empty(), "must delete policies first"), (!role.attached.is_empty(), "must detach all policies first")];
    if let Some((_, what)) = obstacles.iter().find(|(stands, _)| *stands) {
        return Err(AwsError::delete_conflict(format!("Cannot delete entity, {what}.")));
    }
    let arn = call.iam_arn("role", &role.path, name);
    let (name, id) = (name.to_owned(), role.id.clone());
    call.account_mut()?.iam.roles.remove(&name);
    note_deleted(call, "role", &name, &arn);
    trust::rename(call.world, &arn, &id);
    Ok(Value::Null)
}
