//! GetAccountAuthorizationDetails: users, groups, roles and policies of an account in one list of pages.

use super::entity::created;
use super::{attached, boundaries, documents, policies, tags, usage, versions};
use crate::estate::{Group, ManagedPolicy, Role, User};
use crate::policy::Document;
use crate::policy::managed::Managed;
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use crate::sandbox::wire;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) const OPERATIONS: &[Operation] =
    &[Operation { name: "GetAccountAuthorizationDetails", needs: |_| Ok(vec![Need::on("*")]), run: details }];

/// In the order of the pages; made into JSON only when it is on the page.
enum Item<'a> {
    User(&'a str, &'a User),
    Group(&'a str, &'a Group),
    Role(&'a str, &'a Role),
    Local(&'a str, &'a ManagedPolicy),
    Aws(&'a str, &'static Managed),
}

impl Item<'_> {
    fn key(&self) -> String {
        match self {
            Item::User(name, _) => format!("1 {name}"),
            Item::Group(name, _) => format!("2 {name}"),
            Item::Role(name, _) => format!("3 {name}"),
            Item::Local(arn, _) => format!("4 {arn}"),
            Item::Aws(arn, _) => format!("5 {arn}"),
        }
    }

    /// Its value of `Filter`.
    fn kind(&self) -> &'static str {
        match self {
            Item::User(..) => "User",
            Item::Group(..) => "Group",
            Item::Role(..) => "Role",
            Item::Local(..) => "LocalManagedPolicy",
            Item::Aws(..) => "AWSManagedPolicy",
        }
    }

    /// The list of the result it belongs to.
    fn list(&self) -> &'static str {
        match self {
            Item::User(..) => "UserDetailList",
            Item::Group(..) => "GroupDetailList",
            Item::Role(..) => "RoleDetailList",
            Item::Local(..) | Item::Aws(..) => "Policies",
        }
    }
}

fn details(call: &mut Call) -> Result<Value, AwsError> {
    let filter = call.params.texts("Filter")?;
    let iam = &call.account()?.iam;
    let usages = usage::all(iam);
    let items = (iam.users.iter().map(|(name, user)| Item::User(name, user)))
        .chain(iam.groups.iter().map(|(name, group)| Item::Group(name, group)))
        .chain(iam.roles.iter().map(|(name, role)| Item::Role(name, role)))
        .chain(iam.policies.iter().map(|(arn, policy)| Item::Local(arn, policy)))
        // AWS's own are shown when they are in use
        .chain(usages.keys().filter_map(|arn| policies::aws_managed(call, arn).map(|policy| Item::Aws(arn, policy))));
    let wanted = items.filter(|item| filter.is_empty() || filter.contains(&item.kind()));
    let page = call.page(wanted.map(|item| (item.key(), item)))?;
    let mut result = json!({
        "UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": [],
        "IsTruncated": page.next.is_some(),
        "Marker": page.next,
    });
    for item in &page.items {
        let count = |arn: &str| usages.get(arn).copied().unwrap_or_default();
        let shown = match item {
            Item::User(name, user) => show_user(call, name, user),
            Item::Group(name, group) => show_group(call, name, group),
            Item::Role(name, role) => show_role(call, name, role),
            Item::Local(arn, policy) => show_policy(call, arn, policy, count(arn)),
            Item::Aws(arn, policy) => show_managed(call, arn, policy, count(arn)),
        };
        if let Some(list) = result[item.list()].as_array_mut() {
            list.push(shown);
        }
    }
    Ok(result)
}

fn inline(policies: &BTreeMap<String, Document>) -> Vec<Value> {
    policies.iter().map(|(name, document)| json!({ "PolicyName": name, "PolicyDocument": documents::encoded(document) })).collect()
}

fn show_user(call: &Call, name: &str, user: &User) -> Value {
    let arn = call.iam_arn("user", &user.path, name);
    json!({
        "Path": user.path,
        "UserName": name,
        "UserId": user.id,
        "CreateDate": created(call, &arn),
        "Arn": arn,
        "UserPolicyList": inline(&user.inline),
        "GroupList": user.groups,
        "AttachedManagedPolicies": user.attached.iter().map(attached::show).collect::<Vec<_>>(),
        "PermissionsBoundary": boundaries::show(user.boundary.as_ref()),
        "Tags": tags::show(&user.tags),
    })
}

fn show_group(call: &Call, name: &str, group: &Group) -> Value {
    let arn = call.iam_arn("group", &group.path, name);
    json!({
        "Path": group.path,
        "GroupName": name,
        "GroupId": group.id,
        "CreateDate": created(call, &arn),
        "Arn": arn,
        "GroupPolicyList": inline(&group.inline),
        "AttachedManagedPolicies": group.attached.iter().map(attached::show).collect::<Vec<_>>(),
    })
}

fn show_role(call: &Call, name: &str, role: &Role) -> Value {
    let arn = call.iam_arn("role", &role.path, name);
    json!({
        "Path": role.path,
        "RoleName": name,
        "RoleId": role.id,
        "CreateDate": created(call, &arn),
        "Arn": arn,
        "AssumeRolePolicyDocument": documents::encoded(&role.trust),
        "InstanceProfileList": [],
        "RolePolicyList": inline(&role.inline),
        "AttachedManagedPolicies": role.attached.iter().map(attached::show).collect::<Vec<_>>(),
        "PermissionsBoundary": boundaries::show(role.boundary.as_ref()),
        "Tags": tags::show(&role.tags),
        "RoleLastUsed": {},
    })
}

fn show_policy(call: &Call, arn: &str, policy: &ManagedPolicy, used: usage::Usage) -> Value {
    let mut shown = policies::show(call, arn, policy, used);
    let versions = versions::sorted(policy).into_iter().map(|(version, document)| {
        let mut shown = versions::show(call, arn, policy, version);
        shown["Document"] = json!(documents::encoded(document));
        shown
    });
    shown["PolicyVersionList"] = versions.collect();
    shown
}

fn show_managed(call: &Call, arn: &str, policy: &Managed, used: usage::Usage) -> Value {
    let mut shown = policies::show_managed(call, arn, policy, used);
    shown["PolicyVersionList"] = json!([{
        "Document": policy.document.as_ref().map(documents::encoded),
        "VersionId": "v1",
        "IsDefaultVersion": true,
        "CreateDate": wire::iso(Timestamp::UNIX_EPOCH),
    }]);
    shown
}
