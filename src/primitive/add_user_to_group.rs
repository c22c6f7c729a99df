//! `add_user_to_group`: a user's membership of a group.

use super::arguments::{GroupRef, UserRef, entity_name, long_name};
use super::contract::{Argument, Planned, Primitive, Receiver, Spec, bind, part};
use super::iam;
use crate::aws::Session;
use crate::step::{Attempt, Class, Failure, Freshness, Operation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

const DOC: &str = r#"`session.add_user_to_group(user, group)`

Makes a user a member of a group; one who is a member stays one. Returns `#{kind, user, group}`.

```rhai
let org = organization();
let ana = org.create_user("ana");
let readers = org.create_group("readers");
org.add_user_to_group(ana, readers);
```

Errors: AWS's own (`NoSuchEntity` when either does not exist, `LimitExceeded` beyond ten groups of a user).
"#;

pub(super) const SPEC: Spec = Spec {
    name: "add_user_to_group",
    receiver: Receiver::Session,
    positional: &["user", "group"],
    options: &[],
    doc: DOC,
    actions: &["iam:GetAccountAuthorizationDetails", "iam:AddUserToGroup"],
    bind: bind::<AddUserToGroup>,
};

pub(super) struct AddUserToGroup;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {
    user: UserRef,
    group: GroupRef,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
    member: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Detail {}

impl Primitive for AddUserToGroup {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::Converge;
    type Args = Args;
    type Found = Found;
    type Detail = Detail;

    fn validate(args: &Args) -> Result<(), Argument> {
        entity_name("user", &args.user.0)?;
        long_name("group", &args.group.0)
    }

    fn identity(args: &Args) -> String {
        format!("{}/{}", args.user.0, args.group.0)
    }

    async fn look(session: &Session, args: &Args, freshness: Freshness) -> Result<Option<Found>, Failure> {
        session
            .with_iam(freshness, |iam| {
                let (_, user) = iam::named(&iam.users, &args.user.0)?;
                Some(Found { member: user.groups.iter().any(|group| group.eq_ignore_ascii_case(&args.group.0)) })
            })
            .await
    }

    fn changes(args: &Args, found: Option<&Found>) -> Result<Vec<Planned<Detail>>, Failure> {
        if found.is_some_and(|found| found.member) {
            return Ok(Vec::new());
        }
        Ok(vec![Planned::new("AddUserToGroup", Class::Converge, Detail {}).because(args.group.0.clone())])
    }

    async fn apply(session: &Session, args: &Args, _: &Detail, _: &dyn Attempt) -> Result<(), Failure> {
        let client = session.iam().await?;
        let call = client.add_user_to_group().user_name(&args.user.0).group_name(&args.group.0);
        session.send("iam:AddUserToGroup", call.send()).await?;
        session
            .record(|iam| {
                let group = iam::named(&iam.groups, &args.group.0).map_or(&args.group.0, |(name, _)| name).clone();
                if let Some(user) = iam::named_mut(&mut iam.users, &args.user.0) {
                    user.groups.insert(group);
                }
            })
            .await;
        Ok(())
    }

    fn output(_: &Session, args: &Args, _: &Found) -> Value {
        json!({ "kind": "membership", "user": args.user.0, "group": args.group.0 })
    }
}

/// The steps for pairs of user and group, each with its place in the arguments; `listed` says which of the two stands there.
pub(super) fn memberships<'a>(
    session: &Session,
    listed: &str,
    pairs: impl Iterator<Item = (&'a str, &'a str, String)>,
) -> Result<Vec<Arc<dyn Operation>>, Argument> {
    let step = |(user, group, place): (&str, &str, String)| {
        part::<AddUserToGroup>(session, json!({ "user": user, "group": group })).map_err(|argument| argument.within(listed, &place))
    };
    pairs.map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::testing::{calls, checked};

    #[test]
    fn a_member_stays_one() {
        let args = checked::<AddUserToGroup>(json!({"user": {"name": "ana"}, "group": "readers"})).unwrap();
        assert_eq!(calls::<AddUserToGroup>(&args, Some(&Found { member: true })), [] as [&str; 0]);
        assert_eq!(calls::<AddUserToGroup>(&args, Some(&Found { member: false })), ["AddUserToGroup"]);
        assert_eq!(AddUserToGroup::identity(&args), "ana/readers");
    }
}
