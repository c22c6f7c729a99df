//! Who uses a managed policy.

use super::entity::Entity;
use super::{names, policies};
use crate::estate::{Arn, Iam};
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::Operation;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const OPERATIONS: &[Operation] =
    &[Operation { name: "ListEntitiesForPolicy", needs: |call| Ok(vec![policies::need(call)?]), run: list_entities }];

/// How often a policy is attached and how often it is a boundary.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    pub attachments: usize,
    pub boundaries: usize,
}

/// A user, group or role and how it uses policies.
struct Holder<'a> {
    entity: Entity,
    name: &'a str,
    id: &'a str,
    path: &'a str,
    attached: &'a BTreeSet<Arn>,
    boundary: Option<&'a Arn>,
}

fn entities(iam: &Iam) -> impl Iterator<Item = Holder<'_>> {
    let groups = iam.groups.iter().map(|(name, group)| Holder {
        entity: Entity::Group,
        name,
        id: &group.id,
        path: &group.path,
        attached: &group.attached,
        boundary: None,
    });
    let users = iam.users.iter().map(|(name, user)| Holder {
        entity: Entity::User,
        name,
        id: &user.id,
        path: &user.path,
        attached: &user.attached,
        boundary: user.boundary.as_ref(),
    });
    let roles = iam.roles.iter().map(|(name, role)| Holder {
        entity: Entity::Role,
        name,
        id: &role.id,
        path: &role.path,
        attached: &role.attached,
        boundary: role.boundary.as_ref(),
    });
    groups.chain(users).chain(roles)
}

/// How one policy is used.
pub(super) fn of(iam: &Iam, policy: &str) -> Usage {
    entities(iam).fold(Usage::default(), |usage, user| Usage {
        attachments: usage.attachments + usize::from(user.attached.contains(policy)),
        boundaries: usage.boundaries + usize::from(user.boundary.is_some_and(|boundary| boundary == policy)),
    })
}

/// How every policy that is used is used.
pub(super) fn all(iam: &Iam) -> BTreeMap<&str, Usage> {
    let mut usages: BTreeMap<&str, Usage> = BTreeMap::new();
    for user in entities(iam) {
        for policy in user.attached {
            usages.entry(policy).or_default().attachments += 1;
        }
        if let Some(boundary) = user.boundary {
            usages.entry(boundary).or_default().boundaries += 1;
        }
    }
    usages
}

fn list_entities(call: &mut Call) -> Result<Value, AwsError> {
    let policy = call.params.required("PolicyArn")?;
    let kind = names::one_of(call, "EntityFilter", &["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"])?;
    let filter = names::one_of(call, "PolicyUsageFilter", &["PermissionsPolicy", "PermissionsBoundary"])?;
    let prefix = match call.params.text("PathPrefix") {
        None => "/".to_owned(),
        Some(_) => names::path_prefix(call)?,
    };
    if !policies::exists(call, policy)? {
        return Err(policies::not_found(policy));
    }
    let uses = |user: &Holder| match filter {
        Some("PermissionsPolicy") => user.attached.contains(policy),
        Some(_) => user.boundary.is_some_and(|boundary| boundary == policy),
        None => user.attached.contains(policy) || user.boundary.is_some_and(|boundary| boundary == policy),
    };
    let order = |entity| match entity {
        Entity::Group => 0,
        Entity::User => 1,
        Entity::Role => 2,
    };
    let found = entities(&call.account()?.iam)
        .filter(|user| kind.is_none_or(|kind| kind == user.entity.title()) && user.path.starts_with(&prefix) && uses(user))
        .map(|user| (format!("{} {}", order(user.entity), user.name), user));
    let page = call.page(found)?;
    let shown = |entity: Entity, id: &str| -> Vec<Value> {
        let of_kind = page.items.iter().filter(|user| user.entity == entity);
        of_kind.map(|user| json!({ entity.member(): user.name, id: user.id })).collect()
    };
    Ok(json!({
        "PolicyGroups": shown(Entity::Group, "GroupId"),
        "PolicyUsers": shown(Entity::User, "UserId"),
        "PolicyRoles": shown(Entity::Role, "RoleId"),
        "IsTruncated": page.next.is_some(),
        "Marker": page.next,
    }))
}
