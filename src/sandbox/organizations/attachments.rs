//! Which policies hang on which root, unit or account.

use super::directory::{arn, constraint, exception, managed, managed_mut, on, scp_enabled, target};
use super::policies::{policy, scp, summary};
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::Operation;
use serde_json::{Value, json};

/// Service control policies a target may have (AWS Organizations quotas page).
const LIMIT: usize = 10;

const TARGET: &str = "TargetId";

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "AttachPolicy", needs: |call| on(call, "PolicyId"), run: attach },
    Operation { name: "DetachPolicy", needs: |call| on(call, "PolicyId"), run: detach },
    Operation { name: "ListPoliciesForTarget", needs: |call| on(call, TARGET), run: list_policies },
    Operation { name: "ListTargetsForPolicy", needs: |call| on(call, "PolicyId"), run: list_targets },
];

/// The id in `TargetId`, which must be the root, a unit or an account.
fn target_id<'a>(call: &'a Call) -> Result<&'a str, AwsError> {
    let id = call.params.required(TARGET)?;
    match target(call.world, managed(call)?, id) {
        Some(_) => Ok(id),
        None => Err(exception("TargetNotFoundException", "You specified a target that doesn't exist.")),
    }
}

/// The policy and target of the call, once service control policies are on.
fn both(call: &Call) -> Result<(String, String), AwsError> {
    let (policy, _) = policy(call)?;
    let target = target_id(call)?;
    if !scp_enabled(managed(call)?) {
        return Err(exception("PolicyTypeNotEnabledException", "The specified policy type isn't currently enabled in this root."));
    }
    Ok((policy.to_owned(), target.to_owned()))
}

fn attach(call: &mut Call) -> Result<Value, AwsError> {
    let (policy, target) = both(call)?;
    if let Some(attached) = managed(call)?.attachments.get(&target) {
        if attached.contains(&policy) {
            return Err(exception(
                "DuplicatePolicyAttachmentException",
                "The selected policy is already attached to the specified target.",
            ));
        }
        if attached.len() >= LIMIT {
            return Err(constraint(
                "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
                "You have exceeded the number of policies of this type that can be attached to the target.",
            ));
        }
    }
    managed_mut(call)?.attachments.entry(target).or_default().insert(policy);
    Ok(Value::Null)
}

fn detach(call: &mut Call) -> Result<Value, AwsError> {
    let (policy, target) = both(call)?;
    let attached = managed(call)?.attachments.get(&target).filter(|attached| attached.contains(&policy));
    match attached.map(std::collections::BTreeSet::len) {
        None => {
            return Err(exception("PolicyNotAttachedException", "The policy isn't attached to the specified target."));
        }
        Some(1) => {
            return Err(constraint(
                "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
                "You cannot remove the last policy of this type attached to the specified target.",
            ));
        }
        Some(_) => {}
    }
    if let Some(attached) = managed_mut(call)?.attachments.get_mut(&target) {
        attached.remove(&policy);
    }
    Ok(Value::Null)
}

fn list_policies(call: &mut Call) -> Result<Value, AwsError> {
    let organization = managed(call)?;
    let target = target_id(call)?;
    let known = scp(call.params.required("Filter")?)?;
    let attached = organization.attachments.get(target).into_iter().flatten().filter(|_| known);
    let found = attached.filter_map(|id| Some((id.clone(), summary(call.world, id, organization.policies.get(id)?))));
    Ok(call.results(found)?.into_organizations("Policies"))
}

fn list_targets(call: &mut Call) -> Result<Value, AwsError> {
    let organization = managed(call)?;
    let (policy, _) = policy(call)?;
    let holders = organization.attachments.iter().filter(|(_, attached)| attached.contains(policy));
    let found = holders.filter_map(|(id, _)| {
        let (name, kind) = target(call.world, organization, id)?;
        let item = json!({ "TargetId": id, "Arn": arn(call.world, id), "Name": name, "Type": kind });
        Some((id.clone(), item))
    });
    Ok(call.results(found)?.into_organizations("Targets"))
}
