//! Managed policies attached to users, groups and roles.

use super::entity::Entity;
use super::{names, policies, quotas};
use crate::estate::{Arn, arn};
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use serde_json::{Value, json};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "AttachUserPolicy", needs: |call| change(call, Entity::User), run: |call| attach(call, Entity::User) },
    Operation { name: "AttachGroupPolicy", needs: |call| change(call, Entity::Group), run: |call| attach(call, Entity::Group) },
    Operation { name: "AttachRolePolicy", needs: |call| change(call, Entity::Role), run: |call| attach(call, Entity::Role) },
    Operation { name: "DetachUserPolicy", needs: |call| change(call, Entity::User), run: |call| detach(call, Entity::User) },
    Operation { name: "DetachGroupPolicy", needs: |call| change(call, Entity::Group), run: |call| detach(call, Entity::Group) },
    Operation { name: "DetachRolePolicy", needs: |call| change(call, Entity::Role), run: |call| detach(call, Entity::Role) },
    Operation { name: "ListAttachedUserPolicies", needs: |call| look(call, Entity::User), run: |call| list(call, Entity::User) },
    Operation { name: "ListAttachedGroupPolicies", needs: |call| look(call, Entity::Group), run: |call| list(call, Entity::Group) },
    Operation { name: "ListAttachedRolePolicies", needs: |call| look(call, Entity::Role), run: |call| list(call, Entity::Role) },
];

fn change(call: &Call, entity: Entity) -> Result<Vec<Need>, AwsError> {
    let policy = names::policy_arn(call, "PolicyArn")?;
    Ok(vec![entity.bounded_need(call)?.with("iam:PolicyARN", policy)])
}

fn look(call: &Call, entity: Entity) -> Result<Vec<Need>, AwsError> {
    Ok(vec![entity.need(call)?])
}

/// `{PolicyName, PolicyArn}`
pub(super) fn show(policy: &Arn) -> Value {
    json!({ "PolicyName": arn::name(policy).unwrap_or_default(), "PolicyArn": policy })
}

fn attach(call: &mut Call, entity: Entity) -> Result<Value, AwsError> {
    let policy = call.params.required("PolicyArn")?.to_owned();
    let holder = entity.found(call)?;
    if !policies::exists(call, &policy)? {
        return Err(policies::not_attachable(&policy));
    }
    if holder.attached.contains(&policy) {
        return Ok(Value::Null);
    }
    quotas::room(holder.attached.len(), quotas::ATTACHED_PER_ENTITY, &format!("PoliciesPer{}", entity.title()))?;
    let holder = holder.name.to_owned();
    if let Some(policies) = entity.policies(&mut call.account_mut()?.iam, &holder) {
        policies.attached.insert(policy);
    }
    Ok(Value::Null)
}

fn detach(call: &mut Call, entity: Entity) -> Result<Value, AwsError> {
    let policy = call.params.required("PolicyArn")?.to_owned();
    let holder = entity.found(call)?;
    if !holder.attached.contains(&policy) {
        return Err(policies::not_found(&policy));
    }
    let holder = holder.name.to_owned();
    if let Some(policies) = entity.policies(&mut call.account_mut()?.iam, &holder) {
        policies.attached.remove(&policy);
    }
    Ok(Value::Null)
}

fn list(call: &mut Call, entity: Entity) -> Result<Value, AwsError> {
    let prefix = names::path_prefix(call)?;
    let holder = entity.found(call)?;
    let below = holder.attached.iter().filter(|policy| policies::path_of(policy).starts_with(&prefix));
    Ok(call.page(below.map(|policy| (policy.clone(), show(policy))))?.into_iam("AttachedPolicies"))
}
