//! `set_account_alias`: the name in an account's sign-in address.

use super::contract::{Argument, Planned, Primitive, Receiver, Spec, bind};
use crate::aws::{Session, is_account_id};
use crate::step::{Attempt, Class, Failure, Freshness, Way};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const DOC: &str = r#"`session.set_account_alias(alias)`

Gives the account this alias, in place of the one it has; aliases are unique in all of AWS. Returns `#{kind, alias, account}`.

```rhai
let org = organization();
org.set_account_alias("example-management");
```

Errors: `alias`, and AWS's own (`EntityAlreadyExists` when another account has it).
"#;

pub(super) const SPEC: Spec = Spec {
    name: "set_account_alias",
    receiver: Receiver::Session,
    positional: &["alias"],
    options: &[],
    doc: DOC,
    actions: &["iam:ListAccountAliases", "iam:CreateAccountAlias"],
    bind: bind::<SetAccountAlias>,
};

pub(super) struct SetAccountAlias;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {
    alias: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
    alias: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Detail {}

impl Primitive for SetAccountAlias {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::Converge;
    type Args = Args;
    type Found = Found;
    type Detail = Detail;

    fn validate(args: &Args) -> Result<(), Argument> {
        let alias = &args.alias;
        let good = (3..=63).contains(&alias.len())
            && alias.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !alias.starts_with('-')
            && !alias.ends_with('-')
            && !alias.contains("--")
            && !is_account_id(alias);
        if good {
            return Ok(());
        }
        Err(Argument::new("alias", "alias", format!("`{alias}` cannot be an account alias"))
            .hint("use 3 to 63 lower-case letters, digits and single dashes inside, not twelve digits"))
    }

    /// An account has one alias.
    fn identity(_: &Args) -> String {
        String::new()
    }

    async fn look(session: &Session, _: &Args, _: Freshness) -> Result<Option<Found>, Failure> {
        let client = session.iam().await?;
        let reply = session.read("iam:ListAccountAliases", client.list_account_aliases().send()).await?;
        Ok(Some(Found { alias: reply.account_aliases.into_iter().next() }))
    }

    fn changes(args: &Args, found: Option<&Found>) -> Result<Vec<Planned<Detail>>, Failure> {
        let from = found.and_then(|found| found.alias.as_deref());
        if from == Some(args.alias.as_str()) {
            return Ok(Vec::new());
        }
        let text = format!("`{}` -> `{}`", from.unwrap_or("(none)"), args.alias);
        Ok(vec![Planned::new("CreateAccountAlias", Class::Converge, Detail {}).because(text)])
    }

    async fn apply(session: &Session, args: &Args, _: &Detail, _: &dyn Attempt) -> Result<(), Failure> {
        let client = session.iam().await?;
        let sent = session.send("iam:CreateAccountAlias", client.create_account_alias().account_alias(&args.alias).send()).await;
        match sent {
            // Perhaps this account's own, from a first delivery of the same request.
            Err(mut failure) if failure.code == "EntityAlreadyExists" => {
                if Self::look(session, args, Freshness::Live).await?.is_some_and(|found| found.alias.as_ref() == Some(&args.alias)) {
                    return Ok(());
                }
                failure.then = None;
                failure.ways = vec![Way::Change("another alias, since another account of AWS has this one".to_owned())];
                Err(failure)
            }
            sent => sent.map(drop),
        }
    }

    fn output(session: &Session, args: &Args, _: &Found) -> Value {
        json!({ "kind": "account_alias", "alias": args.alias, "account": session.account_id() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::testing::{calls, checked};

    #[test]
    fn aliases_follow_the_rules_of_iam() {
        for good in ["abc", "example-dev-1"] {
            assert!(checked::<SetAccountAlias>(json!({ "alias": good })).is_ok(), "{good}");
        }
        for bad in ["ab", "-abc", "abc-", "a--b", "Abc", "111122223333"] {
            assert!(checked::<SetAccountAlias>(json!({ "alias": bad })).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_alias_there_is_stays() {
        let args = checked::<SetAccountAlias>(json!({"alias": "abc"})).unwrap();
        assert_eq!(calls::<SetAccountAlias>(&args, Some(&Found { alias: Some("abc".into()) })), [] as [&str; 0]);
        assert_eq!(calls::<SetAccountAlias>(&args, Some(&Found { alias: None })), ["CreateAccountAlias"]);
    }
}
