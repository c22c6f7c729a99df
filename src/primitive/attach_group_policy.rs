//! `attach_group_policy`: a managed policy on a group.

use super::arguments::{GroupRef, PolicyRef, long_name, policy_arn};
use super::attachment::{self, Detail, Found};
use super::contract::{Argument, Planned, Primitive, Receiver, Spec, bind};
use super::iam::EntityKind;
use crate::aws::Session;
use crate::step::{Attempt, Class, Failure, Freshness};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const DOC: &str = r#"`session.attach_group_policy(group, arn)`

Attaches a managed policy to a group. Attaching it twice is no error. Returns `#{kind, group, arn}`.

```rhai
let org = organization();
let readers = org.create_group("readers");
org.attach_group_policy(readers, "arn:aws:iam::aws:policy/ReadOnlyAccess");
```

Errors: AWS's own (`NoSuchEntity` when either does not exist, `LimitExceeded` beyond the quota).
"#;

pub(super) const SPEC: Spec = Spec {
    name: "attach_group_policy",
    receiver: Receiver::Session,
    positional: &["group", "arn"],
    options: &[],
    doc: DOC,
    actions: &["iam:GetAccountAuthorizationDetails", "iam:AttachGroupPolicy"],
    bind: bind::<AttachGroupPolicy>,
};

pub(super) struct AttachGroupPolicy;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {
    group: GroupRef,
    arn: PolicyRef,
}

impl Primitive for AttachGroupPolicy {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::Converge;
    type Args = Args;
    type Found = Found;
    type Detail = Detail;

    fn validate(args: &Args) -> Result<(), Argument> {
        long_name("group", &args.group.0)?;
        policy_arn("arn", &args.arn.0)
    }

    fn identity(args: &Args) -> String {
        format!("{}/{}", args.group.0, args.arn.0)
    }

    async fn look(session: &Session, args: &Args, freshness: Freshness) -> Result<Option<Found>, Failure> {
        attachment::look(session, EntityKind::Group, &args.group.0, &args.arn.0, freshness).await
    }

    fn changes(args: &Args, found: Option<&Found>) -> Result<Vec<Planned<Detail>>, Failure> {
        Ok(attachment::changes("AttachGroupPolicy", &args.arn.0, found))
    }

    async fn apply(session: &Session, args: &Args, _: &Detail, _: &dyn Attempt) -> Result<(), Failure> {
        let client = session.iam().await?;
        let call = client.attach_group_policy().group_name(&args.group.0).policy_arn(&args.arn.0);
        session.send("iam:AttachGroupPolicy", call.send()).await?;
        attachment::record(session, EntityKind::Group, &args.group.0, &args.arn.0).await;
        Ok(())
    }

    fn output(_: &Session, args: &Args, _: &Found) -> Value {
        json!({ "kind": "attachment", "group": args.group.0, "arn": args.arn.0 })
    }
}
