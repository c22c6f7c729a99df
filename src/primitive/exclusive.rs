//! `exclusive`: takes away what is on a user, group or role beside what the playbook named. It is performed at the end of a play and not
//! called by scripts.

use super::beside::{Entity, Extra, Holdings, Named, extras, holdings};
use super::contract::{Argument, Planned, Primitive, Receiver, Spec, bind, part};
use super::iam::{self, EntityKind};
use crate::aws::Session;
use crate::step::{Attempt, Class, Failure, Freshness, Operation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) const SPEC: Spec = Spec {
    name: "exclusive",
    receiver: Receiver::Session,
    positional: &["kind", "name", "named"],
    options: &[],
    doc: "",
    actions: &[
        "iam:DetachUserPolicy",
        "iam:DetachGroupPolicy",
        "iam:DetachRolePolicy",
        "iam:DeleteUserPolicy",
        "iam:DeleteGroupPolicy",
        "iam:DeleteRolePolicy",
        "iam:RemoveUserFromGroup",
    ],
    bind: bind::<Exclusive>,
};

/// The step that leaves on the entity only what was named. The journal holds what was named, so it can be settled without the script.
pub fn exclusive(session: &Session, entity: &Entity, named: &Named) -> Result<Arc<dyn Operation>, Argument> {
    part::<Exclusive>(session, json!({ "kind": entity.kind, "name": entity.name, "named": named }))
}

struct Exclusive;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Args {
    kind: EntityKind,
    name: String,
    named: Named,
}

impl Primitive for Exclusive {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::Destructive;
    type Args = Args;
    type Found = Holdings;
    type Detail = Extra;

    fn validate(_: &Args) -> Result<(), Argument> {
        Ok(())
    }

    fn identity(args: &Args) -> String {
        format!("{}/{}", args.kind.word(), args.name)
    }

    async fn look(session: &Session, args: &Args, freshness: Freshness) -> Result<Option<Holdings>, Failure> {
        session.with_iam(freshness, |iam| holdings(iam, args.kind, &args.name)).await
    }

    fn changes(args: &Args, found: Option<&Holdings>) -> Result<Vec<Planned<Extra>>, Failure> {
        let extras = found.map(|held| extras(held, &args.named)).unwrap_or_default();
        let planned = |extra: Extra| {
            let (call, what) = match (&extra, args.kind) {
                (Extra::ManagedPolicy(arn), EntityKind::User) => ("DetachUserPolicy", arn),
                (Extra::ManagedPolicy(arn), EntityKind::Group) => ("DetachGroupPolicy", arn),
                (Extra::ManagedPolicy(arn), EntityKind::Role) => ("DetachRolePolicy", arn),
                (Extra::InlinePolicy(name), EntityKind::User) => ("DeleteUserPolicy", name),
                (Extra::InlinePolicy(name), EntityKind::Group) => ("DeleteGroupPolicy", name),
                (Extra::InlinePolicy(name), EntityKind::Role) => ("DeleteRolePolicy", name),
                (Extra::Member(other), _) => ("RemoveUserFromGroup", other),
            };
            let what = what.clone();
            Planned::new(call, Class::Destructive, extra).because(what)
        };
        Ok(extras.into_iter().map(planned).collect())
    }

    async fn apply(session: &Session, args: &Args, extra: &Extra, _: &dyn Attempt) -> Result<(), Failure> {
        match extra {
            Extra::ManagedPolicy(arn) => detach(session, args, arn).await,
            Extra::InlinePolicy(policy) => delete(session, args, policy).await,
            Extra::Member(other) => match args.kind {
                EntityKind::User => remove(session, &args.name, other).await,
                EntityKind::Group | EntityKind::Role => remove(session, other, &args.name).await,
            },
        }
    }

    fn output(_: &Session, args: &Args, _: &Holdings) -> Value {
        json!({ "kind": "exclusive", "of": args.kind, "name": args.name })
    }
}

async fn detach(session: &Session, args: &Args, arn: &str) -> Result<(), Failure> {
    let client = session.iam().await?;
    let name = &args.name;
    match args.kind {
        EntityKind::User => {
            let call = client.detach_user_policy().user_name(name).policy_arn(arn);
            session.send("iam:DetachUserPolicy", call.send()).await.map(drop)?;
        }
        EntityKind::Group => {
            let call = client.detach_group_policy().group_name(name).policy_arn(arn);
            session.send("iam:DetachGroupPolicy", call.send()).await.map(drop)?;
        }
        EntityKind::Role => {
            let call = client.detach_role_policy().role_name(name).policy_arn(arn);
            session.send("iam:DetachRolePolicy", call.send()).await.map(drop)?;
        }
    }
    session
        .record(|iam| {
            if let Some((attached, _)) = iam::policies_mut(iam, args.kind, name) {
                attached.remove(arn);
            }
        })
        .await;
    Ok(())
}

async fn delete(session: &Session, args: &Args, policy: &str) -> Result<(), Failure> {
    let client = session.iam().await?;
    let name = &args.name;
    match args.kind {
        EntityKind::User => {
            let call = client.delete_user_policy().user_name(name).policy_name(policy);
            session.send("iam:DeleteUserPolicy", call.send()).await.map(drop)?;
        }
        EntityKind::Group => {
            let call = client.delete_group_policy().group_name(name).policy_name(policy);
            session.send("iam:DeleteGroupPolicy", call.send()).await.map(drop)?;
        }
        EntityKind::Role => {
            let call = client.delete_role_policy().role_name(name).policy_name(policy);
            session.send("iam:DeleteRolePolicy", call.send()).await.map(drop)?;
        }
    }
    session
        .record(|iam| {
            if let Some((_, inline)) = iam::policies_mut(iam, args.kind, name) {
                inline.remove(policy);
            }
        })
        .await;
    Ok(())
}

async fn remove(session: &Session, user: &str, group: &str) -> Result<(), Failure> {
    let client = session.iam().await?;
    let call = client.remove_user_from_group().user_name(user).group_name(group);
    session.send("iam:RemoveUserFromGroup", call.send()).await?;
    session
        .record(|iam| {
            if let Some(user) = iam::named_mut(&mut iam.users, user) {
                user.groups.retain(|known| !known.eq_ignore_ascii_case(group));
            }
        })
        .await;
    Ok(())
}
