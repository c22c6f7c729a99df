//! `put_user_policy`: an inline policy of a user.

use super::arguments::{UserRef, entity_name, long_name};
use super::contract::{Argument, DocumentArgument, Planned, Primitive, Receiver, Spec, bind};
use super::iam::EntityKind;
use super::inline_policy::{self, Detail, Found};
use crate::aws::Session;
use crate::policy::{Document, Kind, size};
use crate::step::{Attempt, Class, Failure, Freshness};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const DOC: &str = r#"`session.put_user_policy(user, name, document)`

Gives a user this inline policy, in place of one of that name. Returns `#{kind, user, name}`.

```rhai
let org = organization();
let ana = org.create_user("ana");
org.put_user_policy(ana, "list", #{
    Version: "2012-10-17",
    Statement: [#{ Effect: "Allow", Action: "iam:ListUsers", Resource: "*" }],
});
```

Errors: `policy-malformed`, `policy-too-long`, and AWS's own (`NoSuchEntity`, `LimitExceeded`: all inline policies of a user count together).
"#;

pub(super) const SPEC: Spec = Spec {
    name: "put_user_policy",
    receiver: Receiver::Session,
    positional: &["user", "name", "document"],
    options: &[],
    doc: DOC,
    actions: &["iam:GetAccountAuthorizationDetails", "iam:PutUserPolicy"],
    bind: bind::<PutUserPolicy>,
};

pub(super) struct PutUserPolicy;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {
    user: UserRef,
    name: String,
    document: Document,
}

impl Primitive for PutUserPolicy {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::Converge;
    const DOCUMENTS: &'static [DocumentArgument] =
        &[DocumentArgument { field: "document", kind: Kind::Identity, limit: size::USER_INLINE }];
    type Args = Args;
    type Found = Found;
    type Detail = Detail;

    fn validate(args: &Args) -> Result<(), Argument> {
        entity_name("user", &args.user.0)?;
        long_name("name", &args.name)
    }

    fn identity(args: &Args) -> String {
        format!("{}/{}", args.user.0, args.name)
    }

    async fn look(session: &Session, args: &Args, freshness: Freshness) -> Result<Option<Found>, Failure> {
        inline_policy::look(session, EntityKind::User, &args.user.0, &args.name, freshness).await
    }

    fn changes(args: &Args, found: Option<&Found>) -> Result<Vec<Planned<Detail>>, Failure> {
        Ok(inline_policy::changes("PutUserPolicy", &args.document, found))
    }

    async fn apply(session: &Session, args: &Args, _: &Detail, _: &dyn Attempt) -> Result<(), Failure> {
        let client = session.iam().await?;
        let call = client.put_user_policy().user_name(&args.user.0).policy_name(&args.name).policy_document(args.document.text());
        session.send("iam:PutUserPolicy", call.send()).await.map_err(inline_policy::with_way_out)?;
        inline_policy::record(session, EntityKind::User, &args.user.0, &args.name, &args.document).await;
        Ok(())
    }

    fn output(_: &Session, args: &Args, _: &Found) -> Value {
        json!({ "kind": "inline_policy", "user": args.user.0, "name": args.name })
    }
}
