//! `attach_user_policy`: a managed policy on a user.

use super::arguments::{PolicyRef, UserRef, entity_name, policy_arn};
use super::attachment::{self, Detail, Found};
use super::contract::{Argument, Planned, Primitive, Receiver, Spec, bind};
use super::iam::EntityKind;
use crate::aws::Session;
use crate::step::{Attempt, Class, Failure, Freshness};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const DOC: &str = r#"`session.attach_user_policy(user, arn)`

Attaches a managed policy to a user. Attaching it twice is no error. Returns `#{kind, user, arn}`.

```rhai
let org = organization();
let ana = org.create_user("ana");
org.attach_user_policy(ana, "arn:aws:iam::aws:policy/ReadOnlyAccess");
```

Errors: AWS's own (`NoSuchEntity` when either does not exist, `LimitExceeded` beyond the quota).
"#;

pub(super) const SPEC: Spec = Spec {
    name: "attach_user_policy",
    receiver: Receiver::Session,
    positional: &["user", "arn"],
    options: &[],
    doc: DOC,
    actions: &["iam:GetAccountAuthorizationDetails", "iam:AttachUserPolicy"],
    bind: bind::<AttachUserPolicy>,
};

pub(super) struct AttachUserPolicy;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {
    user: UserRef,
    arn: PolicyRef,
}

impl Primitive for AttachUserPolicy {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::Converge;
    type Args = Args;
    type Found = Found;
    type Detail = Detail;

    fn validate(args: &Args) -> Result<(), Argument> {
        entity_name("user", &args.user.0)?;
        policy_arn("arn", &args.arn.0)
    }

    fn identity(args: &Args) -> String {
        format!("{}/{}", args.user.0, args.arn.0)
    }

    async fn look(session: &Session, args: &Args, freshness: Freshness) -> Result<Option<Found>, Failure> {
        attachment::look(session, EntityKind::User, &args.user.0, &args.arn.0, freshness).await
    }

    fn changes(args: &Args, found: Option<&Found>) -> Result<Vec<Planned<Detail>>, Failure> {
        Ok(attachment::changes("AttachUserPolicy", &args.arn.0, found))
    }

    async fn apply(session: &Session, args: &Args, _: &Detail, _: &dyn Attempt) -> Result<(), Failure> {
        let client = session.iam().await?;
        let call = client.attach_user_policy().user_name(&args.user.0).policy_arn(&args.arn.0);
        session.send("iam:AttachUserPolicy", call.send()).await?;
        attachment::record(session, EntityKind::User, &args.user.0, &args.arn.0).await;
        Ok(())
    }

    fn output(_: &Session, args: &Args, _: &Found) -> Value {
        json!({ "kind": "attachment", "user": args.user.0, "arn": args.arn.0 })
    }
}
