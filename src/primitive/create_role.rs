//! `create_role`: a role, its trust policy and its settings. Its policies are steps of their own.

use super::arguments::{self, PolicyRef, default_path, entity_name, is_default_path, is_false};
use super::beside::Entity;
use super::contract::{Argument, DocumentArgument, Opt, Planned, Primitive, Receiver, Spec, bind};
use super::iam::{self, EntityKind};
use crate::aws::Session;
use crate::estate::{Role, Tags};
use crate::policy::{Document, Kind, difference, size};
use crate::step::{Attempt, Class, Failure, Freshness, Operation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

const DOC: &str = r#"`session.create_role(name, #{trust, path, description, max_session, boundary, tags, managed, inline, exclusive})`

Makes a role, or brings the one of that name to these terms. What the map does not name is left as it is, and told at the
end of the play as *found beside* it; a different `path` is an
error, since AWS cannot change it. Returns `#{kind, arn, name, account}`.

```rhai
let org = organization();
let me = caller();
let role = org.create_role("auditor", #{
    trust: #{
        Version: "2012-10-17",
        Statement: [#{ Effect: "Allow", Principal: #{ AWS: me.account }, Action: "sts:AssumeRole" }],
    },
    description: "reads everything",
    managed: ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
});
output("auditor", role.arn);
```

`exclusive: true` makes the role the playbook's alone: at the end of a play in which nothing failed, paused or was left out, its managed
and inline policies that the whole playbook did not name are taken away, once that is confirmed (`--yes`). That needs
`iam:DetachRolePolicy` and `iam:DeleteRolePolicy`. What the runner itself works through, and roles of AWS's services, are never touched.

Errors: `path-differs`, `policy-malformed`, `policy-too-long`, and AWS's own (`MalformedPolicyDocument`, `LimitExceeded`).
"#;

pub(super) const SPEC: Spec = Spec {
    name: "create_role",
    receiver: Receiver::Session,
    positional: &["name"],
    options: &[
        Opt { name: "trust", kind: "policy document", help: "who may assume it; needed" },
        Opt { name: "path", kind: "string", help: "`/` unless given; cannot be changed later" },
        Opt { name: "description", kind: "string", help: "up to 1000 characters" },
        Opt { name: "max_session", kind: "integer", help: "seconds a session may last, 3600 to 43200" },
        Opt { name: "boundary", kind: "policy", help: "ARN of the permissions boundary" },
        Opt { name: "tags", kind: "map", help: "tags to set; others are left" },
        Opt { name: "managed", kind: "array", help: "managed policies to attach, ARNs or policies" },
        Opt { name: "inline", kind: "map", help: "name to policy document, or one document named as the role" },
        Opt { name: "exclusive", kind: "bool", help: "take away what else is on the role at the end of the play" },
    ],
    doc: DOC,
    actions: &[
        "iam:GetAccountAuthorizationDetails",
        "iam:GetRole",
        "iam:CreateRole",
        "iam:TagRole",
        "iam:UpdateRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:PutRolePermissionsBoundary",
    ],
    bind: bind::<CreateRole>,
};

pub(super) struct CreateRole;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {
    name: String,
    trust: Document,
    #[serde(default = "default_path", skip_serializing_if = "is_default_path")]
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_session: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    boundary: Option<PolicyRef>,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    tags: Tags,
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
    role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Detail {
    CreateRole,
    UpdateAssumeRolePolicy,
    UpdateRole,
    PutRolePermissionsBoundary,
    TagRole,
}

impl Primitive for CreateRole {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::CreateNamed;
    const DOCUMENTS: &'static [DocumentArgument] = &[DocumentArgument { field: "trust", kind: Kind::Trust, limit: size::TRUST }];
    type Args = Args;
    type Found = Found;
    type Detail = Detail;

    fn validate(args: &Args) -> Result<(), Argument> {
        entity_name("name", &args.name)?;
        arguments::iam_path("path", &args.path)?;
        arguments::tags("tags", &args.tags)?;
        if let Some(boundary) = &args.boundary {
            arguments::policy_arn("boundary", &boundary.0)?;
        }
        if args.description.as_ref().is_some_and(|text| text.chars().count() > 1000) {
            return Err(Argument::new("description", "description", "the description is too long").hint("use at most 1000 characters"));
        }
        if args.max_session.is_some_and(|seconds| !(3600..=43200).contains(&seconds)) {
            return Err(Argument::new("max-session", "max_session", "a session lasts 3600 to 43200 seconds")
                .hint("leave it out for one hour, or give the seconds"));
        }
        Ok(())
    }

    fn identity(args: &Args) -> String {
        args.name.clone()
    }

    async fn look(session: &Session, args: &Args, freshness: Freshness) -> Result<Option<Found>, Failure> {
        let freshness = session.role_freshness(&args.name, freshness);
        let found =
            session.with_iam(freshness, |iam| iam::named(&iam.roles, &args.name).map(|(name, role)| (name.clone(), role.clone()))).await?;
        let Some((name, mut role)) = found else { return Ok(None) };
        let asked = args.description.is_some() || args.max_session.is_some();
        if asked && (role.description.is_none() || role.max_session.is_none()) {
            let client = session.iam().await?;
            let reply = session.read("iam:GetRole", client.get_role().role_name(&name).send()).await?;
            if let Some(detail) = reply.role {
                role.description = Some(detail.description.unwrap_or_default());
                role.max_session = Some(detail.max_session_duration.and_then(|seconds| seconds.try_into().ok()).unwrap_or(3600));
                session.record(|iam| drop(iam.roles.insert(name.clone(), role.clone()))).await;
            }
        }
        Ok(Some(Found { name, role }))
    }

    fn changes(args: &Args, found: Option<&Found>) -> Result<Vec<Planned<Detail>>, Failure> {
        let Some(Found { role, .. }) = found else {
            return Ok(vec![Planned::new("CreateRole", Class::CreateNamed, Detail::CreateRole)]);
        };
        iam::same_path(&role.path, &args.path)?;
        let mut changes = Vec::new();
        if role.trust != args.trust {
            let text = difference(&role.trust, &args.trust);
            changes.push(Planned::new("UpdateAssumeRolePolicy", Class::Converge, Detail::UpdateAssumeRolePolicy).because(text));
        }
        let settings: Vec<String> = [settings_description(args, role), settings_session(args, role)].into_iter().flatten().collect();
        if !settings.is_empty() {
            changes.push(Planned::new("UpdateRole", Class::Converge, Detail::UpdateRole).because(settings.join(", ")));
        }
        if let Some(text) = iam::boundary_difference(role.boundary.as_ref(), args.boundary.as_ref()) {
            changes.push(Planned::new("PutRolePermissionsBoundary", Class::Converge, Detail::PutRolePermissionsBoundary).because(text));
        }
        if let Some(text) = iam::tag_difference(&role.tags, &args.tags) {
            changes.push(Planned::new("TagRole", Class::Converge, Detail::TagRole).because(text));
        }
        Ok(changes)
    }

    async fn apply(session: &Session, args: &Args, detail: &Detail, _: &dyn Attempt) -> Result<(), Failure> {
        match detail {
            Detail::CreateRole => create(session, args).await,
            Detail::UpdateAssumeRolePolicy => {
                let client = session.iam().await?;
                let call = client.update_assume_role_policy().role_name(&args.name).policy_document(args.trust.text());
                session.send("iam:UpdateAssumeRolePolicy", call.send()).await?;
                record(session, &args.name, |role| role.trust = args.trust.clone()).await;
                Ok(())
            }
            Detail::UpdateRole => {
                let client = session.iam().await?;
                let seconds = args.max_session.and_then(|seconds| seconds.try_into().ok());
                let call =
                    client.update_role().role_name(&args.name).set_description(args.description.clone()).set_max_session_duration(seconds);
                session.send("iam:UpdateRole", call.send()).await?;
                record(session, &args.name, |role| {
                    role.description = args.description.clone().or(role.description.take());
                    role.max_session = args.max_session.or(role.max_session);
                })
                .await;
                Ok(())
            }
            Detail::PutRolePermissionsBoundary => {
                let client = session.iam().await?;
                let boundary = args.boundary.as_ref().map(|boundary| boundary.0.clone());
                let call = client.put_role_permissions_boundary().role_name(&args.name).set_permissions_boundary(boundary.clone());
                session.send("iam:PutRolePermissionsBoundary", call.send()).await?;
                record(session, &args.name, |role| role.boundary = boundary).await;
                Ok(())
            }
            Detail::TagRole => {
                let client = session.iam().await?;
                let call = client.tag_role().role_name(&args.name).set_tags(Some(iam::tags(&args.tags)?));
                session.send("iam:TagRole", call.send()).await?;
                record(session, &args.name, |role| role.tags.extend(args.tags.clone())).await;
                Ok(())
            }
        }
    }

    fn output(session: &Session, _: &Args, found: &Found) -> Value {
        let arn = iam::arn(session, "role", &found.role.path, &found.name);
        json!({ "kind": "role", "arn": arn, "name": found.name, "account": session.account_id() })
    }

    fn owns(args: &Args) -> Option<Entity> {
        Some(Entity { kind: EntityKind::Role, name: args.name.clone(), exclusive: args.exclusive })
    }

    fn parts(session: &Session, args: &Args) -> Result<Vec<Arc<dyn Operation>>, Argument> {
        let mut parts = iam::attachments(session, EntityKind::Role, &args.name, &args.managed)?;
        parts.extend(iam::inline_policies(session, EntityKind::Role, &args.name, &args.inline)?);
        Ok(parts)
    }
}

async fn create(session: &Session, args: &Args) -> Result<(), Failure> {
    let client = session.iam().await?;
    let boundary = args.boundary.as_ref().map(|boundary| boundary.0.clone());
    let mut call = client
        .create_role()
        .role_name(&args.name)
        .path(&args.path)
        .assume_role_policy_document(args.trust.text())
        .set_description(args.description.clone())
        .set_max_session_duration(args.max_session.and_then(|seconds| seconds.try_into().ok()))
        .set_permissions_boundary(boundary.clone());
    if !args.tags.is_empty() {
        call = call.set_tags(Some(iam::tags(&args.tags)?));
    }
    let reply = session.send("iam:CreateRole", call.send()).await?;
    let role = Role {
        id: reply.role.map(|role| role.role_id).unwrap_or_default(),
        path: args.path.clone(),
        trust: args.trust.clone(),
        description: Some(args.description.clone().unwrap_or_default()),
        max_session: Some(args.max_session.unwrap_or(3600)),
        boundary,
        tags: args.tags.clone(),
        attached: std::collections::BTreeSet::new(),
        inline: std::collections::BTreeMap::new(),
    };
    session.record(|iam| drop(iam.roles.insert(args.name.clone(), role))).await;
    let cloud = session.cloud();
    let now = cloud.time().now();
    cloud.newborns().add(&iam::arn(session, "role", &args.path, &args.name), now, cloud.role_lag(), now);
    Ok(())
}

async fn record(session: &Session, name: &str, write: impl FnOnce(&mut Role)) {
    session.record(|iam| iam::named_mut(&mut iam.roles, name).map(write).unwrap_or_default()).await;
}

fn settings_description(args: &Args, role: &Role) -> Option<String> {
    let (from, to) = (role.description.as_deref().unwrap_or_default(), args.description.as_deref()?);
    (from != to).then(|| format!("description: `{from}` -> `{to}`"))
}

fn settings_session(args: &Args, role: &Role) -> Option<String> {
    let (from, to) = (role.max_session.unwrap_or(3600), args.max_session?);
    (from != to).then(|| format!("max_session: {from} -> {to}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::testing::{calls, checked};

    fn trust(account: &str) -> Value {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}]})
    }

    fn args(extra: &Value) -> Args {
        let mut value = json!({"name": "auditor", "trust": trust("111122223333")});
        let fields = value.as_object_mut().unwrap();
        fields.extend(extra.as_object().unwrap().clone());
        checked::<CreateRole>(value).unwrap()
    }

    fn there() -> Found {
        let role = Role {
            id: "AROA".into(),
            path: "/".into(),
            trust: Document::stored(trust("arn:aws:iam::111122223333:root")),
            description: Some(String::new()),
            max_session: Some(3600),
            boundary: None,
            tags: Tags::from([("team".into(), "a".into())]),
            attached: std::collections::BTreeSet::new(),
            inline: std::collections::BTreeMap::new(),
        };
        Found { name: "auditor".into(), role }
    }

    #[test]
    fn only_what_differs_is_changed() {
        for (extra, wanted) in [
            (json!({}), &[] as &[&str]),
            (json!({"tags": {"team": "a"}}), &[]),
            (json!({"tags": {"team": "b"}}), &["TagRole"]),
            (json!({"trust": trust("444455556666")}), &["UpdateAssumeRolePolicy"]),
            (json!({"max_session": 7200}), &["UpdateRole"]),
            (json!({"max_session": 3600}), &[]),
            (json!({"description": "x", "max_session": 7200}), &["UpdateRole"]),
            (json!({"boundary": "arn:aws:iam::aws:policy/ReadOnlyAccess"}), &["PutRolePermissionsBoundary"]),
        ] {
            assert_eq!(calls::<CreateRole>(&args(&extra), Some(&there())), wanted, "{extra}");
        }
        assert_eq!(calls::<CreateRole>(&args(&json!({})), None), ["CreateRole"]);
    }

    #[test]
    fn a_path_cannot_be_changed() {
        let failure = CreateRole::changes(&args(&json!({"path": "/b/"})), Some(&there())).unwrap_err();
        assert_eq!(failure.code, "path-differs");
        assert_eq!(failure.message, "path differs and cannot be changed: `/` (AWS) `/b/` (wanted)");
    }

    #[test]
    fn mistakes_are_found_before_any_call() {
        let mistake = |extra: Value| {
            let mut value = json!({"name": "auditor", "trust": trust("111122223333")});
            value.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            let argument = checked::<CreateRole>(value).err().unwrap();
            (argument.code, argument.path)
        };
        for (extra, code, path) in [
            (json!({"name": "bad name"}), "name", "name"),
            (json!({"pth": "/a/"}), "unknown-argument", ""),
            (json!({"path": "a"}), "path", "path"),
            (json!({"max_session": 60}), "max-session", "max_session"),
            (json!({"max_session": "x"}), "argument", "max_session"),
            (json!({"boundary": "ReadOnlyAccess"}), "policy-arn", "boundary"),
            (
                json!({"trust": {"Version": "2012-10-17", "Statement": [{"Efect": "Allow"}]}}),
                "policy-malformed",
                "trust.Statement[0].Efect",
            ),
        ] {
            assert_eq!(mistake(extra.clone()), (code, path.to_owned()), "{extra}");
        }
    }
}
