//! The account's alias and its summary.

use super::{names, quotas};
use crate::estate::Iam;
use crate::policy::size;
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateAccountAlias", needs: alias_needs, run: create_alias },
    Operation { name: "DeleteAccountAlias", needs: alias_needs, run: delete_alias },
    Operation { name: "ListAccountAliases", needs: |_| Ok(vec![Need::on("*")]), run: list_aliases },
    Operation { name: "GetAccountSummary", needs: |_| Ok(vec![Need::on("*")]), run: summary },
];

/// 3-63 lower-case letters, digits and single dashes, none at an end; not an account id.
fn is_alias(text: &str) -> bool {
    let account_id = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let dashed = text.starts_with('-') || text.ends_with('-') || text.contains("--");
    text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') && !dashed && !account_id
}

fn alias_needs(call: &Call) -> Result<Vec<Need>, AwsError> {
    let alias = call.params.required("AccountAlias")?;
    names::length("AccountAlias", alias, 3, 63)?;
    if !is_alias(alias) {
        return Err(AwsError::validation(
            "The specified value for accountAlias is invalid. It must contain only digits, lowercase letters, and hyphens (-), \
             but cannot begin or end with a hyphen, contain two hyphens in a row, or be an account id.",
        ));
    }
    Ok(vec![Need::on("*")])
}

/// An alias is unique over all accounts; a new one takes the place of the old.
fn create_alias(call: &mut Call) -> Result<Value, AwsError> {
    let alias = call.params.required("AccountAlias")?.to_owned();
    let taken = call.world.estate().accounts.values().any(|account| account.iam.alias.as_ref() == Some(&alias));
    if taken {
        return Err(AwsError::already_exists(format!("The account alias {alias} already exists.")));
    }
    call.account_mut()?.iam.alias = Some(alias);
    Ok(Value::Null)
}

fn delete_alias(call: &mut Call) -> Result<Value, AwsError> {
    let alias = call.params.required("AccountAlias")?.to_owned();
    if call.account()?.iam.alias.as_ref() != Some(&alias) {
        return Err(AwsError::no_such_entity(format!("The account alias {alias} cannot be found.")));
    }
    call.account_mut()?.iam.alias = None;
    Ok(Value::Null)
}

fn list_aliases(call: &mut Call) -> Result<Value, AwsError> {
    let alias = call.account()?.iam.alias.iter();
    Ok(call.page(alias.map(|alias| (alias.clone(), json!(alias))))?.into_iam("AccountAliases"))
}

fn summary(call: &mut Call) -> Result<Value, AwsError> {
    let Iam { users, groups, roles, policies, .. } = &call.account()?.iam;
    let devices = call.world.extras(&call.caller.account).map(|extras| &extras.mfa_devices);
    let versions: usize = policies.values().map(|policy| policy.versions.len()).sum();
    let counts = [
        ("Users", users.len()),
        ("UsersQuota", quotas::USERS),
        ("Groups", groups.len()),
        ("GroupsQuota", quotas::GROUPS),
        ("Roles", roles.len()),
        ("RolesQuota", quotas::ROLES),
        ("Policies", policies.len()),
        ("PoliciesQuota", quotas::POLICIES),
        ("PolicyVersionsInUse", versions),
        ("PolicyVersionsInUseQuota", 10_000),
        ("VersionsPerPolicyQuota", quotas::VERSIONS_PER_POLICY),
        ("MFADevices", devices.map_or(0, BTreeMap::len)),
        ("MFADevicesInUse", devices.map_or(0, |devices| devices.values().filter(|device| device.user.is_some()).count())),
        ("AccessKeysPerUserQuota", quotas::KEYS_PER_USER),
        ("GroupsPerUserQuota", quotas::GROUPS_PER_USER),
        ("AttachedPoliciesPerUserQuota", quotas::ATTACHED_PER_ENTITY),
        ("AttachedPoliciesPerGroupQuota", quotas::ATTACHED_PER_ENTITY),
        ("AttachedPoliciesPerRoleQuota", quotas::ATTACHED_PER_ENTITY),
        ("AssumeRolePolicySizeQuota", size::TRUST),
        ("UserPolicySizeQuota", size::USER_INLINE),
        ("GroupPolicySizeQuota", size::GROUP_INLINE),
        ("RolePolicySizeQuota", size::ROLE_INLINE),
        ("PolicySizeQuota", size::MANAGED),
        ("AccountMFAEnabled", 0),
        ("AccountAccessKeysPresent", 0),
        ("AccountPasswordPresent", 0),
        ("AccountSigningCertificatesPresent", 0),
        ("GlobalEndpointTokenVersion", 1),
        ("InstanceProfiles", 0),
        ("InstanceProfilesQuota", 1_000),
        ("Providers", 0),
        ("ServerCertificates", 0),
        ("ServerCertificatesQuota", 20),
        ("SigningCertificatesPerUserQuota", 2),
    ];
    let entries: Vec<Value> = counts.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    Ok(json!({ "SummaryMap": { "entry": entries } }))
}

#[cfg(test)]
mod tests {
    use super::is_alias;

    #[test]
    fn aliases() {
        let table = [
            ("acme", true),
            ("acme-dev-1", true),
            ("-acme", false),
            ("acme-", false),
            ("ac--me", false),
            ("Acme", false),
            ("ac_me", false),
            ("123456789012", false),
            ("12345678901", true),
        ];
        for (alias, fits) in table {
            assert_eq!(is_alias(alias), fits, "{alias}");
        }
    }
}
