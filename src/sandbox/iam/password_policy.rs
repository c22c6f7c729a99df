//! The account's password policy: replaced as a whole, so that what an update leaves out falls back to its default.

use super::names;
use crate::estate::PasswordPolicy;
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use serde_json::{Value, json};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "UpdateAccountPasswordPolicy", needs: update_need, run: update },
    Operation { name: "GetAccountPasswordPolicy", needs: |_| Ok(vec![Need::on("*")]), run: get },
    Operation { name: "DeleteAccountPasswordPolicy", needs: |_| Ok(vec![Need::on("*")]), run: delete },
];

/// What AWS takes when nobody set a policy: at least eight characters (IAM user guide, "Default password policy").
const DEFAULT_LENGTH: u32 = 8;

/// The policy as the request puts it.
fn given(call: &Call) -> Result<PasswordPolicy, AwsError> {
    let flag = |member| call.params.flag(member).map(|given| given.unwrap_or(false));
    let number =
        |member, least, most| names::number(call, member, least, most).map(|given| given.and_then(|number| u32::try_from(number).ok()));
    Ok(PasswordPolicy {
        minimum_length: number("MinimumPasswordLength", 6, 128)?.unwrap_or(6),
        require_symbols: flag("RequireSymbols")?,
        require_numbers: flag("RequireNumbers")?,
        require_uppercase: flag("RequireUppercaseCharacters")?,
        require_lowercase: flag("RequireLowercaseCharacters")?,
        allow_users_to_change: flag("AllowUsersToChangePassword")?,
        max_age: number("MaxPasswordAge", 1, 1095)?,
        reuse_prevention: number("PasswordReusePrevention", 1, 24)?,
        hard_expiry: call.params.flag("HardExpiry")?,
    })
}

fn update_need(call: &Call) -> Result<Vec<Need>, AwsError> {
    given(call)?;
    Ok(vec![Need::on("*")])
}

fn update(call: &mut Call) -> Result<Value, AwsError> {
    let policy = given(call)?;
    call.account_mut()?.iam.password_policy = Some(policy);
    Ok(Value::Null)
}

fn get(call: &mut Call) -> Result<Value, AwsError> {
    let account = call.account()?;
    let Some(policy) = &account.iam.password_policy else {
        return Err(AwsError::no_such_entity(format!("The Password Policy with domain name {} cannot be found.", account.id)));
    };
    Ok(json!({ "PasswordPolicy": {
        "MinimumPasswordLength": policy.minimum_length,
        "RequireSymbols": policy.require_symbols,
        "RequireNumbers": policy.require_numbers,
        "RequireUppercaseCharacters": policy.require_uppercase,
        "RequireLowercaseCharacters": policy.require_lowercase,
        "AllowUsersToChangePassword": policy.allow_users_to_change,
        "ExpirePasswords": policy.max_age.is_some(),
        "MaxPasswordAge": policy.max_age,
        "PasswordReusePrevention": policy.reuse_prevention,
        "HardExpiry": policy.hard_expiry,
    }}))
}

fn delete(call: &mut Call) -> Result<Value, AwsError> {
    if call.account()?.iam.password_policy.is_none() {
        return Err(AwsError::no_such_entity("The account policy with name PasswordPolicy cannot be found."));
    }
    call.account_mut()?.iam.password_policy = None;
    Ok(Value::Null)
}

/// Refuses a password that the account's policy refuses; without one the default asks for three of the four sorts.
pub(super) fn check(call: &Call, password: &str) -> Result<(), AwsError> {
    let policy = call.account()?.iam.password_policy.as_ref();
    let wants = |sort: fn(&PasswordPolicy) -> bool| policy.is_some_and(sort);
    let sorts = [
        ("symbol", password.chars().any(|c| c.is_ascii_punctuation()), wants(|policy| policy.require_symbols)),
        ("number", password.chars().any(|c| c.is_ascii_digit()), wants(|policy| policy.require_numbers)),
        ("uppercase letter", password.chars().any(|c| c.is_ascii_uppercase()), wants(|policy| policy.require_uppercase)),
        ("lowercase letter", password.chars().any(|c| c.is_ascii_lowercase()), wants(|policy| policy.require_lowercase)),
    ];
    let refuse = |why: String| Err(AwsError::new("PasswordPolicyViolation", 400, why));
    let least = policy.map_or(DEFAULT_LENGTH, |policy| policy.minimum_length);
    if password.chars().count() < least as usize {
        return refuse(format!("Password should have a minimum length of {least}"));
    }
    if let Some((what, ..)) = sorts.iter().find(|(_, present, wanted)| *wanted && !present) {
        return refuse(format!("Password should have at least one {what}"));
    }
    if policy.is_none() && sorts.iter().filter(|(_, present, _)| *present).count() < 3 {
        return refuse("Password should have at least three of: uppercase letter, lowercase letter, number, symbol".to_owned());
    }
    Ok(())
}
