//! Permissions boundaries of users and roles.

use super::entity::Entity;
use super::{names, policies};
use crate::estate::Arn;
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use serde_json::{Value, json};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "PutUserPermissionsBoundary", needs: |call| put_need(call, Entity::User), run: |call| put(call, Entity::User) },
    Operation { name: "PutRolePermissionsBoundary", needs: |call| put_need(call, Entity::Role), run: |call| put(call, Entity::Role) },
    Operation {
        name: "DeleteUserPermissionsBoundary",
        needs: |call| Ok(vec![Entity::User.bounded_need(call)?]),
        run: |call| delete(call, Entity::User),
    },
    Operation {
        name: "DeleteRolePermissionsBoundary",
        needs: |call| Ok(vec![Entity::Role.bounded_need(call)?]),
        run: |call| delete(call, Entity::Role),
    },
];

const MEMBER: &str = "PermissionsBoundary";

/// The boundary in a request to create an entity; none when it has none.
pub(super) fn given(call: &Call) -> Result<Option<Arn>, AwsError> {
    if call.params.text(MEMBER).is_none() {
        return Ok(None);
    }
    names::policy_arn(call, MEMBER).map(Some)
}

/// The same for a need.
pub(super) fn with_given(call: &Call, need: Need) -> Result<Need, AwsError> {
    Ok(match given(call)? {
        Some(boundary) => need.with("iam:PermissionsBoundary", boundary),
        None => need,
    })
}

/// A boundary must be a policy that is there.
pub(super) fn check(call: &Call, boundary: &Arn) -> Result<(), AwsError> {
    if policies::exists(call, boundary)? {
        return Ok(());
    }
    Err(AwsError::no_such_entity(format!("Scope ARN: {boundary} does not exist or is not attachable.")))
}

/// As Get* operations answer; null when there is none.
pub(super) fn show(boundary: Option<&Arn>) -> Value {
    boundary.map_or(Value::Null, |arn| json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn }))
}

fn put_need(call: &Call, entity: Entity) -> Result<Vec<Need>, AwsError> {
    call.params.required(MEMBER)?;
    Ok(vec![with_given(call, entity.need(call)?)?])
}

fn put(call: &mut Call, entity: Entity) -> Result<Value, AwsError> {
    let name = entity.found(call)?.name.to_owned();
    let boundary = call.params.required(MEMBER)?.to_owned();
    check(call, &boundary)?;
    if let Some((_, stored)) = entity.labels(&mut call.account_mut()?.iam, &name) {
        *stored = Some(boundary);
    }
    Ok(Value::Null)
}

fn delete(call: &mut Call, entity: Entity) -> Result<Value, AwsError> {
    let holder = entity.found(call)?;
    if holder.boundary.is_none() {
        return Err(AwsError::no_such_entity(format!("{} {} has no permissions boundary.", entity.title(), holder.name)));
    }
    let name = holder.name.to_owned();
    if let Some((_, stored)) = entity.labels(&mut call.account_mut()?.iam, &name) {
        *stored = None;
    }
    Ok(Value::Null)
}
