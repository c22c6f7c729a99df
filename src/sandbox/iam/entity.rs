//! Users, groups and roles as far as they are alike: found by name, holding policies.

use super::names;
use crate::estate::{Arn, Iam, Tags};
use crate::policy::{Document, size};
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::Need;
use crate::sandbox::wire;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entity {
    User,
    Group,
    Role,
}

/// What the three have in common.
pub(super) struct View<'a> {
    /// As it was spelled when the entity was made.
    pub name: &'a str,
    pub id: &'a str,
    pub path: &'a str,
    pub boundary: Option<&'a Arn>,
    /// None for groups.
    pub tags: Option<&'a Tags>,
    pub attached: &'a BTreeSet<Arn>,
    pub inline: &'a BTreeMap<String, Document>,
}

/// The policies of an entity, to be changed.
pub(super) struct Policies<'a> {
    pub attached: &'a mut BTreeSet<Arn>,
    pub inline: &'a mut BTreeMap<String, Document>,
}

/// IAM's names are unique whatever their case, and found in any.
pub(super) fn spelled<'a, T>(map: &'a BTreeMap<String, T>, name: &str) -> Option<(&'a str, &'a T)> {
    map.get_key_value(name)
        .or_else(|| map.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)))
        .map(|(known, value)| (known.as_str(), value))
}

impl Entity {
    /// `user`, as in ARNs and messages.
    pub(super) fn word(self) -> &'static str {
        match self {
            Entity::User => "user",
            Entity::Group => "group",
            Entity::Role => "role",
        }
    }

    /// `User`, as in names of quotas.
    pub(super) fn title(self) -> &'static str {
        match self {
            Entity::User => "User",
            Entity::Group => "Group",
            Entity::Role => "Role",
        }
    }

    /// The parameter that names it.
    pub(super) fn member(self) -> &'static str {
        match self {
            Entity::User => "UserName",
            Entity::Group => "GroupName",
            Entity::Role => "RoleName",
        }
    }

    /// The longest name.
    pub(super) fn longest(self) -> usize {
        if self == Entity::Group { names::LONG } else { names::SHORT }
    }

    /// What its inline policies may measure together.
    pub(super) fn inline_quota(self) -> usize {
        match self {
            Entity::User => size::USER_INLINE,
            Entity::Group => size::GROUP_INLINE,
            Entity::Role => size::ROLE_INLINE,
        }
    }

    /// The name in the request, checked.
    pub(super) fn asked(self, call: &Call) -> Result<String, AwsError> {
        names::name(call, self.member(), self.longest())
    }

    pub(super) fn view<'a>(self, iam: &'a Iam, name: &str) -> Option<View<'a>> {
        match self {
            Entity::User => spelled(&iam.users, name).map(|(name, user)| View {
                name,
                id: &user.id,
                path: &user.path,
                boundary: user.boundary.as_ref(),
                tags: Some(&user.tags),
                attached: &user.attached,
                inline: &user.inline,
            }),
            Entity::Group => spelled(&iam.groups, name).map(|(name, group)| View {
                name,
                id: &group.id,
                path: &group.path,
                boundary: None,
                tags: None,
                attached: &group.attached,
                inline: &group.inline,
            }),
            Entity::Role => spelled(&iam.roles, name).map(|(name, role)| View {
                name,
                id: &role.id,
                path: &role.path,
                boundary: role.boundary.as_ref(),
                tags: Some(&role.tags),
                attached: &role.attached,
                inline: &role.inline,
            }),
        }
    }

    /// The policies of the entity of exactly this name.
    pub(super) fn policies<'a>(self, iam: &'a mut Iam, name: &str) -> Option<Policies<'a>> {
        let (attached, inline) = match self {
            Entity::User => iam.users.get_mut(name).map(|user| (&mut user.attached, &mut user.inline)),
            Entity::Group => iam.groups.get_mut(name).map(|group| (&mut group.attached, &mut group.inline)),
            Entity::Role => iam.roles.get_mut(name).map(|role| (&mut role.attached, &mut role.inline)),
        }?;
        Some(Policies { attached, inline })
    }

    /// Tags and permissions boundary of the user or role of exactly this name; groups have neither.
    pub(super) fn labels<'a>(self, iam: &'a mut Iam, name: &str) -> Option<(&'a mut Tags, &'a mut Option<Arn>)> {
        match self {
            Entity::User => iam.users.get_mut(name).map(|user| (&mut user.tags, &mut user.boundary)),
            Entity::Role => iam.roles.get_mut(name).map(|role| (&mut role.tags, &mut role.boundary)),
            Entity::Group => None,
        }
    }

    /// The entity that the request names.
    pub(super) fn found<'a>(self, call: &'a Call) -> Result<View<'a>, AwsError> {
        let name = call.params.required(self.member())?;
        self.existing(call, name)
    }

    /// The entity of that name in the caller's account.
    pub(super) fn existing<'a>(self, call: &'a Call, name: &str) -> Result<View<'a>, AwsError> {
        self.view(&call.account()?.iam, name).ok_or_else(|| self.missing(name))
    }

    pub(super) fn missing(self, name: &str) -> AwsError {
        AwsError::no_such_entity(format!("The {} with name {name} cannot be found.", self.word()))
    }

    /// For an entity to be made or renamed: no other has the name.
    pub(super) fn free(self, call: &Call, name: &str) -> Result<(), AwsError> {
        match self.view(&call.account()?.iam, name) {
            None => Ok(()),
            Some(_) => Err(AwsError::already_exists(format!("{} with name {name} already exists.", self.title()))),
        }
    }

    /// The action on the entity that the request names, with the condition keys of its tags.
    pub(super) fn need(self, call: &Call) -> Result<Need, AwsError> {
        let name = self.asked(call)?;
        self.need_on(call, &name)
    }

    /// The same for a name from elsewhere.
    pub(super) fn need_on(self, call: &Call, name: &str) -> Result<Need, AwsError> {
        let Some(view) = self.view(&call.account()?.iam, name) else {
            return Ok(Need::on(call.iam_arn(self.word(), "/", name)));
        };
        let need = Need::on(call.iam_arn(self.word(), view.path, view.name));
        Ok(view.tags.into_iter().flatten().fold(need, |need, (key, value)| {
            need.with(&format!("aws:ResourceTag/{key}"), value.clone()).with(&format!("iam:ResourceTag/{key}"), value.clone())
        }))
    }

    /// The same with `iam:PermissionsBoundary`, the boundary that the entity has now.
    pub(super) fn bounded_need(self, call: &Call) -> Result<Need, AwsError> {
        let need = self.need(call)?;
        let name = call.params.required(self.member())?;
        match self.view(&call.account()?.iam, name).and_then(|view| view.boundary) {
            Some(boundary) => Ok(need.with("iam:PermissionsBoundary", boundary.clone())),
            None => Ok(need),
        }
    }
}

/// When the object was made; what a world was not told is shown as 1970.
pub(super) fn created(call: &Call, arn: &str) -> String {
    wire::iso(call.world.created(&call.caller.account, arn).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// Notes that the object was made now.
pub(super) fn note_created(call: &mut Call, arn: String) {
    let now = call.now;
    call.world.extras_mut(&call.caller.account).created.insert(arn, now);
}

/// A unique id: a function of account, kind and name, and of how often an object of that name was deleted before, for a
/// new object is never taken for the old one (IAM user guide, "Unique identifiers").
pub(super) fn unique_id(call: &Call, prefix: &str, kind: &str, name: &str) -> String {
    let account = &call.caller.account;
    let folded = name.to_ascii_lowercase();
    let seed = call.world.seed();
    match call.world.extras(account).and_then(|extras| extras.deleted.get(&format!("{kind}/{folded}"))) {
        None => crate::sandbox::ids::unique(seed, prefix, &[account, kind, name]),
        Some(times) => crate::sandbox::ids::unique(seed, prefix, &[account, kind, name, &times.to_string()]),
    }
}

/// Notes that an object is gone.
pub(super) fn note_deleted(call: &mut Call, kind: &str, name: &str, arn: &str) {
    let extras = call.world.extras_mut(&call.caller.account);
    extras.created.remove(arn);
    *extras.deleted.entry(format!("{kind}/{}", name.to_ascii_lowercase())).or_default() += 1;
}
