//! What AWS counts of a document, and its quotas.

/// Inline policies of a group, all together, in characters without white space ("IAM and AWS STS quotas").
pub const GROUP_INLINE: usize = 5_120;
/// Inline policies of a user, all together, in characters without white space ("IAM and AWS STS quotas").
pub const USER_INLINE: usize = 2_048;
/// Inline policies of a role, all together, in characters without white space ("IAM and AWS STS quotas").
pub const ROLE_INLINE: usize = 10_240;
/// A customer managed policy, in characters without white space ("IAM and AWS STS quotas").
pub const MANAGED: usize = 6_144;
/// A role's trust policy, in characters without white space: the default of an adjustable quota ("IAM and AWS STS quotas").
pub const TRUST: usize = 2_048;
/// A service control policy, in characters *with* white space, which counts when the API is used ("Quotas for AWS Organizations", May 2026).
pub const SERVICE_CONTROL: usize = 10_240;
/// Any document on the wire, in characters (the IAM API's model).
pub const WIRE: usize = 131_072;

/// The characters that IAM counts: all but white space.
#[must_use]
pub fn characters(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::characters;

    #[test]
    fn white_space_does_not_count() {
        assert_eq!(characters("{ \"a\":\t\"b\"\r\n}"), 9);
        assert_eq!(characters("ä ö"), 2);
        assert_eq!(characters(""), 0);
    }
}
