//! Principals that IAM refuses in a trust policy, as far as the document alone shows it (whether they exist is another question).

use super::arn;
use super::check::{Malformed, SYNTAX, names, near, sort};
use super::principal;
use serde_json::Value;

const KINDS: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];

pub(super) fn principals(path: &str, value: &Value) -> Result<(), Malformed> {
    let example = "write `{\"AWS\": \"111122223333\"}` or \"*\"";
    let kinds = match value {
        Value::String(text) if text == "*" => return Ok(()),
        Value::String(text) => {
            let aws = format!("Invalid principal in policy: \"{text}\"");
            return Err(Malformed::new(path, format!("`{text}` does not say what kind of principal it is"), aws).hint(example));
        }
        Value::Object(kinds) if !kinds.is_empty() => kinds,
        Value::Object(_) => return Err(Malformed::new(path, "empty", "Missing required field Principal cannot be empty!").hint(example)),
        other => return Err(Malformed::new(path, format!("expected an object, found {}", sort(other)), SYNTAX).hint(example)),
    };
    for (kind, value) in kinds {
        let path = format!("{path}.{kind}");
        if !KINDS.contains(&kind.as_str()) {
            let hint = near(kind, &KINDS).unwrap_or_else(|| format!("expected one of {}", KINDS.join(", ")));
            let aws = format!("Invalid principal in policy: \"{kind}\"");
            return Err(Malformed::new(&path, format!("unknown kind of principal `{kind}`"), aws).hint(hint));
        }
        for (path, name) in names(&path, value)? {
            let hint = match kind.as_str() {
                "AWS" => aws_principal(name),
                "Service" => service(name),
                _ => name.is_empty().then_some("name a provider"),
            };
            if let Some(hint) = hint {
                let aws = format!("Invalid principal in policy: \"{}\":\"{name}\"", kind.to_uppercase());
                return Err(Malformed::new(&path, format!("`{name}` is no principal"), aws).hint(hint));
            }
        }
    }
    Ok(())
}

/// What to do about a name under `AWS` that IAM refuses; none when it takes it.
fn aws_principal(name: &str) -> Option<&'static str> {
    if name == "*" || principal::account(name).is_some() || is_unique_id(name) {
        return None;
    }
    let Some(arn) = arn::parse(name) else {
        return Some("write an account id of 12 digits, the ARN of a user or role, or \"*\"");
    };
    if !principal::is_account_id(arn.account) || !arn.region.is_empty() {
        return Some("an ARN of a principal has an account id of 12 digits and no region");
    }
    if name.contains(['*', '?']) {
        return Some("a principal takes no wildcards: name the account, and narrow it by a condition on `aws:PrincipalArn`");
    }
    match (arn.service, arn.resource.split_once('/')) {
        ("iam", Some(("user" | "role", name))) if !name.is_empty() => None,
        ("sts", Some(("federated-user", name))) if !name.is_empty() => None,
        ("sts", Some(("assumed-role", session)))
            if session.split_once('/').is_some_and(|(role, name)| !role.is_empty() && !name.is_empty()) =>
        {
            None
        }
        ("iam", Some(("group", _))) => Some("a group cannot be a principal: name its users, or the account"),
        _ => Some("name an account, a user, a role or a session of a role"),
    }
}

/// Users and roles have ids of these forms (IAM user guide, "Understanding unique ID prefixes").
fn is_unique_id(name: &str) -> bool {
    (name.starts_with("AIDA") || name.starts_with("AROA")) && name.len() >= 16 && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn service(name: &str) -> Option<&'static str> {
    (!name.contains('.') || name.contains(['*', '/', ' '])).then_some("write the service's domain, as in `ec2.amazonaws.com`")
}
