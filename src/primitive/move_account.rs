//! `move_account`: an account into a unit.

use super::arguments::{AccountRef, UnitRef, account_id, unit_id};
use super::contract::{Argument, Planned, Primitive, Receiver, Spec, bind};
use super::organizations;
use crate::aws::Session;
use crate::step::{Attempt, Class, Failure, Freshness};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const DOC: &str = r#"`org.move_account(account, ou)`

Moves an account of the organisation into a unit (or the root); one that is there already stays. Returns `#{kind, account, parent}`.

```rhai
let org = organization();
org.create_organization();
let prod = org.create_organizational_unit("Prod");
let shop = org.create_account("shop", #{ email: "aws+shop@example.com" });
org.move_account(shop, prod);
```

Errors: `no-organization`, and AWS's own (`AccountNotFoundException`, `DestinationParentNotFoundException`).
"#;

pub(super) const SPEC: Spec = Spec {
    name: "move_account",
    receiver: Receiver::Management,
    positional: &["account", "ou"],
    options: &[],
    doc: DOC,
    actions: &["organizations:DescribeOrganization", "organizations:ListParents", "organizations:MoveAccount"],
    bind: bind::<MoveAccount>,
};

pub(super) struct MoveAccount;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {
    account: AccountRef,
    ou: UnitRef,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
    parent: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Detail {}

impl Primitive for MoveAccount {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::Converge;
    type Args = Args;
    type Found = Found;
    type Detail = Detail;

    fn validate(args: &Args) -> Result<(), Argument> {
        account_id("account", &args.account.0)?;
        unit_id("ou", &args.ou.0)
    }

    fn identity(args: &Args) -> String {
        args.account.0.clone()
    }

    async fn look(session: &Session, args: &Args, freshness: Freshness) -> Result<Option<Found>, Failure> {
        let parent = session.cloud().parent_of(session, &args.account.0, freshness).await?;
        Ok(Some(Found { parent }))
    }

    fn changes(args: &Args, found: Option<&Found>) -> Result<Vec<Planned<Detail>>, Failure> {
        let from = found.map_or("?", |found| found.parent.as_str());
        if from == args.ou.0 {
            return Ok(Vec::new());
        }
        Ok(vec![Planned::new("MoveAccount", Class::Converge, Detail {}).because(format!("{from} -> {}", args.ou.0))])
    }

    async fn apply(session: &Session, args: &Args, _: &Detail, _: &dyn Attempt) -> Result<(), Failure> {
        organizations::move_account(session, &args.account.0, &args.ou.0).await
    }

    fn output(_: &Session, args: &Args, found: &Found) -> Value {
        json!({ "kind": "placement", "account": args.account.0, "parent": found.parent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::testing::{calls, checked};

    #[test]
    fn only_an_account_elsewhere_is_moved() {
        let args = checked::<MoveAccount>(json!({"account": {"kind": "account", "id": "111122223333"}, "ou": "ou-1"})).unwrap();
        assert_eq!(calls::<MoveAccount>(&args, Some(&Found { parent: "ou-1".into() })), [] as [&str; 0]);
        assert_eq!(calls::<MoveAccount>(&args, Some(&Found { parent: "r-1".into() })), ["MoveAccount"]);
        assert_eq!(checked::<MoveAccount>(json!({"account": "shop", "ou": "ou-1"})).err().unwrap().path, "account");
    }
}
