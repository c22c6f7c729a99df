//! `put_group_policy`: an inline policy of a group.

use super::arguments::{GroupRef, long_name};
use super::contract::{Argument, DocumentArgument, Planned, Primitive, Receiver, Spec, bind};
use super::iam::EntityKind;
use super::inline_policy::{self, Detail, Found};
use crate::aws::Session;
use crate::policy::{Document, Kind, size};
use crate::step::{Attempt, Class, Failure, Freshness};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const DOC: &str = r#"`session.put_group_policy(group, name, document)`

Gives a group this inline policy, in place of one of that name. Returns `#{kind, group, name}`.

```rhai
let org = organization();
let readers = org.create_group("readers");
org.put_group_policy(readers, "list", #{
    Version: "2012-10-17",
    Statement: [#{ Effect: "Allow", Action: "iam:ListUsers", Resource: "*" }],
});
```

Errors: `policy-malformed`, `policy-too-long`, and AWS's own (`NoSuchEntity`, `LimitExceeded`: all inline policies of a group count together).
"#;

pub(super) const SPEC: Spec = Spec {
    name: "put_group_policy",
    receiver: Receiver::Session,
    positional: &["group", "name", "document"],
    options: &[],
    doc: DOC,
    actions: &["iam:GetAccountAuthorizationDetails", "iam:PutGroupPolicy"],
    bind: bind::<PutGroupPolicy>,
};

pub(super) struct PutGroupPolicy;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {
    group: GroupRef,
    name: String,
    document: Document,
}

impl Primitive for PutGroupPolicy {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::Converge;
    const DOCUMENTS: &'static [DocumentArgument] =
        &[DocumentArgument { field: "document", kind: Kind::Identity, limit: size::GROUP_INLINE }];
    type Args = Args;
    type Found = Found;
    type Detail = Detail;

    fn validate(args: &Args) -> Result<(), Argument> {
        long_name("group", &args.group.0)?;
        long_name("name", &args.name)
    }

    fn identity(args: &Args) -> String {
        format!("{}/{}", args.group.0, args.name)
    }

    async fn look(session: &Session, args: &Args, freshness: Freshness) -> Result<Option<Found>, Failure> {
        inline_policy::look(session, EntityKind::Group, &args.group.0, &args.name, freshness).await
    }

    fn changes(args: &Args, found: Option<&Found>) -> Result<Vec<Planned<Detail>>, Failure> {
        Ok(inline_policy::changes("PutGroupPolicy", &args.document, found))
    }

    async fn apply(session: &Session, args: &Args, _: &Detail, _: &dyn Attempt) -> Result<(), Failure> {
        let client = session.iam().await?;
        let call = client.put_group_policy().group_name(&args.group.0).policy_name(&args.name).policy_document(args.document.text());
        session.send("iam:PutGroupPolicy", call.send()).await.map_err(inline_policy::with_way_out)?;
        inline_policy::record(session, EntityKind::Group, &args.group.0, &args.name, &args.document).await;
        Ok(())
    }

    fn output(_: &Session, args: &Args, _: &Found) -> Value {
        json!({ "kind": "inline_policy", "group": args.group.0, "name": args.name })
    }
}
