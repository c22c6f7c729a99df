//! Versions of managed policies. Numbers are never used again.

use super::entity::{created, note_created};
use super::{documents, names, policies, quotas};
use crate::estate::{Arn, ManagedPolicy};
use crate::policy::{Document, Kind};
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use crate::sandbox::wire;
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreatePolicyVersion", needs: |call| Ok(vec![policies::need(call)?]), run: create },
    Operation { name: "GetPolicyVersion", needs: version_need, run: get },
    Operation { name: "ListPolicyVersions", needs: |call| Ok(vec![policies::need(call)?]), run: list },
    Operation { name: "SetDefaultPolicyVersion", needs: version_need, run: set_default },
    Operation { name: "DeletePolicyVersion", needs: version_need, run: delete },
];

/// Under what the time of a version is noted. It stays when the version is deleted, until the policy is: so the next
/// number is known.
pub(super) fn key(policy_arn: &str, version: &str) -> String {
    format!("{policy_arn}:{version}")
}

fn version_need(call: &Call) -> Result<Vec<Need>, AwsError> {
    names::version_id(call)?;
    Ok(vec![policies::need(call)?])
}

fn missing(policy_arn: &str, version: &str) -> AwsError {
    AwsError::no_such_entity(format!("Policy {policy_arn} version {version} does not exist or is not attachable."))
}

/// The number in a version id; 0 for what is none.
fn number(version: &str) -> u32 {
    version.strip_prefix('v').and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

fn next(call: &Call, policy_arn: &str, policy: &ManagedPolicy) -> u32 {
    let first = key(policy_arn, "");
    let noted = call.world.extras(&call.caller.account).into_iter().flat_map(|extras| {
        extras.created.range(first.clone()..).map_while(|(key, _)| key.strip_prefix(&first)).map(number).collect::<Vec<_>>()
    });
    policy.versions.keys().map(|version| number(version)).chain(noted).max().unwrap_or(0) + 1
}

/// Newest first, as AWS lists them.
pub(super) fn sorted(policy: &ManagedPolicy) -> Vec<(&str, &Document)> {
    let mut versions: Vec<_> = policy.versions.iter().map(|(version, document)| (version.as_str(), document)).collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(number(version)));
    versions
}

/// Without the document.
pub(super) fn show(call: &Call, policy_arn: &str, policy: &ManagedPolicy, version: &str) -> Value {
    json!({
        "VersionId": version,
        "IsDefaultVersion": version == policy.default_version,
        "CreateDate": created(call, &key(policy_arn, version)),
    })
}

fn create(call: &mut Call) -> Result<Value, AwsError> {
    let document = documents::given(call, "PolicyDocument", Kind::Identity)?;
    let as_default = call.params.flag("SetAsDefault")?.unwrap_or(false);
    let policy_arn: Arn = call.params.required("PolicyArn")?.to_owned();
    let policy = policies::customer(call)?;
    policies::check_size(&document)?;
    if policy.versions.len() >= quotas::VERSIONS_PER_POLICY {
        return Err(AwsError::limit_exceeded(format!(
            "A managed policy can have up to {} versions. Before you create a new version, you must delete an existing version.",
            quotas::VERSIONS_PER_POLICY
        )));
    }
    let version = format!("v{}", next(call, &policy_arn, policy));
    let policy = policies::changed(call, &policy_arn)?;
    policy.versions.insert(version.clone(), document);
    if as_default {
        policy.default_version.clone_from(&version);
    }
    note_created(call, key(&policy_arn, &version));
    Ok(json!({ "PolicyVersion": show(call, &policy_arn, policies::customer(call)?, &version) }))
}

fn get(call: &mut Call) -> Result<Value, AwsError> {
    let policy_arn = call.params.required("PolicyArn")?;
    let version = names::version_id(call)?;
    if let Some(policy) = policies::aws_managed(call, policy_arn) {
        let Some(document) = policy.document.as_ref().filter(|_| version == "v1") else {
            return Err(AwsError::no_such_entity(format!(
                "Policy {policy_arn} version {version} does not exist or is not attachable. \
                 (The sandbox knows one version of AWS-managed policies, and the documents of the common ones only.)"
            )));
        };
        let shown = json!({
            "Document": documents::encoded(document),
            "VersionId": version,
            "IsDefaultVersion": true,
            "CreateDate": wire::iso(Timestamp::UNIX_EPOCH),
        });
        return Ok(json!({ "PolicyVersion": shown }));
    }
    let policy = call.account()?.iam.policies.get(policy_arn).ok_or_else(|| missing(policy_arn, &version))?;
    let document = policy.versions.get(&version).ok_or_else(|| missing(policy_arn, &version))?;
    let mut shown = show(call, policy_arn, policy, &version);
    shown["Document"] = json!(documents::encoded(document));
    Ok(json!({ "PolicyVersion": shown }))
}

fn list(call: &mut Call) -> Result<Value, AwsError> {
    let policy_arn = call.params.required("PolicyArn")?;
    if policies::aws_managed(call, policy_arn).is_some() {
        let only = json!({ "VersionId": "v1", "IsDefaultVersion": true, "CreateDate": wire::iso(Timestamp::UNIX_EPOCH) });
        return Ok(json!({ "Versions": [only], "IsTruncated": false }));
    }
    let policy = policies::customer(call)?;
    let items = sorted(policy).into_iter().map(|(version, _)| {
        // newest first: the higher the number, the lower the key
        (format!("{:010}", u32::MAX - number(version)), show(call, policy_arn, policy, version))
    });
    Ok(call.page(items)?.into_iam("Versions"))
}

/// The version that the request names, of a policy of the account.
fn named(call: &Call) -> Result<(Arn, String), AwsError> {
    let policy_arn = call.params.required("PolicyArn")?.to_owned();
    let version = names::version_id(call)?;
    let policy = match policies::customer(call) {
        Err(error) if error.code == "NoSuchEntity" => return Err(missing(&policy_arn, &version)),
        other => other?,
    };
    if policy.versions.contains_key(&version) { Ok((policy_arn, version)) } else { Err(missing(&policy_arn, &version)) }
}

fn set_default(call: &mut Call) -> Result<Value, AwsError> {
    let (policy_arn, version) = named(call)?;
    policies::changed(call, &policy_arn)?.default_version = version;
    Ok(Value::Null)
}

fn delete(call: &mut Call) -> Result<Value, AwsError> {
    let (policy_arn, version) = named(call)?;
    if policies::customer(call)?.default_version == version {
        return Err(AwsError::delete_conflict("Cannot delete the default version of a policy."));
    }
    policies::changed(call, &policy_arn)?.versions.remove(&version);
    Ok(Value::Null)
}
