//! `find_account`: an account of the organisation by its address, name or id.

use super::contract::{Argument, Opt, Planned, Primitive, Receiver, Spec, bind};
use super::organizations;
use crate::aws::{Member, Session};
use crate::step::{Attempt, Class, Failure, Freshness};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const DOC: &str = r#"`s.find_account(#{email, name, id})`

The account of the organisation with this address, name or id (one of them), or `()` when there is none. An open account goes before a
closed one of the same name.

```rhai
let org = organization();
org.create_organization();
let shop = org.find_account(#{ name: "shop" });
if shop == () { log("no shop yet"); }
```

Errors: `account-ambiguous` when several have the name, `no-organization`.
"#;

pub(super) const SPEC: Spec = Spec {
    name: "find_account",
    receiver: Receiver::Session,
    positional: &[],
    options: &[
        Opt { name: "email", kind: "string", help: "its root address" },
        Opt { name: "name", kind: "string", help: "its name" },
        Opt { name: "id", kind: "string", help: "its twelve digits" },
    ],
    doc: DOC,
    actions: &["organizations:DescribeOrganization", "organizations:ListRoots", "organizations:ListAccounts"],
    bind: bind::<FindAccount>,
};

pub(super) struct FindAccount;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

impl Args {
    fn meets(&self, member: &Member) -> bool {
        self.email.as_ref().is_none_or(|email| member.email.eq_ignore_ascii_case(email))
            && self.name.as_ref().is_none_or(|name| member.name == *name)
            && self.id.as_ref().is_none_or(|id| member.id == *id)
    }
}

impl Primitive for FindAccount {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::Converge;
    const READ: bool = true;
    const CASE_FOLDED: bool = false;
    type Args = Args;
    type Found = Vec<Member>;
    type Detail = ();

    fn validate(args: &Args) -> Result<(), Argument> {
        match [&args.email, &args.name, &args.id].iter().filter(|given| given.is_some()).count() {
            1 => Ok(()),
            _ => {
                Err(Argument::new("argument", "", "an account is looked for by one of email, name and id").hint("give exactly one of them"))
            }
        }
    }

    fn identity(args: &Args) -> String {
        [&args.email, &args.name, &args.id].into_iter().flatten().next().cloned().unwrap_or_default()
    }

    async fn look(session: &Session, args: &Args, freshness: Freshness) -> Result<Option<Vec<Member>>, Failure> {
        let mut found = organizations::members(session, freshness, |member| args.meets(member)).await?;
        if found.iter().any(organizations::is_open) {
            found.retain(organizations::is_open);
        }
        if found.len() > 1 {
            let ids: Vec<&str> = found.iter().map(|member| member.id.as_str()).collect();
            return Err(Failure::fatal("account-ambiguous", format!("{} accounts are named so: {}", ids.len(), ids.join(", ")))
                .hint("look for the id or address of the one you mean"));
        }
        Ok(Some(found))
    }

    fn changes(_: &Args, _: Option<&Vec<Member>>) -> Result<Vec<Planned<()>>, Failure> {
        Ok(Vec::new())
    }

    async fn apply(_: &Session, _: &Args, (): &(), _: &dyn Attempt) -> Result<(), Failure> {
        Ok(())
    }

    fn output(session: &Session, _: &Args, found: &Vec<Member>) -> Value {
        found.first().map_or(Value::Null, |member| organizations::account(session.partition(), member))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::testing::checked;
    use serde_json::json;

    #[test]
    fn exactly_one_thing_is_looked_for() {
        assert!(checked::<FindAccount>(json!({"name": "shop"})).is_ok());
        assert!(checked::<FindAccount>(json!({})).is_err());
        assert!(checked::<FindAccount>(json!({"name": "shop", "id": "111122223333"})).is_err());
    }

    #[test]
    fn addresses_are_compared_without_case() {
        let member = Member {
            id: "1".into(),
            name: "shop".into(),
            email: "Shop@example.com".into(),
            arn: String::new(),
            state: "ACTIVE".into(),
            joined: None,
        };
        assert!(Args { email: Some("shop@example.com".into()), ..Args::default() }.meets(&member));
        assert!(!Args { name: Some("Shop".into()), ..Args::default() }.meets(&member));
    }
}
