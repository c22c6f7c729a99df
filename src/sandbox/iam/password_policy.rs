//! The account's password policy: replaced as a whole, so that what an update leaves out falls back to its default.

use super::names;
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use serde_json::{Map, Value, json};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "UpdateAccountPasswordPolicy", needs: update_need, run: update },
    Operation { name: "GetAccountPasswordPolicy", needs: |_| Ok(vec![Need::on("*")]), run: get },
    Operation { name: "DeleteAccountPasswordPolicy", needs: |_| Ok(vec![Need::on("*")]), run: delete },
];

const FLAGS: [&str; 5] =
    ["RequireSymbols", "RequireNumbers", "RequireUppercaseCharacters", "RequireLowercaseCharacters", "AllowUsersToChangePassword"];

/// What AWS takes when nobody set a policy: at least eight characters (IAM user guide, "Default password policy").
const DEFAULT_LENGTH: u64 = 8;

/// The policy as the request puts it; members that have no default are absent when they are not given.
fn given(call: &Call) -> Result<Map<String, Value>, AwsError> {
    let mut policy = Map::new();
    policy.insert("MinimumPasswordLength".to_owned(), json!(names::number(call, "MinimumPasswordLength", 6, 128)?.unwrap_or(6)));
    for flag in FLAGS {
        policy.insert(flag.to_owned(), json!(call.params.flag(flag)?.unwrap_or(false)));
    }
    let age = names::number(call, "MaxPasswordAge", 1, 1095)?;
    policy.insert("ExpirePasswords".to_owned(), json!(age.is_some()));
    if let Some(age) = age {
        policy.insert("MaxPasswordAge".to_owned(), json!(age));
    }
    if let Some(number) = names::number(call, "PasswordReusePrevention", 1, 24)? {
        policy.insert("PasswordReusePrevention".to_owned(), json!(number));
    }
    if let Some(hard) = call.params.flag("HardExpiry")? {
        policy.insert("HardExpiry".to_owned(), json!(hard));
    }
    Ok(policy)
}

fn update_need(call: &Call) -> Result<Vec<Need>, AwsError> {
    given(call)?;
    Ok(vec![Need::on("*")])
}

fn update(call: &mut Call) -> Result<Value, AwsError> {
    let policy = given(call)?;
    call.world.extras_mut(&call.caller.account).password_policy = Some(Value::Object(policy));
    Ok(Value::Null)
}

fn stored<'a>(call: &'a Call) -> Option<&'a Value> {
    call.world.extras(&call.caller.account)?.password_policy.as_ref()
}

fn get(call: &mut Call) -> Result<Value, AwsError> {
    match stored(call) {
        Some(policy) => Ok(json!({ "PasswordPolicy": policy })),
        None => Err(AwsError::no_such_entity(format!("The Password Policy with domain name {} cannot be found.", call.caller.account))),
    }
}

fn delete(call: &mut Call) -> Result<Value, AwsError> {
    if stored(call).is_none() {
        return Err(AwsError::no_such_entity("The account policy with name PasswordPolicy cannot be found."));
    }
    call.world.extras_mut(&call.caller.account).password_policy = None;
    Ok(Value::Null)
}

/// Refuses a password that the account's policy refuses; without one the default asks for three of the four sorts.
pub(super) fn check(call: &Call, password: &str) -> Result<(), AwsError> {
    let sorts = [
        ("RequireSymbols", "symbol", password.chars().any(|c| c.is_ascii_punctuation())),
        ("RequireNumbers", "number", password.chars().any(|c| c.is_ascii_digit())),
        ("RequireUppercaseCharacters", "uppercase letter", password.chars().any(|c| c.is_ascii_uppercase())),
        ("RequireLowercaseCharacters", "lowercase letter", password.chars().any(|c| c.is_ascii_lowercase())),
    ];
    let refuse = |why: String| Err(AwsError::new("PasswordPolicyViolation", 400, why));
    let policy = stored(call);
    let least = policy.and_then(|policy| policy["MinimumPasswordLength"].as_u64()).unwrap_or(DEFAULT_LENGTH);
    if (password.chars().count() as u64) < least {
        return refuse(format!("Password should have a minimum length of {least}"));
    }
    match policy {
        Some(policy) => match sorts.iter().find(|(flag, _, present)| policy[*flag] == json!(true) && !present) {
            Some((_, what, _)) => refuse(format!("Password should have at least one {what}")),
            None => Ok(()),
        },
        None if sorts.iter().filter(|(_, _, present)| *present).count() < 3 => {
            refuse("Password should have at least three of: uppercase letter, lowercase letter, number, symbol".to_owned())
        }
        None => Ok(()),
    }
}
