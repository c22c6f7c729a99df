//! The rules of IAM's parameters (botocore's model of IAM), refused in AWS's words before anything else is looked at.

use crate::estate::Tags;
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::params::lower_first;

/// Names of users and roles.
pub(super) const SHORT: usize = 64;
/// Names of groups and policies.
pub(super) const LONG: usize = 128;
const LONGEST_PATH: usize = 512;

fn refused(member: &str, constraint: &str) -> AwsError {
    let member = lower_first(member);
    AwsError::validation(format!("1 validation error detected: Value at '{member}' failed to satisfy constraint: {constraint}"))
}

/// A length in characters.
pub(super) fn length(member: &str, text: &str, least: usize, most: usize) -> Result<(), AwsError> {
    let count = text.chars().count();
    if count > most {
        return Err(refused(member, &format!("Member must have length less than or equal to {most}")));
    }
    if count < least {
        return Err(refused(member, &format!("Member must have length greater than or equal to {least}")));
    }
    Ok(())
}

/// A number that may be left out, between two bounds.
pub(super) fn number(call: &Call, member: &str, least: i64, most: i64) -> Result<Option<i64>, AwsError> {
    let given = call.params.integer(member)?;
    match given {
        Some(value) if value > most => Err(refused(member, &format!("Member must have value less than or equal to {most}"))),
        Some(value) if value < least => Err(refused(member, &format!("Member must have value greater than or equal to {least}"))),
        _ => Ok(given),
    }
}

/// A value out of a few.
pub(super) fn one_of<'a>(call: &'a Call, member: &str, values: &[&str]) -> Result<Option<&'a str>, AwsError> {
    match call.params.text(member) {
        Some(text) if !values.contains(&text) => {
            Err(refused(member, &format!("Member must satisfy enum value set: [{}]", values.join(", "))))
        }
        given => Ok(given),
    }
}

/// `[\w+=,.@-]+`
pub(super) fn check_name(member: &str, text: &str, most: usize) -> Result<(), AwsError> {
    length(member, text, 1, most)?;
    if text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)) {
        return Ok(());
    }
    Err(AwsError::validation(format!(
        "The specified value for {} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-",
        lower_first(member)
    )))
}

/// A name that must be given.
pub(super) fn name(call: &Call, member: &str, most: usize) -> Result<String, AwsError> {
    let text = call.params.required(member)?;
    check_name(member, text, most)?;
    Ok(text.to_owned())
}

/// A name that may be left out.
pub(super) fn optional_name(call: &Call, member: &str, most: usize) -> Result<Option<String>, AwsError> {
    call.params.text(member).map(|text| check_name(member, text, most).map(|()| text.to_owned())).transpose()
}

/// `/` or `/…/` of visible ASCII.
fn check_path(member: &str, text: &str) -> Result<(), AwsError> {
    length(member, text, 1, LONGEST_PATH)?;
    if text.starts_with('/') && text.ends_with('/') && text.chars().all(|c| c.is_ascii_graphic()) {
        return Ok(());
    }
    Err(AwsError::validation(format!(
        "The specified value for {} is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
        lower_first(member)
    )))
}

/// `Path`, or `/`.
pub(super) fn path(call: &Call) -> Result<String, AwsError> {
    Ok(optional_path(call, "Path")?.unwrap_or_else(|| "/".to_owned()))
}

/// A path that may be left out.
pub(super) fn optional_path(call: &Call, member: &str) -> Result<Option<String>, AwsError> {
    call.params.text(member).map(|text| check_path(member, text).map(|()| text.to_owned())).transpose()
}

/// `PathPrefix`, or `/`: begins with a slash, need not end with one.
pub(super) fn path_prefix(call: &Call) -> Result<String, AwsError> {
    let Some(text) = call.params.text("PathPrefix") else { return Ok("/".to_owned()) };
    length("PathPrefix", text, 1, LONGEST_PATH)?;
    if !text.starts_with('/') || !text.chars().all(|c| c.is_ascii_graphic()) {
        return Err(AwsError::validation(
            "The specified value for pathPrefix is invalid. It must begin with / and contain only alphanumeric characters and/or / characters.",
        ));
    }
    Ok(text.to_owned())
}

/// The ARN of a managed policy.
pub(super) fn policy_arn(call: &Call, member: &str) -> Result<String, AwsError> {
    let text = call.params.required(member)?;
    length(member, text, 20, 2048)?;
    let fits = crate::estate::arn::parse(text).is_some_and(|arn| arn.service == "iam" && arn.resource.starts_with("policy/"));
    if fits { Ok(text.to_owned()) } else { Err(AwsError::validation(format!("ARN {text} is not valid."))) }
}

/// `v1`, `v2`, …
pub(super) fn version_id(call: &Call) -> Result<String, AwsError> {
    let text = call.params.required("VersionId")?;
    let fits = text.strip_prefix('v').is_some_and(|number| !number.starts_with('0') && number.parse::<u32>().is_ok());
    if fits {
        return Ok(text.to_owned());
    }
    Err(refused("VersionId", r"Member must satisfy regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?"))
}

/// A description of a role or policy, at most 1000 characters.
pub(super) fn description(call: &Call) -> Result<Option<String>, AwsError> {
    call.params.text("Description").map(|text| length("Description", text, 0, 1000).map(|()| text.to_owned())).transpose()
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]`
fn is_tag_char(c: char) -> bool {
    c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
}

/// `Tags`: at most fifty, keys of 1-128 characters, values of at most 256.
pub(super) fn tags(call: &Call) -> Result<Tags, AwsError> {
    let items = call.params.list("Tags")?;
    if items.len() > super::quotas::TAGS {
        return Err(refused("Tags", "Member must have length less than or equal to 50"));
    }
    for (index, item) in items.iter().enumerate() {
        for (member, least, most) in [("key", 1, 128), ("value", 0, 256)] {
            let name = if member == "key" { "Key" } else { "Value" };
            let Some(text) = item[name].as_str() else { continue };
            let member = format!("tags.{}.member.{member}", index + 1);
            length(&member, text, least, most)?;
            if !text.chars().all(is_tag_char) {
                return Err(refused(&member, r"Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+"));
            }
        }
    }
    call.params.tags("Tags")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let long = "x".repeat(65);
        let table =
            [("alice", true), ("a+b=c,d.e@f-g_h", true), ("", false), ("a b", false), ("a/b", false), ("é", false), (long.as_str(), false)];
        for (name, fits) in table {
            assert_eq!(check_name("UserName", name, SHORT).is_ok(), fits, "{name}");
        }
    }

    #[test]
    fn paths() {
        let long = format!("/{}/", "x".repeat(511));
        let table =
            [("/", true), ("/a/", true), ("/a/b//c/", true), ("a/", false), ("/a", false), ("", false), ("/a b/", false), (&long, false)];
        for (path, fits) in table {
            assert_eq!(check_path("Path", path).is_ok(), fits, "{path}");
        }
    }

    #[test]
    fn words() {
        assert_eq!(
            check_name("RoleName", &"x".repeat(65), SHORT).expect_err("too long").message,
            "1 validation error detected: Value at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64"
        );
        assert_eq!(
            check_name("UserName", "a b", SHORT).expect_err("a space").message,
            "The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
        );
    }
}
