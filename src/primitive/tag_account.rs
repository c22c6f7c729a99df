//! `tag_account`: tags of an account.

use super::arguments::{self, AccountRef, account_id};
use super::contract::{Argument, Planned, Primitive, Receiver, Spec, bind};
use super::{iam, organizations};
use crate::aws::Session;
use crate::estate::Tags;
use crate::step::{Attempt, Class, Failure, Freshness};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const DOC: &str = r#"`org.tag_account(account, tags)`

Sets tags of an account of the organisation; tags that are not named are left. Returns `#{kind, account, tags}`.

```rhai
let org = organization();
org.create_organization();
let shop = org.create_account("shop", #{ email: "aws+shop@example.com" });
org.tag_account(shop, #{ team: "shop", stage: "prod" });
```

Errors: `tags`, `no-organization`, and AWS's own (`TargetNotFoundException`).
"#;

pub(super) const SPEC: Spec = Spec {
    name: "tag_account",
    receiver: Receiver::Management,
    positional: &["account", "tags"],
    options: &[],
    doc: DOC,
    actions: &["organizations:DescribeOrganization", "organizations:ListTagsForResource", "organizations:TagResource"],
    bind: bind::<TagAccount>,
};

pub(super) struct TagAccount;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {
    account: AccountRef,
    tags: Tags,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
    tags: Tags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Detail {}

impl Primitive for TagAccount {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::Converge;
    const CASE_FOLDED: bool = false;
    type Args = Args;
    type Found = Found;
    type Detail = Detail;

    fn validate(args: &Args) -> Result<(), Argument> {
        account_id("account", &args.account.0)?;
        if args.tags.is_empty() {
            return Err(Argument::new("tags", "tags", "there are no tags").hint("give at least one, as in `#{ team: \"shop\" }`"));
        }
        arguments::tags("tags", &args.tags)
    }

    /// The keys belong to it: two calls may set different tags of one account.
    fn identity(args: &Args) -> String {
        let keys: Vec<&str> = args.tags.keys().map(String::as_str).collect();
        format!("{}/{}", args.account.0, keys.join(","))
    }

    async fn look(session: &Session, args: &Args, freshness: Freshness) -> Result<Option<Found>, Failure> {
        let tags = session.cloud().tags_of(session, &args.account.0, freshness).await?;
        Ok(Some(Found { tags }))
    }

    fn changes(args: &Args, found: Option<&Found>) -> Result<Vec<Planned<Detail>>, Failure> {
        let nothing = Tags::new();
        let difference = iam::tag_difference(found.map_or(&nothing, |found| &found.tags), &args.tags);
        Ok(difference.map(|text| Planned::new("TagResource", Class::Converge, Detail {}).because(text)).into_iter().collect())
    }

    async fn apply(session: &Session, args: &Args, _: &Detail, _: &dyn Attempt) -> Result<(), Failure> {
        organizations::tag_account(session, &args.account.0, &args.tags).await
    }

    fn output(_: &Session, args: &Args, _: &Found) -> Value {
        json!({ "kind": "tags", "account": args.account.0, "tags": args.tags })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::testing::{calls, checked};

    #[test]
    fn only_tags_that_differ_are_set() {
        let args = checked::<TagAccount>(json!({"account": "111122223333", "tags": {"team": "shop"}})).unwrap();
        let found = |value: &str| Found { tags: Tags::from([("team".into(), value.into()), ("x".into(), "y".into())]) };
        assert_eq!(calls::<TagAccount>(&args, Some(&found("shop"))), [] as [&str; 0]);
        assert_eq!(calls::<TagAccount>(&args, Some(&found("ops"))), ["TagResource"]);
        assert!(checked::<TagAccount>(json!({"account": "111122223333", "tags": {}})).is_err());
    }
}
