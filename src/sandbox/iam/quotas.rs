//! IAM's default quotas ("IAM and AWS STS quotas" in the IAM user guide) and what AWS says when one is met.

use crate::sandbox::error::AwsError;

pub(super) const USERS: usize = 5_000;
pub(super) const GROUPS: usize = 300;
pub(super) const ROLES: usize = 1_000;
pub(super) const POLICIES: usize = 1_500;
pub(super) const VERSIONS_PER_POLICY: usize = 5;
pub(super) const GROUPS_PER_USER: usize = 10;
pub(super) const ATTACHED_PER_ENTITY: usize = 10;
pub(super) const KEYS_PER_USER: usize = 2;
pub(super) const MFA_DEVICES_PER_USER: usize = 8;
pub(super) const TAGS: usize = 50;

/// Refuses when there are `quota` things already; `what` is AWS's name of the quota.
pub(super) fn room(have: usize, quota: usize, what: &str) -> Result<(), AwsError> {
    if have < quota { Ok(()) } else { Err(exceeded(what, quota)) }
}

pub(super) fn exceeded(what: &str, quota: usize) -> AwsError {
    AwsError::limit_exceeded(format!("Cannot exceed quota for {what}: {quota}"))
}
