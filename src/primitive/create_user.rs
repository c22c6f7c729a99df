//! `create_user`: a user. Policies and groups are steps of their own.

use super::add_user_to_group::memberships;
use super::arguments::{self, GroupRef, PolicyRef, default_path, entity_name, is_default_path, is_false};
use super::beside::Entity;
use super::contract::{Argument, Opt, Planned, Primitive, Receiver, Spec, bind};
use super::iam::{self, EntityKind};
use crate::aws::Session;
use crate::estate::{Tags, User};
use crate::step::{Attempt, Class, Failure, Freshness, Operation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const DOC: &str = r#"`session.create_user(name, #{path, tags, boundary, groups, managed, inline, exclusive})`

Makes a user, or brings the one of that name to these terms. What the map does not name is left as it is, and told at the
end of the play as *found beside* it; a different `path` is an
error. Returns `#{kind, arn, name, account}`.

```rhai
let org = organization();
let readers = org.create_group("readers");
let ana = org.create_user("ana", #{ groups: [readers], tags: #{ team: "shop" } });
output("ana", ana.arn);
```

`exclusive: true` makes the user the playbook's alone: at the end of a play in which nothing failed, paused or was left out, its groups,
managed and inline policies that the whole playbook did not name are taken away, once that is confirmed (`--yes`). That needs
`iam:DetachUserPolicy`, `iam:DeleteUserPolicy` and `iam:RemoveUserFromGroup`. What the runner itself works through, and roles of AWS's
services, are never touched.

Errors: `path-differs`, `policy-malformed`, `policy-too-long`, and AWS's own (`LimitExceeded`, `NoSuchEntity` for a group or policy).
"#;

pub(super) const SPEC: Spec = Spec {
    name: "create_user",
    receiver: Receiver::Session,
    positional: &["name"],
    options: &[
        Opt { name: "path", kind: "string", help: "`/` unless given; cannot be changed later" },
        Opt { name: "tags", kind: "map", help: "tags to set; others are left" },
        Opt { name: "boundary", kind: "policy", help: "ARN of the permissions boundary" },
        Opt { name: "groups", kind: "array", help: "groups to be a member of, names or groups" },
        Opt { name: "managed", kind: "array", help: "managed policies to attach, ARNs or policies" },
        Opt { name: "inline", kind: "map", help: "name to policy document, or one document named as the user" },
        Opt { name: "exclusive", kind: "bool", help: "take away what else is on the user at the end of the play" },
    ],
    doc: DOC,
    actions: &["iam:GetAccountAuthorizationDetails", "iam:CreateUser", "iam:TagUser", "iam:PutUserPermissionsBoundary"],
    bind: bind::<CreateUser>,
};

pub(super) struct CreateUser;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {
    name: String,
    #[serde(default = "default_path", skip_serializing_if = "is_default_path")]
    path: String,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    tags: Tags,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    boundary: Option<PolicyRef>,
    #[serde(default, skip_serializing)]
    groups: Vec<GroupRef>,
    #[serde(default, skip_serializing)]
    managed: Vec<PolicyRef>,
    #[serde(default, skip_serializing)]
    inline: Value,
    #[serde(default, skip_serializing_if = "is_false")]
    exclusive: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
    /// As AWS spells it.
    name: String,
    path: String,
    tags: Tags,
    boundary: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Detail {
    CreateUser,
    PutUserPermissionsBoundary,
    TagUser,
}

impl Primitive for CreateUser {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::CreateNamed;
    type Args = Args;
    type Found = Found;
    type Detail = Detail;

    fn validate(args: &Args) -> Result<(), Argument> {
        entity_name("name", &args.name)?;
        arguments::iam_path("path", &args.path)?;
        arguments::tags("tags", &args.tags)?;
        args.boundary.as_ref().map_or(Ok(()), |boundary| arguments::policy_arn("boundary", &boundary.0))
    }

    fn identity(args: &Args) -> String {
        args.name.clone()
    }

    async fn look(session: &Session, args: &Args, freshness: Freshness) -> Result<Option<Found>, Failure> {
        session
            .with_iam(freshness, |iam| {
                let (name, User { path, tags, boundary, .. }) = iam::named(&iam.users, &args.name)?;
                Some(Found { name: name.clone(), path: path.clone(), tags: tags.clone(), boundary: boundary.clone() })
            })
            .await
    }

    fn changes(args: &Args, found: Option<&Found>) -> Result<Vec<Planned<Detail>>, Failure> {
        let Some(found) = found else {
            return Ok(vec![Planned::new("CreateUser", Class::CreateNamed, Detail::CreateUser)]);
        };
        iam::same_path(&found.path, &args.path)?;
        let mut changes = Vec::new();
        if let Some(text) = iam::boundary_difference(found.boundary.as_ref(), args.boundary.as_ref()) {
            changes.push(Planned::new("PutUserPermissionsBoundary", Class::Converge, Detail::PutUserPermissionsBoundary).because(text));
        }
        if let Some(text) = iam::tag_difference(&found.tags, &args.tags) {
            changes.push(Planned::new("TagUser", Class::Converge, Detail::TagUser).because(text));
        }
        Ok(changes)
    }

    async fn apply(session: &Session, args: &Args, detail: &Detail, _: &dyn Attempt) -> Result<(), Failure> {
        let client = session.iam().await?;
        let boundary = args.boundary.as_ref().map(|boundary| boundary.0.clone());
        match detail {
            Detail::CreateUser => create(session, args, boundary).await,
            Detail::PutUserPermissionsBoundary => {
                let call = client.put_user_permissions_boundary().user_name(&args.name).set_permissions_boundary(boundary.clone());
                session.send("iam:PutUserPermissionsBoundary", call.send()).await?;
                record(session, &args.name, |user| user.boundary = boundary).await;
                Ok(())
            }
            Detail::TagUser => {
                let call = client.tag_user().user_name(&args.name).set_tags(Some(iam::tags(&args.tags)?));
                session.send("iam:TagUser", call.send()).await?;
                record(session, &args.name, |user| user.tags.extend(args.tags.clone())).await;
                Ok(())
            }
        }
    }

    fn output(session: &Session, _: &Args, found: &Found) -> Value {
        let arn = iam::arn(session, "user", &found.path, &found.name);
        json!({ "kind": "user", "arn": arn, "name": found.name, "account": session.account_id() })
    }

    fn owns(args: &Args) -> Option<Entity> {
        Some(Entity { kind: EntityKind::User, name: args.name.clone(), exclusive: args.exclusive })
    }

    fn parts(session: &Session, args: &Args) -> Result<Vec<Arc<dyn Operation>>, Argument> {
        let mut parts = iam::attachments(session, EntityKind::User, &args.name, &args.managed)?;
        parts.extend(iam::inline_policies(session, EntityKind::User, &args.name, &args.inline)?);
        let pairs = args.groups.iter().enumerate().map(|(n, group)| (args.name.as_str(), group.0.as_str(), format!("groups[{n}]")));
        parts.extend(memberships(session, "group", pairs)?);
        Ok(parts)
    }
}

async fn create(session: &Session, args: &Args, boundary: Option<String>) -> Result<(), Failure> {
    let client = session.iam().await?;
    let mut call = client.create_user().user_name(&args.name).path(&args.path).set_permissions_boundary(boundary.clone());
    if !args.tags.is_empty() {
        call = call.set_tags(Some(iam::tags(&args.tags)?));
    }
    let reply = session.send("iam:CreateUser", call.send()).await?;
    let user = User {
        id: reply.user.map(|user| user.user_id).unwrap_or_default(),
        path: args.path.clone(),
        boundary,
        tags: args.tags.clone(),
        groups: BTreeSet::new(),
        attached: BTreeSet::new(),
        inline: BTreeMap::new(),
    };
    session.record(|iam| drop(iam.users.insert(args.name.clone(), user))).await;
    Ok(())
}

async fn record(session: &Session, name: &str, write: impl FnOnce(&mut User)) {
    session.record(|iam| iam::named_mut(&mut iam.users, name).map(write).unwrap_or_default()).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::testing::{calls, checked};

    #[test]
    fn only_what_differs_is_changed() {
        let found = Found { name: "ana".into(), path: "/".into(), tags: Tags::from([("team".into(), "a".into())]), boundary: None };
        for (extra, wanted) in [
            (json!({}), &[] as &[&str]),
            (json!({"tags": {"team": "a"}}), &[]),
            (json!({"tags": {"team": "b"}}), &["TagUser"]),
            (json!({"boundary": "arn:aws:iam::aws:policy/ReadOnlyAccess"}), &["PutUserPermissionsBoundary"]),
        ] {
            let mut value = json!({"name": "ana"});
            value.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            let args = checked::<CreateUser>(value).unwrap();
            assert_eq!(calls::<CreateUser>(&args, Some(&found)), wanted, "{extra}");
            assert_eq!(calls::<CreateUser>(&args, None), ["CreateUser"]);
        }
        let moved = checked::<CreateUser>(json!({"name": "ana", "path": "/x/"})).unwrap();
        assert_eq!(CreateUser::changes(&moved, Some(&found)).unwrap_err().code, "path-differs");
    }
}
