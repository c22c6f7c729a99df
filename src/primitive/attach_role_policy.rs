//! `attach_role_policy`: a managed policy on a role.

use super::arguments::{PolicyRef, RoleRef, entity_name, policy_arn};
use super::attachment::{self, Detail, Found};
use super::contract::{Argument, Planned, Primitive, Receiver, Spec, bind};
use super::iam::EntityKind;
use crate::aws::Session;
use crate::step::{Attempt, Class, Failure, Freshness};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const DOC: &str = r#"`session.attach_role_policy(role, arn)`

Attaches a managed policy to a role. Attaching it twice is no error. Returns `#{kind, role, arn}`.

```rhai
let org = organization();
let me = caller();
let auditor = org.create_role("auditor", #{
    trust: #{ Version: "2012-10-17", Statement: [#{ Effect: "Allow", Principal: #{ AWS: me.account }, Action: "sts:AssumeRole" }] },
});
org.attach_role_policy(auditor, "arn:aws:iam::aws:policy/ReadOnlyAccess");
```

Errors: AWS's own (`NoSuchEntity` when either does not exist, `LimitExceeded` beyond the quota).
"#;

pub(super) const SPEC: Spec = Spec {
    name: "attach_role_policy",
    receiver: Receiver::Session,
    positional: &["role", "arn"],
    options: &[],
    doc: DOC,
    actions: &["iam:GetAccountAuthorizationDetails", "iam:AttachRolePolicy"],
    bind: bind::<AttachRolePolicy>,
};

pub(super) struct AttachRolePolicy;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {
    role: RoleRef,
    arn: PolicyRef,
}

impl Primitive for AttachRolePolicy {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::Converge;
    type Args = Args;
    type Found = Found;
    type Detail = Detail;

    fn validate(args: &Args) -> Result<(), Argument> {
        entity_name("role", &args.role.0)?;
        policy_arn("arn", &args.arn.0)
    }

    fn identity(args: &Args) -> String {
        format!("{}/{}", args.role.0, args.arn.0)
    }

    async fn look(session: &Session, args: &Args, freshness: Freshness) -> Result<Option<Found>, Failure> {
        attachment::look(session, EntityKind::Role, &args.role.0, &args.arn.0, freshness).await
    }

    fn changes(args: &Args, found: Option<&Found>) -> Result<Vec<Planned<Detail>>, Failure> {
        Ok(attachment::changes("AttachRolePolicy", &args.arn.0, found))
    }

    async fn apply(session: &Session, args: &Args, _: &Detail, _: &dyn Attempt) -> Result<(), Failure> {
        let client = session.iam().await?;
        let call = client.attach_role_policy().role_name(&args.role.0).policy_arn(&args.arn.0);
        session.send("iam:AttachRolePolicy", call.send()).await?;
        attachment::record(session, EntityKind::Role, &args.role.0, &args.arn.0).await;
        Ok(())
    }

    fn output(_: &Session, args: &Args, _: &Found) -> Value {
        json!({ "kind": "attachment", "role": args.role.0, "arn": args.arn.0 })
    }
}
