//! `list_accounts`: the accounts of the organisation.

use super::contract::{Argument, Planned, Primitive, Receiver, Spec, bind};
use super::organizations;
use crate::aws::{Member, Session};
use crate::step::{Attempt, Class, Failure, Freshness};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const DOC: &str = r"`s.list_accounts()`

The accounts of the organisation, the management account among them, sorted by id: `#{kind, id, name, email, arn, state, sign_in_url}` each.

```rhai
let org = organization();
org.create_organization();
for account in org.list_accounts() {
    log(`${account.name}: ${account.state}`);
}
```

Errors: `no-organization`.
";

pub(super) const SPEC: Spec = Spec {
    name: "list_accounts",
    receiver: Receiver::Session,
    positional: &[],
    options: &[],
    doc: DOC,
    actions: &["organizations:DescribeOrganization", "organizations:ListRoots", "organizations:ListAccounts"],
    bind: bind::<ListAccounts>,
};

pub(super) struct ListAccounts;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {}

impl Primitive for ListAccounts {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::Converge;
    const READ: bool = true;
    type Args = Args;
    type Found = Vec<Member>;
    type Detail = ();

    fn validate(_: &Args) -> Result<(), Argument> {
        Ok(())
    }

    fn identity(_: &Args) -> String {
        String::new()
    }

    async fn look(session: &Session, _: &Args, freshness: Freshness) -> Result<Option<Vec<Member>>, Failure> {
        organizations::members(session, freshness, |_| true).await.map(Some)
    }

    fn changes(_: &Args, _: Option<&Vec<Member>>) -> Result<Vec<Planned<()>>, Failure> {
        Ok(Vec::new())
    }

    async fn apply(_: &Session, _: &Args, (): &(), _: &dyn Attempt) -> Result<(), Failure> {
        Ok(())
    }

    fn output(session: &Session, _: &Args, found: &Vec<Member>) -> Value {
        found.iter().map(|member| organizations::account(session.partition(), member)).collect()
    }
}
