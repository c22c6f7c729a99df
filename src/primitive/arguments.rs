//! Argument types that take a string or the object that stands for it, and AWS's rules for what a string may be.
//! The rules are those of the botocore models of IAM and Organizations.

use super::contract::Argument;
use crate::aws::is_account_id;
use crate::estate::{Tags, arn};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

macro_rules! reference {
    ($(#[$doc:meta])* $name:ident, $what:literal, $($field:literal)|+) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = Value::deserialize(deserializer)?;
                let text = text_or_field(&value, &[$($field),+]);
                text.map(|text| $name(text.to_owned())).ok_or_else(|| D::Error::custom(concat!("expected ", $what)))
            }
        }
    };
}

reference!(
    /// An account: its id, or an object with one.
    AccountRef, "an account: its id as a string, or what create_account returned", "id"
);
reference!(
    /// A root or organisational unit: its id, a unit, or the organisation (its root).
    UnitRef, "an organisational unit: its id, what create_organizational_unit returned, or the organisation for its root", "root" | "id"
);
reference!(
    /// A group: its name or the object.
    GroupRef, "a group: its name, or what create_group returned", "name"
);
reference!(
    /// A role: its name or the object.
    RoleRef, "a role: its name, or what create_role returned", "name"
);
reference!(
    /// A user: its name or the object.
    UserRef, "a user: its name, or what create_user returned", "name"
);
reference!(
    /// A managed policy: its ARN or the object.
    PolicyRef, "a managed policy: its ARN, or what create_policy returned", "arn"
);

fn text_or_field<'v>(value: &'v Value, fields: &[&str]) -> Option<&'v str> {
    match value {
        Value::String(text) => Some(text),
        Value::Object(object) => fields.iter().find_map(|field| object.get(*field)).and_then(Value::as_str),
        _ => None,
    }
}

pub(super) type Checked = Result<(), Argument>;

fn refuse(code: &'static str, path: &str, message: String, hint: &str) -> Checked {
    Err(Argument::new(code, path, message).hint(hint))
}

fn is_name(text: &str, most: usize) -> bool {
    !text.is_empty() && text.len() <= most && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
}

/// A user's or role's name: 1 to 64 of letters, digits and `_+=,.@-`.
pub(super) fn entity_name(path: &str, text: &str) -> Checked {
    if is_name(text, 64) {
        return Ok(());
    }
    refuse("name", path, format!("`{text}` cannot be a name in IAM"), "use 1 to 64 letters, digits and `_+=,.@-`")
}

/// The name of a virtual MFA device: as `entity_name`, up to 226.
pub(super) fn device_name(path: &str, text: &str) -> Checked {
    if is_name(text, 226) {
        return Ok(());
    }
    refuse("name", path, format!("`{text}` cannot be the name of an MFA device"), "use 1 to 226 letters, digits and `_+=,.@-`")
}

/// A group's or policy's name: as `entity_name`, up to 128.
pub(super) fn long_name(path: &str, text: &str) -> Checked {
    if is_name(text, 128) {
        return Ok(());
    }
    refuse("name", path, format!("`{text}` cannot be a name in IAM"), "use 1 to 128 letters, digits and `_+=,.@-`")
}

/// An IAM path: `/`, or printable ASCII between two slashes, at most 512.
pub(super) fn iam_path(path: &str, text: &str) -> Checked {
    let inner = text.len() <= 512 && text.starts_with('/') && text.ends_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic());
    if inner {
        return Ok(());
    }
    refuse("path", path, format!("`{text}` cannot be a path in IAM"), "begin and end it with `/`, as in `/teams/app/`")
}

/// A path of a managed policy: narrower than other paths.
pub(super) fn policy_path(path: &str, text: &str) -> Checked {
    iam_path(path, text)?;
    let narrow = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/.,+@=_-".contains(&byte)) && !text.contains("//");
    if narrow {
        return Ok(());
    }
    refuse("path", path, format!("`{text}` cannot be the path of a policy"), "use letters, digits and `.,+@=_-` between single slashes")
}

/// The ARN of a managed policy.
pub(super) fn policy_arn(path: &str, text: &str) -> Checked {
    if arn::parse(text).is_some_and(|arn| arn.service == "iam" && arn.resource.starts_with("policy/")) {
        return Ok(());
    }
    refuse(
        "policy-arn",
        path,
        format!("`{text}` is not the ARN of a managed policy"),
        "give an ARN like `arn:aws:iam::aws:policy/ReadOnlyAccess`, or what create_policy returned",
    )
}

/// The root address of an account, by the rules of CreateAccount.
pub(super) fn email(path: &str, text: &str) -> Checked {
    let hint = "give an address like `aws+dev@example.com`, 6 to 64 ASCII characters, not used by any AWS account";
    let good = (6..=64).contains(&text.len())
        && text.is_ascii()
        && text.split_once('@').is_some_and(|(local, domain)| good_local(local) && good_domain(domain));
    if good { Ok(()) } else { refuse("email", path, format!("`{text}` cannot be an account's address"), hint) }
}

fn good_local(local: &str) -> bool {
    let forbidden = |byte: u8| byte.is_ascii_whitespace() || byte.is_ascii_control() || b"\"'()<>[]:;,\\|%&@".contains(&byte);
    !local.is_empty() && !local.starts_with('.') && !local.bytes().any(forbidden)
}

fn good_domain(domain: &str) -> bool {
    let edge = |c: char| c == '-' || c == '.';
    domain.contains('.')
        && !domain.starts_with(edge)
        && !domain.ends_with(edge)
        && domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-')
}

/// An account's name: 1 to 50 printable ASCII characters.
pub(super) fn account_name(path: &str, text: &str) -> Checked {
    if (1..=50).contains(&text.len()) && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
        return Ok(());
    }
    refuse("account-name", path, format!("`{text}` cannot be an account's name"), "use 1 to 50 printable ASCII characters")
}

/// An organisational unit's name: 1 to 128 characters.
pub(super) fn unit_name(path: &str, text: &str) -> Checked {
    if (1..=128).contains(&text.chars().count()) {
        return Ok(());
    }
    refuse("unit-name", path, format!("`{text}` cannot be a unit's name"), "use 1 to 128 characters")
}

/// An account id as an argument.
pub(super) fn account_id(path: &str, text: &str) -> Checked {
    if is_account_id(text) {
        return Ok(());
    }
    refuse("account-id", path, format!("`{text}` is not an account id"), "give the twelve digits as a string, or the account object")
}

/// The id of a root or organisational unit.
pub(super) fn unit_id(path: &str, text: &str) -> Checked {
    if text.starts_with("ou-") || text.starts_with("r-") {
        return Ok(());
    }
    refuse(
        "unit-id",
        path,
        format!("`{text}` is not the id of a root or organisational unit"),
        "give an `ou-…` or `r-…` id, or what create_organizational_unit returned",
    )
}

/// Tags: at most 50; keys 1 to 128 and values up to 256 characters; `aws:` is AWS's.
pub(super) fn tags(path: &str, tags: &Tags) -> Checked {
    if tags.len() > 50 {
        return refuse("tags", path, format!("there are {} tags", tags.len()), "give at most 50");
    }
    for (key, value) in tags {
        let path = format!("{path}.{key}");
        if key.is_empty() || key.chars().count() > 128 || key.to_ascii_lowercase().starts_with("aws:") {
            return refuse("tags", &path, format!("`{key}` cannot be a tag key"), "use 1 to 128 characters, not beginning with `aws:`");
        }
        if value.chars().count() > 256 {
            return refuse("tags", &path, format!("the value of tag `{key}` is too long"), "use at most 256 characters");
        }
    }
    Ok(())
}

pub(super) fn default_path() -> String {
    "/".to_owned()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
pub(super) fn is_false(flag: &bool) -> bool {
    !flag
}

pub(super) fn is_default_path(path: &str) -> bool {
    path == "/"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_follow_the_rules_of_create_account() {
        for good in ["a@b.co", "aws+dev@example.com", "x_y-z@sub.example.org"] {
            assert!(email("email", good).is_ok(), "{good}");
        }
        for bad in
            ["", "a@b", "@example.com", ".a@example.com", "a b@example.com", "a@-x.com", "a@x.com.", "a@@x.com", "ä@x.com", "a'b@x.com"]
        {
            assert!(email("email", bad).is_err(), "{bad}");
        }
        assert!(email("email", &format!("{}@example.com", "x".repeat(60))).is_err());
    }

    #[test]
    fn names_and_paths_follow_the_rules_of_iam() {
        assert!(entity_name("name", "allow-admin_from.x@y=,+").is_ok());
        assert!(entity_name("name", "bad name").is_err());
        assert!(entity_name("name", &"x".repeat(65)).is_err());
        assert!(long_name("name", &"x".repeat(128)).is_ok());
        for good in ["/", "/a/", "/a/b!/"] {
            assert!(iam_path("path", good).is_ok(), "{good}");
        }
        for bad in ["", "a", "/a", "a/", "/a b/"] {
            assert!(iam_path("path", bad).is_err(), "{bad}");
        }
        assert!(policy_path("path", "/a//b/").is_err());
        assert!(policy_path("path", "/a!/").is_err());
    }

    #[test]
    fn ids_and_arns_are_told_from_names() {
        assert!(policy_arn("managed[0]", "arn:aws-cn:iam::aws:policy/ReadOnlyAccess").is_ok());
        assert!(policy_arn("managed[0]", "ReadOnlyAccess").is_err());
        assert!(unit_id("ou", "ou-abcd-12345678").is_ok());
        assert!(unit_id("ou", "Workloads").is_err());
        assert!(account_id("account", "111122223333").is_ok());
    }

    #[test]
    fn a_string_or_the_object_will_do() {
        let read = |value: Value| serde_json::from_value::<UnitRef>(value);
        assert_eq!(read(serde_json::json!("ou-1")).unwrap().0, "ou-1");
        assert_eq!(read(serde_json::json!({"kind": "organizational_unit", "id": "ou-1"})).unwrap().0, "ou-1");
        assert_eq!(read(serde_json::json!({"kind": "organization", "id": "o-1", "root": "r-1"})).unwrap().0, "r-1");
        assert!(read(serde_json::json!(3)).unwrap_err().to_string().contains("organisational unit"));
    }

    #[test]
    fn tags_of_aws_are_not_ours() {
        assert!(tags("tags", &Tags::from([("team".into(), "a".into())])).is_ok());
        assert_eq!(tags("tags", &Tags::from([("aws:x".into(), "a".into())])).unwrap_err().path, "tags.aws:x");
    }
}
