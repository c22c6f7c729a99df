//! Service control policies.

use super::directory::{FULL_AWS_ACCESS, arn, constraint, exception, managed, managed_mut, on, on_all, scp_enabled};
use crate::estate::{Organization, ServiceControlPolicy};
use crate::policy::{Document, Kind, size};
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::ids;
use crate::sandbox::service::{Need, Operation};
use crate::sandbox::world::World;
use serde_json::{Value, json};

const POLICY: &str = "PolicyId";

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "CreatePolicy",
        needs: |call| {
            let tags = call.params.tags("Tags")?;
            Ok(vec![Need::on("*").request_tags(&tags)])
        },
        run: create,
    },
    Operation { name: "DescribePolicy", needs: |call| on(call, POLICY), run: describe },
    Operation { name: "UpdatePolicy", needs: |call| on(call, POLICY), run: update },
    Operation { name: "DeletePolicy", needs: |call| on(call, POLICY), run: delete },
    Operation { name: "ListPolicies", needs: on_all, run: list },
];

/// The summary of a policy.
pub(super) fn summary(world: &World, id: &str, policy: &ServiceControlPolicy) -> Value {
    json!({
        "Id": id,
        "Arn": arn(world, id),
        "Name": policy.name,
        "Description": policy.description,
        "Type": "SERVICE_CONTROL_POLICY",
        "AwsManaged": id == FULL_AWS_ACCESS,
    })
}

/// The policy whose id stands in `PolicyId`.
pub(super) fn policy<'a>(call: &'a Call) -> Result<(&'a str, &'a ServiceControlPolicy), AwsError> {
    let id = call.params.required(POLICY)?;
    let policy = managed(call)?
        .policies
        .get(id)
        .ok_or_else(|| exception("PolicyNotFoundException", "You specified a policy that doesn't exist."))?;
    Ok((id, policy))
}

/// Whether this type of policy is one the sandbox has.
pub(super) fn scp(kind: &str) -> Result<bool, AwsError> {
    match kind {
        "SERVICE_CONTROL_POLICY" => Ok(true),
        "RESOURCE_CONTROL_POLICY"
        | "TAG_POLICY"
        | "BACKUP_POLICY"
        | "AISERVICES_OPT_OUT_POLICY"
        | "CHATBOT_POLICY"
        | "DECLARATIVE_POLICY_EC2"
        | "SECURITYHUB_POLICY" => Ok(false),
        _ => Err(AwsError::invalid_input("INVALID_ENUM_POLICY_TYPE", format!("`{kind}` is no policy type of AWS"))),
    }
}

fn full(call: &Call) -> Result<Value, AwsError> {
    let (id, policy) = policy(call)?;
    Ok(json!({ "Policy": { "PolicySummary": summary(call.world, id, policy), "Content": policy.document.text() } }))
}

fn content(text: &str) -> Result<Document, AwsError> {
    if text.chars().count() > size::SERVICE_CONTROL {
        return Err(constraint("POLICY_CONTENT_LIMIT_EXCEEDED", "You attempted to exceed the maximum policy content size."));
    }
    Document::parse(Kind::ServiceControl, text).map_err(|malformed| {
        exception(
            "MalformedPolicyDocumentException",
            format!("The provided policy document does not meet the requirements of the specified policy type. {malformed}"),
        )
    })
}

fn name(name: &str) -> Result<String, AwsError> {
    if (1..=128).contains(&name.chars().count()) {
        return Ok(name.to_owned());
    }
    Err(AwsError::invalid_input("MAX_LENGTH_EXCEEDED", "`Name` has 1 to 128 characters"))
}

fn description(text: &str) -> Result<String, AwsError> {
    if text.chars().count() <= 512 {
        return Ok(text.to_owned());
    }
    Err(AwsError::invalid_input("MAX_LENGTH_EXCEEDED", "`Description` has at most 512 characters"))
}

fn unique(organization: &Organization, name: &str) -> Result<(), AwsError> {
    if organization.policies.values().any(|policy| policy.name == name) {
        return Err(exception("DuplicatePolicyException", "A policy with the same name already exists."));
    }
    Ok(())
}

fn create(call: &mut Call) -> Result<Value, AwsError> {
    let organization = managed(call)?;
    if !scp(call.params.required("Type")?)? {
        return Err(exception(
            "PolicyTypeNotAvailableForOrganizationException",
            "the sandbox has policies of type SERVICE_CONTROL_POLICY only",
        ));
    }
    let name = name(call.params.required("Name")?)?;
    let description = description(call.params.text("Description").unwrap_or_default())?;
    let document = content(call.params.required("Content")?)?;
    let tags = call.params.tags("Tags")?;
    if !scp_enabled(organization) {
        return Err(exception("PolicyTypeNotEnabledException", "The specified policy type isn't currently enabled in this root."));
    }
    unique(organization, &name)?;
    let seed = call.world.seed();
    let id = (0..u32::MAX)
        .map(|attempt| format!("p-{}", ids::lower(seed, 10, &["policy", &organization.id, &name, &attempt.to_string()])))
        .find(|id| !organization.policies.contains_key(id))
        .ok_or_else(|| exception("ServiceException", "no id is left for this policy"))?;
    let policy = ServiceControlPolicy { name, description, document };
    let reply = json!({ "Policy": {
        "PolicySummary": summary(call.world, &id, &policy),
        "Content": policy.document.text(),
    } });
    let organization = managed_mut(call)?;
    if !tags.is_empty() {
        organization.tags.insert(id.clone(), tags);
    }
    organization.policies.insert(id, policy);
    Ok(reply)
}

fn describe(call: &mut Call) -> Result<Value, AwsError> {
    full(call)
}

/// The id of the policy, unless it is AWS's own.
fn own(call: &Call) -> Result<String, AwsError> {
    let (id, _) = policy(call)?;
    if id == FULL_AWS_ACCESS {
        return Err(AwsError::invalid_input("IMMUTABLE_POLICY", "You specified a policy that is managed by AWS and can't be modified."));
    }
    Ok(id.to_owned())
}

fn update(call: &mut Call) -> Result<Value, AwsError> {
    let id = own(call)?;
    let (_, old) = policy(call)?;
    let mut new = old.clone();
    if let Some(text) = call.params.text("Name").filter(|name| *name != old.name) {
        new.name = name(text)?;
        unique(managed(call)?, &new.name)?;
    }
    if let Some(text) = call.params.text("Description") {
        new.description = description(text)?;
    }
    if let Some(text) = call.params.text("Content") {
        new.document = content(text)?;
    }
    managed_mut(call)?.policies.insert(id, new);
    full(call)
}

fn delete(call: &mut Call) -> Result<Value, AwsError> {
    let id = own(call)?;
    let organization = managed_mut(call)?;
    if organization.attachments.values().any(|attached| attached.contains(&id)) {
        return Err(exception(
            "PolicyInUseException",
            "The policy is attached to one or more entities. You must detach it from all roots, OUs, and accounts before performing this operation.",
        ));
    }
    organization.policies.remove(&id);
    organization.tags.remove(&id);
    Ok(Value::Null)
}

fn list(call: &mut Call) -> Result<Value, AwsError> {
    let organization = managed(call)?;
    let known = scp(call.params.required("Filter")?)?;
    let found = organization.policies.iter().filter(|_| known);
    let page = call.results(found.map(|(id, policy)| (id.clone(), summary(call.world, id, policy))))?;
    Ok(page.into_organizations("Policies"))
}
