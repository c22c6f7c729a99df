//! Inline policies of users, groups and roles.

use super::documents;
use super::entity::Entity;
use super::names;
use crate::policy::Kind;
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use serde_json::{Value, json};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "PutUserPolicy", needs: |call| change(call, Entity::User), run: |call| put(call, Entity::User) },
    Operation { name: "PutGroupPolicy", needs: |call| change(call, Entity::Group), run: |call| put(call, Entity::Group) },
    Operation { name: "PutRolePolicy", needs: |call| change(call, Entity::Role), run: |call| put(call, Entity::Role) },
    Operation { name: "GetUserPolicy", needs: |call| read(call, Entity::User), run: |call| get(call, Entity::User) },
    Operation { name: "GetGroupPolicy", needs: |call| read(call, Entity::Group), run: |call| get(call, Entity::Group) },
    Operation { name: "GetRolePolicy", needs: |call| read(call, Entity::Role), run: |call| get(call, Entity::Role) },
    Operation { name: "ListUserPolicies", needs: |call| look(call, Entity::User), run: |call| list(call, Entity::User) },
    Operation { name: "ListGroupPolicies", needs: |call| look(call, Entity::Group), run: |call| list(call, Entity::Group) },
    Operation { name: "ListRolePolicies", needs: |call| look(call, Entity::Role), run: |call| list(call, Entity::Role) },
    Operation { name: "DeleteUserPolicy", needs: |call| change(call, Entity::User), run: |call| delete(call, Entity::User) },
    Operation { name: "DeleteGroupPolicy", needs: |call| change(call, Entity::Group), run: |call| delete(call, Entity::Group) },
    Operation { name: "DeleteRolePolicy", needs: |call| change(call, Entity::Role), run: |call| delete(call, Entity::Role) },
];

fn change(call: &Call, entity: Entity) -> Result<Vec<Need>, AwsError> {
    names::name(call, "PolicyName", names::LONG)?;
    Ok(vec![entity.bounded_need(call)?])
}

fn read(call: &Call, entity: Entity) -> Result<Vec<Need>, AwsError> {
    names::name(call, "PolicyName", names::LONG)?;
    look(call, entity)
}

fn look(call: &Call, entity: Entity) -> Result<Vec<Need>, AwsError> {
    Ok(vec![entity.need(call)?])
}

fn missing(entity: Entity, policy: &str) -> AwsError {
    AwsError::no_such_entity(format!("The {} policy with name {policy} cannot be found.", entity.word()))
}

fn put(call: &mut Call, entity: Entity) -> Result<Value, AwsError> {
    let policy = call.params.required("PolicyName")?.to_owned();
    let holder = entity.found(call)?;
    let document = documents::given(call, "PolicyDocument", Kind::Identity)?;
    let others: usize = holder.inline.iter().filter(|(name, _)| **name != policy).map(|(_, document)| documents::measure(document)).sum();
    let quota = entity.inline_quota();
    if others + documents::measure(&document) > quota {
        return Err(AwsError::limit_exceeded(format!(
            "Maximum policy size of {quota} bytes exceeded for {} {}",
            entity.word(),
            holder.name
        )));
    }
    let holder = holder.name.to_owned();
    if let Some(policies) = entity.policies(&mut call.account_mut()?.iam, &holder) {
        policies.inline.insert(policy, document);
    }
    Ok(Value::Null)
}

fn get(call: &mut Call, entity: Entity) -> Result<Value, AwsError> {
    let policy = call.params.required("PolicyName")?;
    let holder = entity.found(call)?;
    let document = holder.inline.get(policy).ok_or_else(|| missing(entity, policy))?;
    Ok(json!({ entity.member(): holder.name, "PolicyName": policy, "PolicyDocument": documents::encoded(document) }))
}

fn list(call: &mut Call, entity: Entity) -> Result<Value, AwsError> {
    let holder = entity.found(call)?;
    Ok(call.page(holder.inline.keys().map(|name| (name.clone(), json!(name))))?.into_iam("PolicyNames"))
}

fn delete(call: &mut Call, entity: Entity) -> Result<Value, AwsError> {
    let policy = call.params.required("PolicyName")?.to_owned();
    let holder = entity.found(call)?;
    if !holder.inline.contains_key(&policy) {
        return Err(missing(entity, &policy));
    }
    let holder = holder.name.to_owned();
    if let Some(policies) = entity.policies(&mut call.account_mut()?.iam, &holder) {
        policies.inline.remove(&policy);
    }
    Ok(Value::Null)
}
