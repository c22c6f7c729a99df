//! ARNs, taken apart and put together; the partition is never assumed.

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArnParts<'a> {
    pub partition: &'a str,
    pub service: &'a str,
    pub region: &'a str,
    pub account: &'a str,
    pub resource: &'a str,
}

/// Takes an ARN apart; none when it is not one.
#[must_use]
pub fn parse(arn: &str) -> Option<ArnParts<'_>> {
    let mut parts = arn.splitn(6, ':');
    if parts.next()? != "arn" {
        return None;
    }
    Some(ArnParts {
        partition: parts.next()?,
        service: parts.next()?,
        region: parts.next()?,
        account: parts.next()?,
        resource: parts.next()?,
    })
}

/// The ARN of an IAM object: `kind` is `user`, `group`, `role` or `policy`; `path` begins and ends with `/`.
#[must_use]
pub fn iam(partition: &str, account: &str, kind: &str, path: &str, name: &str) -> String {
    format!("arn:{partition}:iam::{account}:{kind}{path}{name}")
}

/// `arn:PARTITION:iam::ACCOUNT:root`
#[must_use]
pub fn root(partition: &str, account: &str) -> String {
    format!("arn:{partition}:iam::{account}:root")
}

/// The name at the end of an IAM ARN, behind its path.
#[must_use]
pub fn name(arn: &str) -> Option<&str> {
    parse(arn)?.resource.rsplit('/').next()
}
