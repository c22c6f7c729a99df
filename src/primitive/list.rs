//! The one list of primitives.

use super::contract::{Spec, session_spec};
use super::{
    add_user_to_group, attach_group_policy, attach_role_policy, attach_user_policy, create_access_key, create_account, create_group,
    create_organization, create_organizational_unit, create_policy, create_role, create_user, create_virtual_mfa_device, exclusive,
    find_account, list_accounts, move_account, put_group_policy, put_role_policy, put_user_policy, set_account_alias, set_password_policy,
    tag_account,
};
use crate::aws::Cloud;
use crate::step::{self, Failure, Operation};
use serde_json::Value;
use std::sync::Arc;

/// Performed at the end of a play; scripts do not call it.
static EXCLUSIVE: &Spec = &exclusive::SPEC;

static ALL: &[Spec] = &[
    create_organization::SPEC,
    create_organizational_unit::SPEC,
    create_account::SPEC,
    move_account::SPEC,
    tag_account::SPEC,
    list_accounts::SPEC,
    find_account::SPEC,
    create_group::SPEC,
    create_role::SPEC,
    create_policy::SPEC,
    create_user::SPEC,
    create_access_key::SPEC,
    create_virtual_mfa_device::SPEC,
    add_user_to_group::SPEC,
    attach_user_policy::SPEC,
    attach_group_policy::SPEC,
    attach_role_policy::SPEC,
    put_user_policy::SPEC,
    put_group_policy::SPEC,
    put_role_policy::SPEC,
    set_account_alias::SPEC,
    set_password_policy::SPEC,
];

/// Every primitive, in the order of the reference.
#[must_use]
pub fn all() -> &'static [Spec] {
    ALL
}

/// The primitive of this name, whether scripts can call it or not.
#[must_use]
pub fn find(name: &str) -> Option<&'static Spec> {
    ALL.iter().chain([EXCLUSIVE]).find(|spec| spec.name == name)
}

/// Builds operations again from what the journal holds.
pub struct Catalog {
    cloud: Cloud,
}

impl Catalog {
    #[must_use]
    pub fn new(cloud: Cloud) -> Catalog {
        Catalog { cloud }
    }
}

impl step::Catalog for Catalog {
    fn rebuild(&self, primitive: &str, session: &Value, input: &Value) -> Result<Arc<dyn Operation>, Failure> {
        let Some(spec) = find(primitive) else {
            return Err(Failure::fatal("unknown-primitive", format!("this version of runner has no `{primitive}`"))
                .hint("resume with the version of runner that began the run"));
        };
        let session = self.cloud.session(&session_spec(session)?);
        let bound = (spec.bind)(&session, input.clone()).map_err(|argument| {
            Failure::fatal(argument.code, format!("{primitive}: {}: {}", argument.path, argument.message))
                .hint("resume with the version of runner that began the run")
        })?;
        Ok(bound.operation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_entry_is_documented() {
        for (position, spec) in ALL.iter().enumerate() {
            assert!(ALL[..position].iter().all(|other| other.name != spec.name), "{} twice", spec.name);
            assert!(spec.doc.contains("```rhai\n") && spec.doc.contains("Errors"), "{}", spec.name);
            assert!(spec.doc.contains(spec.name), "{}", spec.name);
            assert!(!spec.actions.is_empty(), "{}", spec.name);
        }
    }
}
