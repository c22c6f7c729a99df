//! Managed policies: those of the account, and AWS's.

use super::entity::{created, note_created, note_deleted, unique_id};
use super::usage::Usage;
use super::{documents, names, quotas, tags, usage, versions};
use crate::estate::{ManagedPolicy, arn};
use crate::policy::managed::{self, Managed};
use crate::policy::{Document, Kind, size};
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use crate::sandbox::{ids, wire};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreatePolicy", needs: create_needs, run: create },
    Operation { name: "GetPolicy", needs: |call| Ok(vec![need(call)?]), run: get },
    Operation { name: "ListPolicies", needs: list_needs, run: list },
    Operation { name: "DeletePolicy", needs: |call| Ok(vec![need(call)?]), run: delete },
];

/// The AWS-managed policy of that ARN, in the world's own partition.
pub(super) fn aws_managed(call: &Call, policy: &str) -> Option<&'static Managed> {
    (arn::parse(policy)?.partition == call.world.partition()).then(|| managed::find(policy)).flatten()
}

/// Whether there is such a policy, of AWS or of the caller's account.
pub(super) fn exists(call: &Call, policy: &str) -> Result<bool, AwsError> {
    Ok(aws_managed(call, policy).is_some() || call.account()?.iam.policies.contains_key(policy))
}

pub(super) fn not_attachable(policy: &str) -> AwsError {
    AwsError::no_such_entity(format!("Policy {policy} does not exist or is not attachable."))
}

pub(super) fn not_found(policy: &str) -> AwsError {
    AwsError::no_such_entity(format!("Policy {policy} was not found."))
}

/// The path in a policy's ARN.
pub(super) fn path_of(policy: &str) -> &str {
    arn::parse(policy)
        .and_then(|arn| arn.resource.strip_prefix("policy"))
        .and_then(|resource| Some(&resource[..=resource.rfind('/')?]))
        .unwrap_or("/")
}

/// The action on the policy that the request names.
pub(super) fn need(call: &Call) -> Result<Need, AwsError> {
    let policy = names::policy_arn(call, "PolicyArn")?;
    let need = Need::on(policy.as_str());
    let Some(found) = call.account()?.iam.policies.get(&policy) else { return Ok(need) };
    Ok(found.tags.iter().fold(need, |need, (key, value)| {
        need.with(&format!("aws:ResourceTag/{key}"), value.clone()).with(&format!("iam:ResourceTag/{key}"), value.clone())
    }))
}

/// The policy of the account that the request names; policies of AWS cannot be changed by anyone.
pub(super) fn customer<'a>(call: &'a Call) -> Result<&'a ManagedPolicy, AwsError> {
    let policy = call.params.required("PolicyArn")?;
    match call.account()?.iam.policies.get(policy) {
        Some(found) => Ok(found),
        None if aws_managed(call, policy).is_some() => Err(AwsError::new(
            "AccessDenied",
            403,
            format!("User: {} is not authorized to perform: iam:{} on resource: policy {policy}", call.caller_arn(), call.operation),
        )),
        None => Err(not_found(policy)),
    }
}

/// The same policy, to be changed.
pub(super) fn changed<'a>(call: &'a mut Call, policy: &str) -> Result<&'a mut ManagedPolicy, AwsError> {
    call.account_mut()?.iam.policies.get_mut(policy).ok_or_else(|| not_found(policy))
}

/// As lists and replies to CreatePolicy show a policy: without description and tags.
pub(super) fn show(call: &Call, policy_arn: &str, policy: &ManagedPolicy, usage: Usage) -> Value {
    let updated =
        policy.versions.keys().filter_map(|version| call.world.created(&call.caller.account, &versions::key(policy_arn, version)));
    json!({
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy_arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version,
        "AttachmentCount": usage.attachments,
        "PermissionsBoundaryUsageCount": usage.boundaries,
        "IsAttachable": true,
        "CreateDate": created(call, policy_arn),
        "UpdateDate": wire::iso(updated.max().unwrap_or(Timestamp::UNIX_EPOCH)),
    })
}

/// The same for a policy of AWS; when AWS made it is not known here.
pub(super) fn show_managed(call: &Call, policy_arn: &str, policy: &Managed, usage: Usage) -> Value {
    let made = wire::iso(Timestamp::UNIX_EPOCH);
    json!({
        "PolicyName": policy.name,
        "PolicyId": ids::unique(call.world.seed(), "ANPA", &["aws", "policy", &policy.name]),
        "Arn": policy_arn,
        "Path": policy.path,
        "DefaultVersionId": "v1",
        "AttachmentCount": usage.attachments,
        "PermissionsBoundaryUsageCount": usage.boundaries,
        "IsAttachable": true,
        "CreateDate": made,
        "UpdateDate": made,
    })
}

/// The ARN of a policy of AWS in this world.
pub(super) fn managed_arn(call: &Call, policy: &Managed) -> String {
    arn::iam(call.world.partition(), "aws", "policy", &policy.path, &policy.name)
}

/// Refuses a document that is too long for a managed policy.
pub(super) fn check_size(document: &Document) -> Result<(), AwsError> {
    if documents::measure(document) > size::MANAGED {
        return Err(quotas::exceeded("PolicySize", size::MANAGED));
    }
    Ok(())
}

fn create_needs(call: &Call) -> Result<Vec<Need>, AwsError> {
    let name = names::name(call, "PolicyName", names::LONG)?;
    let path = names::path(call)?;
    names::description(call)?;
    let given = names::tags(call)?;
    let policy = call.iam_arn("policy", &path, &name);
    let mut needs = vec![Need::on(policy.as_str()).request_tags(&given)];
    if !given.is_empty() {
        needs.push(Need::on(policy).action("iam:TagPolicy").request_tags(&given));
    }
    Ok(needs)
}

fn create(call: &mut Call) -> Result<Value, AwsError> {
    let name = names::name(call, "PolicyName", names::LONG)?;
    let path = names::path(call)?;
    let document = documents::given(call, "PolicyDocument", Kind::Identity)?;
    let known = &call.account()?.iam.policies;
    if known.values().any(|policy| policy.name.eq_ignore_ascii_case(&name)) {
        return Err(AwsError::already_exists(format!("A policy called {name} already exists. Duplicate names are not allowed.")));
    }
    check_size(&document)?;
    quotas::room(known.len(), quotas::POLICIES, "PoliciesPerAccount")?;
    let policy = ManagedPolicy {
        id: unique_id(call, "ANPA", "policy", &name),
        name: name.clone(),
        path: path.clone(),
        description: names::description(call)?.unwrap_or_default(),
        versions: BTreeMap::from([("v1".to_owned(), document)]),
        default_version: "v1".to_owned(),
        tags: names::tags(call)?,
    };
    let policy_arn = call.iam_arn("policy", &path, &name);
    note_created(call, policy_arn.clone());
    note_created(call, versions::key(&policy_arn, "v1"));
    let mut shown = show(call, &policy_arn, &policy, Usage::default());
    shown["Tags"] = tags::show(&policy.tags);
    call.account_mut()?.iam.policies.insert(policy_arn, policy);
    Ok(json!({ "Policy": shown }))
}

fn get(call: &mut Call) -> Result<Value, AwsError> {
    let policy_arn = call.params.required("PolicyArn")?;
    let iam = &call.account()?.iam;
    let usage = usage::of(iam, policy_arn);
    let mut shown;
    if let Some(policy) = aws_managed(call, policy_arn) {
        shown = show_managed(call, policy_arn, policy, usage);
        shown["Tags"] = json!([]);
    } else {
        let policy = iam.policies.get(policy_arn).ok_or_else(|| not_found(policy_arn))?;
        shown = show(call, policy_arn, policy, usage);
        if !policy.description.is_empty() {
            shown["Description"] = json!(policy.description);
        }
        shown["Tags"] = if policy.tags.is_empty() { json!([]) } else { tags::show(&policy.tags) };
    }
    Ok(json!({ "Policy": shown }))
}

fn list_needs(call: &Call) -> Result<Vec<Need>, AwsError> {
    names::one_of(call, "Scope", &["All", "AWS", "Local"])?;
    names::one_of(call, "PolicyUsageFilter", &["PermissionsPolicy", "PermissionsBoundary"])?;
    // the words AWS shows for a resource that is no ARN
    Ok(vec![Need::on(format!("policy path {}", names::path_prefix(call)?))])
}

fn list(call: &mut Call) -> Result<Value, AwsError> {
    let scope = call.params.text("Scope").unwrap_or("All");
    let prefix = names::path_prefix(call)?;
    let only_attached = call.params.flag("OnlyAttached")?.unwrap_or(false);
    let filter = call.params.text("PolicyUsageFilter");
    let iam = &call.account()?.iam;
    let usages = usage::all(iam);
    let used = |policy: &str| usages.get(policy).copied().unwrap_or_default();
    let wanted = |usage: Usage| {
        (!only_attached || usage.attachments + usage.boundaries > 0)
            && match filter {
                Some("PermissionsPolicy") => usage.attachments > 0,
                Some(_) => usage.boundaries > 0,
                None => true,
            }
    };
    let local = iam
        .policies
        .iter()
        .filter(|(_, policy)| scope != "AWS" && policy.path.starts_with(&prefix))
        .filter(|(policy, _)| wanted(used(policy)))
        .map(|(policy_arn, policy)| (format!("1 {policy_arn}"), show(call, policy_arn, policy, used(policy_arn))));
    let mut managed: Vec<_> = managed::all()
        .filter(|policy| scope != "Local" && policy.path.starts_with(&prefix))
        .map(|policy| (managed_arn(call, policy), policy))
        .filter(|(policy_arn, _)| wanted(used(policy_arn)))
        .collect();
    managed.sort_by(|one, other| one.0.cmp(&other.0));
    let managed =
        managed.iter().map(|(policy_arn, policy)| (format!("2 {policy_arn}"), show_managed(call, policy_arn, policy, used(policy_arn))));
    Ok(call.page(local.chain(managed))?.into_iam("Policies"))
}

fn delete(call: &mut Call) -> Result<Value, AwsError> {
    let policy = customer(call)?;
    let (name, versions) = (policy.name.clone(), policy.versions.len());
    let policy_arn = call.params.required("PolicyArn")?.to_owned();
    let usage = usage::of(&call.account()?.iam, &policy_arn);
    if usage.attachments + usage.boundaries > 0 {
        return Err(AwsError::delete_conflict("Cannot delete a policy attached to entities."));
    }
    if versions > 1 {
        return Err(AwsError::delete_conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. \
             The default version is deleted with the policy.",
        ));
    }
    call.account_mut()?.iam.policies.remove(&policy_arn);
    note_deleted(call, "policy", &name, &policy_arn);
    let first = versions::key(&policy_arn, "");
    call.world.extras_mut(&call.caller.account).created.retain(|key, _| !key.starts_with(&first));
    Ok(Value::Null)
}
