//! `create_group`: a group. Its policies and members are steps of their own.

use super::add_user_to_group::memberships;
use super::arguments::{self, PolicyRef, UserRef, default_path, is_default_path, is_false, long_name};
use super::beside::Entity;
use super::contract::{Argument, Opt, Planned, Primitive, Receiver, Spec, bind};
use super::iam::{self, EntityKind};
use crate::aws::Session;
use crate::estate::Group;
use crate::step::{Attempt, Class, Failure, Freshness, Operation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const DOC: &str = r#"`session.create_group(name, #{path, managed, inline, members, exclusive})`

Makes a group, or finds the one of that name. What the map does not name is left as it is, and told at the
end of the play as *found beside* it; a different `path` is an error. Returns
`#{kind, arn, name, account}`.

```rhai
let org = organization();
let ana = org.create_user("ana");
let readers = org.create_group("readers", #{
    managed: ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    members: [ana],
});
output("readers", readers.arn);
```

`exclusive: true` makes the group the playbook's alone: at the end of a play in which nothing failed, paused or was left out, its managed
policies, inline policies and members that the whole playbook did not name are taken away, once that is confirmed (`--yes`). That needs
`iam:DetachGroupPolicy`, `iam:DeleteGroupPolicy` and `iam:RemoveUserFromGroup`. What the runner itself works through, and roles of AWS's
services, are never touched.

Errors: `path-differs`, `policy-malformed`, `policy-too-long`, and AWS's own (`LimitExceeded`, `NoSuchEntity` for a member or policy).
"#;

pub(super) const SPEC: Spec = Spec {
    name: "create_group",
    receiver: Receiver::Session,
    positional: &["name"],
    options: &[
        Opt { name: "path", kind: "string", help: "`/` unless given; cannot be changed later" },
        Opt { name: "managed", kind: "array", help: "managed policies to attach, ARNs or policies" },
        Opt { name: "inline", kind: "map", help: "name to policy document, or one document named as the group" },
        Opt { name: "members", kind: "array", help: "users to add, names or users" },
        Opt { name: "exclusive", kind: "bool", help: "take away what else is on the group at the end of the play" },
    ],
    doc: DOC,
    actions: &["iam:GetAccountAuthorizationDetails", "iam:CreateGroup"],
    bind: bind::<CreateGroup>,
};

pub(super) struct CreateGroup;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {
    name: String,
    #[serde(default = "default_path", skip_serializing_if = "is_default_path")]
    path: String,
    #[serde(default, skip_serializing)]
    managed: Vec<PolicyRef>,
    #[serde(default, skip_serializing)]
    inline: Value,
    #[serde(default, skip_serializing_if = "is_false")]
    exclusive: bool,
    #[serde(default, skip_serializing)]
    members: Vec<UserRef>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
    /// As AWS spells it.
    name: String,
    path: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Detail {}

impl Primitive for CreateGroup {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::CreateNamed;
    type Args = Args;
    type Found = Found;
    type Detail = Detail;

    fn validate(args: &Args) -> Result<(), Argument> {
        long_name("name", &args.name)?;
        arguments::iam_path("path", &args.path)
    }

    fn identity(args: &Args) -> String {
        args.name.clone()
    }

    async fn look(session: &Session, args: &Args, freshness: Freshness) -> Result<Option<Found>, Failure> {
        session
            .with_iam(freshness, |iam| {
                iam::named(&iam.groups, &args.name).map(|(name, group)| Found { name: name.clone(), path: group.path.clone() })
            })
            .await
    }

    fn changes(args: &Args, found: Option<&Found>) -> Result<Vec<Planned<Detail>>, Failure> {
        let Some(found) = found else {
            return Ok(vec![Planned::new("CreateGroup", Class::CreateNamed, Detail {})]);
        };
        iam::same_path(&found.path, &args.path)?;
        Ok(Vec::new())
    }

    async fn apply(session: &Session, args: &Args, _: &Detail, _: &dyn Attempt) -> Result<(), Failure> {
        let client = session.iam().await?;
        let reply = session.send("iam:CreateGroup", client.create_group().group_name(&args.name).path(&args.path).send()).await?;
        let group = Group {
            id: reply.group.map(|group| group.group_id).unwrap_or_default(),
            path: args.path.clone(),
            attached: BTreeSet::new(),
            inline: BTreeMap::new(),
        };
        session.record(|iam| drop(iam.groups.insert(args.name.clone(), group))).await;
        Ok(())
    }

    fn output(session: &Session, _: &Args, found: &Found) -> Value {
        let arn = iam::arn(session, "group", &found.path, &found.name);
        json!({ "kind": "group", "arn": arn, "name": found.name, "account": session.account_id() })
    }

    fn owns(args: &Args) -> Option<Entity> {
        Some(Entity { kind: EntityKind::Group, name: args.name.clone(), exclusive: args.exclusive })
    }

    fn parts(session: &Session, args: &Args) -> Result<Vec<Arc<dyn Operation>>, Argument> {
        let mut parts = iam::attachments(session, EntityKind::Group, &args.name, &args.managed)?;
        parts.extend(iam::inline_policies(session, EntityKind::Group, &args.name, &args.inline)?);
        let pairs = args.members.iter().enumerate().map(|(n, user)| (user.0.as_str(), args.name.as_str(), format!("members[{n}]")));
        parts.extend(memberships(session, "user", pairs)?);
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::testing::{calls, checked};

    #[test]
    fn a_group_is_made_once_and_its_path_stays() {
        let args = checked::<CreateGroup>(json!({"name": "readers", "members": ["ana", {"kind": "user", "name": "bo"}]})).unwrap();
        let found = |path: &str| Found { name: "readers".into(), path: path.into() };
        assert_eq!(calls::<CreateGroup>(&args, None), ["CreateGroup"]);
        assert_eq!(calls::<CreateGroup>(&args, Some(&found("/"))), [] as [&str; 0]);
        assert_eq!(CreateGroup::changes(&args, Some(&found("/a/"))).unwrap_err().code, "path-differs");
        assert!(checked::<CreateGroup>(json!({"name": "bad name"})).is_err());
    }
}
