//! `put_role_policy`: an inline policy of a role.

use super::arguments::{RoleRef, entity_name, long_name};
use super::contract::{Argument, DocumentArgument, Planned, Primitive, Receiver, Spec, bind};
use super::iam::EntityKind;
use super::inline_policy::{self, Detail, Found};
use crate::aws::Session;
use crate::policy::{Document, Kind, size};
use crate::step::{Attempt, Class, Failure, Freshness};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const DOC: &str = r#"`session.put_role_policy(role, name, document)`

Gives a role this inline policy, in place of one of that name. Returns `#{kind, role, name}`.

```rhai
let org = organization();
let me = caller();
let auditor = org.create_role("auditor", #{
    trust: #{ Version: "2012-10-17", Statement: [#{ Effect: "Allow", Principal: #{ AWS: me.account }, Action: "sts:AssumeRole" }] },
});
org.put_role_policy(auditor, "list", #{
    Version: "2012-10-17",
    Statement: [#{ Effect: "Allow", Action: "iam:ListUsers", Resource: "*" }],
});
```

Errors: `policy-malformed`, `policy-too-long`, and AWS's own (`NoSuchEntity`, `LimitExceeded`: all inline policies of a role count together).
"#;

pub(super) const SPEC: Spec = Spec {
    name: "put_role_policy",
    receiver: Receiver::Session,
    positional: &["role", "name", "document"],
    options: &[],
    doc: DOC,
    actions: &["iam:GetAccountAuthorizationDetails", "iam:PutRolePolicy"],
    bind: bind::<PutRolePolicy>,
};

pub(super) struct PutRolePolicy;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {
    role: RoleRef,
    name: String,
    document: Document,
}

impl Primitive for PutRolePolicy {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::Converge;
    const DOCUMENTS: &'static [DocumentArgument] =
        &[DocumentArgument { field: "document", kind: Kind::Identity, limit: size::ROLE_INLINE }];
    type Args = Args;
    type Found = Found;
    type Detail = Detail;

    fn validate(args: &Args) -> Result<(), Argument> {
        entity_name("role", &args.role.0)?;
        long_name("name", &args.name)
    }

    fn identity(args: &Args) -> String {
        format!("{}/{}", args.role.0, args.name)
    }

    async fn look(session: &Session, args: &Args, freshness: Freshness) -> Result<Option<Found>, Failure> {
        inline_policy::look(session, EntityKind::Role, &args.role.0, &args.name, freshness).await
    }

    fn changes(args: &Args, found: Option<&Found>) -> Result<Vec<Planned<Detail>>, Failure> {
        Ok(inline_policy::changes("PutRolePolicy", &args.document, found))
    }

    async fn apply(session: &Session, args: &Args, _: &Detail, _: &dyn Attempt) -> Result<(), Failure> {
        let client = session.iam().await?;
        let call = client.put_role_policy().role_name(&args.role.0).policy_name(&args.name).policy_document(args.document.text());
        session.send("iam:PutRolePolicy", call.send()).await.map_err(inline_policy::with_way_out)?;
        inline_policy::record(session, EntityKind::Role, &args.role.0, &args.name, &args.document).await;
        Ok(())
    }

    fn output(_: &Session, args: &Args, _: &Found) -> Value {
        json!({ "kind": "inline_policy", "role": args.role.0, "name": args.name })
    }
}
