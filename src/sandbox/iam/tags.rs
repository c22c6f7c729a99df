//! Tags of users, roles and policies.

use super::entity::Entity;
use super::{names, policies, quotas};
use crate::estate::Tags;
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use serde_json::{Value, json};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "TagUser", needs: |call| tag_need(call, Entity::User), run: |call| tag(call, Entity::User) },
    Operation { name: "TagRole", needs: |call| tag_need(call, Entity::Role), run: |call| tag(call, Entity::Role) },
    Operation { name: "UntagUser", needs: |call| untag_need(call, Entity::User), run: |call| untag(call, Entity::User) },
    Operation { name: "UntagRole", needs: |call| untag_need(call, Entity::Role), run: |call| untag(call, Entity::Role) },
    Operation { name: "ListUserTags", needs: |call| Ok(vec![Entity::User.need(call)?]), run: |call| list(call, Entity::User) },
    Operation { name: "ListRoleTags", needs: |call| Ok(vec![Entity::Role.need(call)?]), run: |call| list(call, Entity::Role) },
    Operation { name: "TagPolicy", needs: tag_policy_need, run: tag_policy },
    Operation { name: "UntagPolicy", needs: untag_policy_need, run: untag_policy },
    Operation { name: "ListPolicyTags", needs: |call| Ok(vec![policies::need(call)?]), run: list_policy_tags },
];

/// `[{Key, Value}]`, null when there are none: IAM's replies leave empty lists of tags out.
pub(super) fn show(tags: &Tags) -> Value {
    if tags.is_empty() { Value::Null } else { tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect() }
}

fn tag_need(call: &Call, entity: Entity) -> Result<Vec<Need>, AwsError> {
    Ok(vec![entity.need(call)?.request_tags(&names::tags(call)?)])
}

fn untag_need(call: &Call, entity: Entity) -> Result<Vec<Need>, AwsError> {
    keys_need(call, entity.need(call)?)
}

fn keys_need(call: &Call, need: Need) -> Result<Vec<Need>, AwsError> {
    let keys = call.params.texts("TagKeys")?;
    Ok(vec![keys.into_iter().fold(need, |need, key| need.with("aws:TagKeys", key))])
}

/// Adds or overwrites; keys of users and roles differ by more than case.
fn merged(have: &Tags, given: Tags, quota: &str) -> Result<Tags, AwsError> {
    let mut tags = have.clone();
    for (key, value) in given {
        tags.retain(|known, _| !known.eq_ignore_ascii_case(&key));
        tags.insert(key, value);
    }
    if tags.len() > quotas::TAGS { Err(quotas::exceeded(quota, quotas::TAGS)) } else { Ok(tags) }
}

fn without(have: &Tags, keys: &[&str]) -> Tags {
    have.iter().filter(|(known, _)| !keys.iter().any(|key| key.eq_ignore_ascii_case(known))).map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn set(call: &mut Call, entity: Entity, name: &str, tags: Tags) -> Result<Value, AwsError> {
    if let Some((stored, _)) = entity.labels(&mut call.account_mut()?.iam, name) {
        *stored = tags;
    }
    Ok(Value::Null)
}

fn tag(call: &mut Call, entity: Entity) -> Result<Value, AwsError> {
    let holder = entity.found(call)?;
    let have = holder.tags.cloned().unwrap_or_default();
    let tags = merged(&have, names::tags(call)?, &format!("TagsPer{}", entity.title()))?;
    let name = holder.name.to_owned();
    set(call, entity, &name, tags)
}

fn untag(call: &mut Call, entity: Entity) -> Result<Value, AwsError> {
    let holder = entity.found(call)?;
    let have = holder.tags.cloned().unwrap_or_default();
    let tags = without(&have, &call.params.texts("TagKeys")?);
    let name = holder.name.to_owned();
    set(call, entity, &name, tags)
}

pub(super) fn page(call: &Call, tags: &Tags) -> Result<Value, AwsError> {
    let items = tags.iter().map(|(key, value)| (key.clone(), json!({ "Key": key, "Value": value })));
    Ok(call.page(items)?.into_iam("Tags"))
}

fn list(call: &mut Call, entity: Entity) -> Result<Value, AwsError> {
    page(call, &entity.found(call)?.tags.cloned().unwrap_or_default())
}

fn tag_policy_need(call: &Call) -> Result<Vec<Need>, AwsError> {
    Ok(vec![policies::need(call)?.request_tags(&names::tags(call)?)])
}

fn untag_policy_need(call: &Call) -> Result<Vec<Need>, AwsError> {
    keys_need(call, policies::need(call)?)
}

fn set_policy(call: &mut Call, tags: Tags) -> Result<Value, AwsError> {
    let arn = call.params.required("PolicyArn")?.to_owned();
    policies::changed(call, &arn)?.tags = tags;
    Ok(Value::Null)
}

fn tag_policy(call: &mut Call) -> Result<Value, AwsError> {
    let tags = merged(&policies::customer(call)?.tags, names::tags(call)?, "TagsPerPolicy")?;
    set_policy(call, tags)
}

fn untag_policy(call: &mut Call) -> Result<Value, AwsError> {
    let tags = without(&policies::customer(call)?.tags, &call.params.texts("TagKeys")?);
    set_policy(call, tags)
}

fn list_policy_tags(call: &mut Call) -> Result<Value, AwsError> {
    page(call, &policies::customer(call)?.tags)
}
