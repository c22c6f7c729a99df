//! The organisation and its root.

use super::directory::{FULL_AWS_ACCESS, arn, exception, managed, managed_mut, member, members, on, on_all, scp_enabled};
use crate::estate::{Organization, ServiceControlPolicy, Tags};
use crate::policy::managed::full_aws_access;
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::ids;
use crate::sandbox::service::Operation;
use crate::sandbox::world::World;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateOrganization", needs: on_all, run: create_organization },
    Operation { name: "DescribeOrganization", needs: on_all, run: describe_organization },
    Operation { name: "ListRoots", needs: on_all, run: list_roots },
    Operation { name: "EnablePolicyType", needs: |call| on(call, "RootId"), run: enable_policy_type },
    Operation { name: "DisablePolicyType", needs: |call| on(call, "RootId"), run: disable_policy_type },
];

fn create_organization(call: &mut Call) -> Result<Value, AwsError> {
    if call.account()?.parent.is_some() {
        return Err(exception("AlreadyInOrganizationException", "The AWS account is already a member of an organization."));
    }
    if call.params.text("FeatureSet").is_some_and(|set| set != "ALL") {
        return Err(AwsError::invalid_input("INVALID_ENUM", "the sandbox has organisations with `FeatureSet` ALL only"));
    }
    if call.caller.account != call.world.origin().management {
        return Err(exception(
            "AccessDeniedForDependencyException",
            "the sandbox has one organisation, that of its management account: call as its administrator",
        ));
    }
    let account = call.caller.account.clone();
    let seed = call.world.seed();
    let short = |length, what: &str| ids::lower(seed, length, &[what, &account]);
    let root = format!("r-{}", short(4, "root"));
    let policy = ServiceControlPolicy {
        name: "FullAWSAccess".to_owned(),
        description: "Allows access to every operation".to_owned(),
        document: full_aws_access(),
    };
    let full = || BTreeSet::from([FULL_AWS_ACCESS.to_owned()]);
    call.world.set_organization(Organization {
        id: format!("o-{}", short(10, "organization")),
        management: account.clone(),
        root: root.clone(),
        units: BTreeMap::new(),
        policies: BTreeMap::from([(FULL_AWS_ACCESS.to_owned(), policy)]),
        attachments: BTreeMap::from([(root.clone(), full()), (account.clone(), full())]),
        tags: BTreeMap::<String, Tags>::new(),
    });
    call.account_mut()?.parent = Some(root);
    call.world.extras_mut(&account).joined = Some(call.now);
    describe_organization(call)
}

fn describe_organization(call: &mut Call) -> Result<Value, AwsError> {
    let organization = member(call)?;
    let email = call.world.account(&organization.management).map(|account| account.email.clone());
    Ok(json!({ "Organization": {
        "Id": organization.id,
        "Arn": arn(call.world, &organization.id),
        "FeatureSet": "ALL",
        "MasterAccountId": organization.management,
        "MasterAccountArn": arn(call.world, &organization.management),
        "MasterAccountEmail": email,
        "AvailablePolicyTypes": policy_types(organization),
    } }))
}

fn policy_types(organization: &Organization) -> Value {
    if scp_enabled(organization) { json!([{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }]) } else { json!([]) }
}

fn root(world: &World, organization: &Organization) -> Value {
    json!({
        "Id": organization.root,
        "Arn": arn(world, &organization.root),
        "Name": "Root",
        "PolicyTypes": policy_types(organization),
    })
}

fn list_roots(call: &mut Call) -> Result<Value, AwsError> {
    let organization = managed(call)?;
    let item = (organization.root.clone(), root(call.world, organization));
    Ok(call.results(std::iter::once(item))?.into_organizations("Roots"))
}

/// Checks `RootId` and `PolicyType` and tells whether service control policies are on.
fn policy_type(call: &Call) -> Result<bool, AwsError> {
    let organization = managed(call)?;
    if call.params.required("RootId")? != organization.root {
        return Err(exception("RootNotFoundException", "You specified a root that doesn't exist."));
    }
    if call.params.required("PolicyType")? != "SERVICE_CONTROL_POLICY" {
        return Err(exception(
            "PolicyTypeNotAvailableForOrganizationException",
            "the sandbox has policies of type SERVICE_CONTROL_POLICY only",
        ));
    }
    Ok(scp_enabled(organization))
}

/// As AWS does, FullAWSAccess is attached to everything, for an object must have a policy.
fn enable_policy_type(call: &mut Call) -> Result<Value, AwsError> {
    if policy_type(call)? {
        return Err(exception("PolicyTypeAlreadyEnabledException", "The specified policy type is already enabled in the specified root."));
    }
    let mut targets: Vec<String> = members(call.world).map(|account| account.id.clone()).collect();
    let organization = managed_mut(call)?;
    targets.extend(organization.units.keys().cloned());
    targets.push(organization.root.clone());
    for target in targets {
        organization.attachments.insert(target, BTreeSet::from([FULL_AWS_ACCESS.to_owned()]));
    }
    let organization = managed(call)?;
    Ok(json!({ "Root": root(call.world, organization) }))
}

/// As AWS does, every policy is detached from everything.
fn disable_policy_type(call: &mut Call) -> Result<Value, AwsError> {
    if !policy_type(call)? {
        return Err(exception("PolicyTypeNotEnabledException", "The specified policy type isn't currently enabled in this root."));
    }
    managed_mut(call)?.attachments.clear();
    let organization = managed(call)?;
    Ok(json!({ "Root": root(call.world, organization) }))
}
