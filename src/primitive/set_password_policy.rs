//! `set_password_policy`: the rules for passwords of an account's users.

use super::contract::{Argument, Opt, Planned, Primitive, Receiver, Spec, bind};
use crate::aws::Session;
use crate::step::{Attempt, Class, Failure, Freshness};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const DOC: &str = r"`session.set_password_policy(#{minimum_password_length, require_symbols, …})`

Sets the whole password policy of the account: AWS knows no partial change, so what is not named falls back to AWS's default. Returns
`#{kind, account}` with the policy's fields.

```rhai
let org = organization();
org.set_password_policy(#{
    minimum_password_length: 16, require_symbols: true, require_numbers: true,
    require_uppercase_characters: true, require_lowercase_characters: true,
    allow_users_to_change_password: true, password_reuse_prevention: 24,
});
```

Errors: `password-policy` for a number out of range.
";

pub(super) const SPEC: Spec = Spec {
    name: "set_password_policy",
    receiver: Receiver::Session,
    positional: &[],
    options: &[
        Opt { name: "minimum_password_length", kind: "integer", help: "6 to 128; 6 unless given" },
        Opt { name: "require_symbols", kind: "bool", help: "false unless given" },
        Opt { name: "require_numbers", kind: "bool", help: "false unless given" },
        Opt { name: "require_uppercase_characters", kind: "bool", help: "false unless given" },
        Opt { name: "require_lowercase_characters", kind: "bool", help: "false unless given" },
        Opt { name: "allow_users_to_change_password", kind: "bool", help: "false unless given" },
        Opt { name: "max_password_age", kind: "integer", help: "days, 1 to 1095; passwords do not expire unless given" },
        Opt { name: "password_reuse_prevention", kind: "integer", help: "1 to 24; passwords may be reused unless given" },
        Opt { name: "hard_expiry", kind: "bool", help: "false unless given" },
    ],
    doc: DOC,
    actions: &["iam:GetAccountPasswordPolicy", "iam:UpdateAccountPasswordPolicy"],
    bind: bind::<SetPasswordPolicy>,
};

pub(super) struct SetPasswordPolicy;

/// The policy, with AWS's names and defaults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "AWS's own settings")]
pub(super) struct PasswordPolicy {
    #[serde(default = "shortest", skip_serializing_if = "is_shortest")]
    minimum_password_length: i32,
    #[serde(default, skip_serializing_if = "is_false")]
    require_symbols: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    require_numbers: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    require_uppercase_characters: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    require_lowercase_characters: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    allow_users_to_change_password: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_password_age: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password_reuse_prevention: Option<i32>,
    #[serde(default, skip_serializing_if = "is_false")]
    hard_expiry: bool,
}

fn shortest() -> i32 {
    6
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_shortest(length: &i32) -> bool {
    *length == shortest()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_false(value: &bool) -> bool {
    !value
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Detail {}

impl Primitive for SetPasswordPolicy {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::Converge;
    type Args = PasswordPolicy;
    type Found = PasswordPolicy;
    type Detail = Detail;

    fn validate(args: &PasswordPolicy) -> Result<(), Argument> {
        for (name, value, low, high) in [
            ("minimum_password_length", Some(args.minimum_password_length), 6, 128),
            ("max_password_age", args.max_password_age, 1, 1095),
            ("password_reuse_prevention", args.password_reuse_prevention, 1, 24),
        ] {
            if value.is_some_and(|value| !(low..=high).contains(&value)) {
                return Err(
                    Argument::new("password-policy", name, format!("`{name}` is out of range")).hint(format!("give {low} to {high}"))
                );
            }
        }
        Ok(())
    }

    /// An account has one password policy.
    fn identity(_: &PasswordPolicy) -> String {
        String::new()
    }

    async fn look(session: &Session, _: &PasswordPolicy, _: Freshness) -> Result<Option<PasswordPolicy>, Failure> {
        let client = session.iam().await?;
        let reply = match session.read("iam:GetAccountPasswordPolicy", client.get_account_password_policy().send()).await {
            Err(failure) if failure.code == "NoSuchEntity" => return Ok(None),
            reply => reply?,
        };
        Ok(reply.password_policy.map(|policy| PasswordPolicy {
            minimum_password_length: policy.minimum_password_length.unwrap_or_else(shortest),
            require_symbols: policy.require_symbols,
            require_numbers: policy.require_numbers,
            require_uppercase_characters: policy.require_uppercase_characters,
            require_lowercase_characters: policy.require_lowercase_characters,
            allow_users_to_change_password: policy.allow_users_to_change_password,
            // Unset comes back as nothing or as zero.
            max_password_age: policy.max_password_age.filter(|days| *days > 0),
            password_reuse_prevention: policy.password_reuse_prevention.filter(|count| *count > 0),
            hard_expiry: policy.hard_expiry.unwrap_or(false),
        }))
    }

    fn changes(args: &PasswordPolicy, found: Option<&PasswordPolicy>) -> Result<Vec<Planned<Detail>>, Failure> {
        if found == Some(args) {
            return Ok(Vec::new());
        }
        let change = Planned::new("UpdateAccountPasswordPolicy", Class::Converge, Detail {});
        Ok(vec![match found {
            Some(found) => change.because(format!("{} -> {}", shown(found), shown(args))),
            None => change,
        }])
    }

    async fn apply(session: &Session, args: &PasswordPolicy, _: &Detail, _: &dyn Attempt) -> Result<(), Failure> {
        let client = session.iam().await?;
        let call = client
            .update_account_password_policy()
            .minimum_password_length(args.minimum_password_length)
            .require_symbols(args.require_symbols)
            .require_numbers(args.require_numbers)
            .require_uppercase_characters(args.require_uppercase_characters)
            .require_lowercase_characters(args.require_lowercase_characters)
            .allow_users_to_change_password(args.allow_users_to_change_password)
            .set_max_password_age(args.max_password_age)
            .set_password_reuse_prevention(args.password_reuse_prevention)
            .hard_expiry(args.hard_expiry);
        session.send("iam:UpdateAccountPasswordPolicy", call.send()).await.map(drop)
    }

    fn output(session: &Session, _: &PasswordPolicy, found: &PasswordPolicy) -> Value {
        let mut policy = serde_json::to_value(found).unwrap_or_default();
        policy["kind"] = json!("password_policy");
        policy["account"] = json!(session.account_id());
        policy
    }
}

fn shown(policy: &PasswordPolicy) -> String {
    serde_json::to_string(policy).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::testing::{calls, checked};

    #[test]
    fn the_whole_policy_counts() {
        let strict = checked::<SetPasswordPolicy>(json!({"minimum_password_length": 16, "require_symbols": true})).unwrap();
        let looser = PasswordPolicy { require_numbers: true, ..strict.clone() };
        assert_eq!(calls::<SetPasswordPolicy>(&strict, None), ["UpdateAccountPasswordPolicy"]);
        assert_eq!(calls::<SetPasswordPolicy>(&strict, Some(&strict)), [] as [&str; 0]);
        assert_eq!(calls::<SetPasswordPolicy>(&strict, Some(&looser)), ["UpdateAccountPasswordPolicy"]);
        assert_eq!(checked::<SetPasswordPolicy>(json!({"max_password_age": 2000})).err().unwrap().path, "max_password_age");
    }
}
