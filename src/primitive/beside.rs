//! What is on a user, group or role beside what the playbook named. All but the looking is pure.

use super::iam::{self, EntityKind};
use crate::aws::{Caller, Reach, Session};
use crate::estate::Iam;
use crate::policy::arn;
use crate::step::StepKey;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An object of IAM that a playbook calls its own by creating it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    pub kind: EntityKind,
    pub name: String,
    /// The playbook says all that is to be on it.
    pub exclusive: bool,
}

/// What the playbook named on one entity, in lower case: IAM holds names that differ in case only for the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub managed: BTreeSet<String>,
    pub inline: BTreeSet<String>,
    /// The users of a group, or the groups of a user.
    pub memberships: BTreeSet<String>,
}

/// Something on an entity that the playbook did not name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "extra", content = "value", rename_all = "kebab-case")]
pub enum Extra {
    /// By its ARN.
    ManagedPolicy(String),
    InlinePolicy(String),
    /// A user of the group, or a group of the user.
    Member(String),
}

/// Everything on one entity, as AWS spells it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Holdings {
    path: String,
    managed: BTreeSet<String>,
    inline: BTreeSet<String>,
    memberships: BTreeSet<String>,
}

/// What each entity was given by the steps of these keys, by account, kind and name in lower case.
#[must_use]
pub fn named(keys: &[StepKey]) -> BTreeMap<(String, EntityKind, String), Named> {
    use EntityKind::{Group, Role, User};
    let mut all: BTreeMap<_, Named> = BTreeMap::new();
    for StepKey { account, primitive, identity, .. } in keys {
        // Names hold no slash; what stands behind the first is an ARN or a name. Identities come in lower case.
        let Some((entity, other)) = identity.split_once('/') else { continue };
        let mut put = |kind, name: &str, list: fn(&mut Named) -> &mut BTreeSet<String>, what: &str| {
            list(all.entry((account.clone(), kind, name.to_owned())).or_default()).insert(what.to_owned());
        };
        match primitive.as_str() {
            "attach_user_policy" => put(User, entity, |named| &mut named.managed, other),
            "attach_group_policy" => put(Group, entity, |named| &mut named.managed, other),
            "attach_role_policy" => put(Role, entity, |named| &mut named.managed, other),
            "put_user_policy" => put(User, entity, |named| &mut named.inline, other),
            "put_group_policy" => put(Group, entity, |named| &mut named.inline, other),
            "put_role_policy" => put(Role, entity, |named| &mut named.inline, other),
            "add_user_to_group" => {
                put(User, entity, |named| &mut named.memberships, other);
                put(Group, other, |named| &mut named.memberships, entity);
            }
            _ => {}
        }
    }
    all
}

/// What is there and was not named. Roles of AWS itself are nobody's to judge.
pub(super) fn extras(held: &Holdings, named: &Named) -> Vec<Extra> {
    if held.path.starts_with("/aws-service-role/") || held.path.starts_with("/aws-reserved/") {
        return Vec::new();
    }
    let beside = |held: &BTreeSet<String>, named: &BTreeSet<String>| -> Vec<String> {
        held.iter().filter(|one| !named.contains(&one.to_lowercase())).cloned().collect()
    };
    let mut extras: Vec<Extra> = beside(&held.managed, &named.managed).into_iter().map(Extra::ManagedPolicy).collect();
    extras.extend(beside(&held.inline, &named.inline).into_iter().map(Extra::InlinePolicy));
    extras.extend(beside(&held.memberships, &named.memberships).into_iter().map(Extra::Member));
    extras
}

/// All that is on an entity; none when there is no such entity.
pub(super) fn holdings(iam: &Iam, kind: EntityKind, name: &str) -> Option<Holdings> {
    let (managed, inline) = iam::policies(iam, kind, name)?;
    let (path, memberships) = match kind {
        EntityKind::User => iam::named(&iam.users, name).map(|(_, user)| (user.path.clone(), user.groups.clone()))?,
        EntityKind::Role => iam::named(&iam.roles, name).map(|(_, role)| (role.path.clone(), BTreeSet::new()))?,
        EntityKind::Group => {
            let member = |groups: &BTreeSet<String>| groups.iter().any(|group| group.eq_ignore_ascii_case(name));
            let members = iam.users.iter().filter(|(_, user)| member(&user.groups)).map(|(user, _)| user.clone());
            (iam::named(&iam.groups, name)?.1.path.clone(), members.collect())
        }
    };
    Some(Holdings { path, managed: managed.clone(), inline: inline.keys().cloned().collect(), memberships })
}

/// What is beside the playbook on an entity, as far as the account was read; asks AWS nothing.
pub async fn known(session: &Session, entity: &Entity, named: &Named) -> Vec<Extra> {
    let held = session.known_iam(|iam| holdings(iam, entity.kind, &entity.name)).await.flatten();
    held.map(|held| extras(&held, named)).unwrap_or_default()
}

/// Whether the runner itself works through this entity: the user or role of its own credentials, or a role that accounts are entered by.
#[must_use]
pub fn is_the_runners(session: &Session, caller: &Caller, entity: &Entity) -> bool {
    let same = |name: &str| name.eq_ignore_ascii_case(&entity.name);
    match entity.kind {
        EntityKind::Group => false,
        EntityKind::User => user_of(session, caller).is_some_and(same),
        EntityKind::Role => {
            let own = caller_resource(session, caller).and_then(|resource| resource.strip_prefix("assumed-role/")?.split('/').next());
            let mut ways = Vec::new();
            let mut reach = Some(&session.spec().reach);
            while let Some(way) = reach {
                reach = match way {
                    Reach::Own | Reach::Further => None,
                    Reach::Mfa { via, .. } => Some(&via.reach),
                    Reach::Role { via, arn, .. } => {
                        ways.extend(arn::parse(arn).filter(|arn| arn.account == session.account_id()));
                        Some(&via.reach)
                    }
                };
            }
            let entered = |arn: &arn::ArnParts<'_>| arn.resource.rsplit('/').next().is_some_and(same);
            own.is_some_and(same) || same(session.cloud().access_role()) || ways.iter().any(entered)
        }
    }
}

/// The user whose credentials the runner works with, if it is one of this account.
#[must_use]
pub fn user_of<'c>(session: &Session, caller: &'c Caller) -> Option<&'c str> {
    caller_resource(session, caller)?.strip_prefix("user/")?.rsplit('/').next()
}

fn caller_resource<'c>(session: &Session, caller: &'c Caller) -> Option<&'c str> {
    arn::parse(&caller.arn).filter(|arn| arn.account == session.account_id()).map(|arn| arn.resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(primitive: &str, identity: &str) -> StepKey {
        StepKey { account: "1".into(), primitive: primitive.into(), identity: identity.into(), id: None }
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

    #[test]
    fn keys_tell_what_was_named_on_what() {
        let keys = [
            key("create_group", "staff"),
            key("attach_group_policy", "staff/arn:aws:iam::aws:policy/readonlyaccess"),
            key("put_group_policy", "staff/list"),
            key("put_role_policy", "staff/other"),
            key("add_user_to_group", "ana/staff"),
        ];
        let all = named(&keys);
        let staff = Named { managed: set(&["arn:aws:iam::aws:policy/readonlyaccess"]), inline: set(&["list"]), memberships: set(&["ana"]) };
        assert_eq!(all[&("1".to_owned(), EntityKind::Group, "staff".to_owned())], staff);
        assert_eq!(all[&("1".to_owned(), EntityKind::User, "ana".to_owned())].memberships, set(&["staff"]));
        assert_eq!(all[&("1".to_owned(), EntityKind::Role, "staff".to_owned())].inline, set(&["other"]));
        assert_eq!(all.len(), 3);
    }

    #[test]
    fn what_was_not_named_is_beside_whatever_the_case() {
        let held = |path: &str| Holdings {
            path: path.into(),
            managed: set(&[READ_ONLY, "arn:aws:iam::1:policy/mine"]),
            inline: set(&["List", "old"]),
            memberships: set(&["Ana", "bo"]),
        };
        let named = Named { managed: set(&[&READ_ONLY.to_lowercase()]), inline: set(&["list"]), memberships: set(&["ana"]) };
        let beside =
            [Extra::ManagedPolicy("arn:aws:iam::1:policy/mine".into()), Extra::InlinePolicy("old".into()), Extra::Member("bo".into())];
        assert_eq!(extras(&held("/"), &named), beside);
        assert_eq!(extras(&held("/"), &Named::default()).len(), 6);
        for path in ["/aws-service-role/x.amazonaws.com/", "/aws-reserved/sso.amazonaws.com/"] {
            assert_eq!(extras(&held(path), &named), []);
        }
    }
}
