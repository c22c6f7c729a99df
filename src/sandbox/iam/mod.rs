//! IAM of the sandbox: one file per noun, each with its table of operations.
//!
//! The texts of errors are AWS's own where they were seen (recorded against AWS in February 2026), and as near as can be
//! where they were not. Names are found in any case, as IAM does; ids are functions of account, kind and name.

mod account;
mod attached;
mod boundaries;
mod details;
mod documents;
mod entity;
mod groups;
mod inline;
mod keys;
mod login_profiles;
mod mfa_devices;
mod names;
mod password_policy;
mod policies;
mod quotas;
mod roles;
mod tags;
mod trust;
mod usage;
mod users;
mod versions;

use super::service::Operation;

/// One table per noun.
pub(crate) const OPERATIONS: &[&[Operation]] = &[
    users::OPERATIONS,
    groups::OPERATIONS,
    roles::OPERATIONS,
    inline::OPERATIONS,
    attached::OPERATIONS,
    policies::OPERATIONS,
    versions::OPERATIONS,
    usage::OPERATIONS,
    boundaries::OPERATIONS,
    tags::OPERATIONS,
    keys::OPERATIONS,
    login_profiles::OPERATIONS,
    mfa_devices::OPERATIONS,
    account::OPERATIONS,
    password_policy::OPERATIONS,
    details::OPERATIONS,
];

#[cfg(test)]
mod tests;
