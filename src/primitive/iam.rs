//! What the IAM primitives have in common: names without regard to case, and the steps `managed`, `inline` and `groups` stand for.

use super::arguments::PolicyRef;
use super::contract::{Argument, part};
use super::{attach_group_policy, attach_role_policy, attach_user_policy, put_group_policy, put_role_policy, put_user_policy};
use crate::aws::Session;
use crate::estate::{self, Iam, Tags};
use crate::policy::Document;
use crate::step::{Failure, Operation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a policy can be attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntityKind {
    User,
    Group,
    Role,
}

impl EntityKind {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            EntityKind::User => "user",
            EntityKind::Group => "group",
            EntityKind::Role => "role",
        }
    }
}

/// The entry of this name; IAM holds names that differ in case only for the same.
pub(super) fn named<'m, T>(map: &'m BTreeMap<String, T>, name: &str) -> Option<(&'m String, &'m T)> {
    map.get_key_value(name).or_else(|| map.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)))
}

pub(super) fn named_mut<'m, T>(map: &'m mut BTreeMap<String, T>, name: &str) -> Option<&'m mut T> {
    let key = named(map, name)?.0.clone();
    map.get_mut(&key)
}

/// The ARNs attached to an entity, and its inline policies by name.
pub(super) fn policies<'i>(iam: &'i Iam, kind: EntityKind, name: &str) -> Option<(&'i BTreeSet<String>, &'i BTreeMap<String, Document>)> {
    match kind {
        EntityKind::User => named(&iam.users, name).map(|(_, user)| (&user.attached, &user.inline)),
        EntityKind::Group => named(&iam.groups, name).map(|(_, group)| (&group.attached, &group.inline)),
        EntityKind::Role => named(&iam.roles, name).map(|(_, role)| (&role.attached, &role.inline)),
    }
}

/// The same, to be written through.
pub(super) fn policies_mut<'i>(
    iam: &'i mut Iam,
    kind: EntityKind,
    name: &str,
) -> Option<(&'i mut BTreeSet<String>, &'i mut BTreeMap<String, Document>)> {
    match kind {
        EntityKind::User => named_mut(&mut iam.users, name).map(|user| (&mut user.attached, &mut user.inline)),
        EntityKind::Group => named_mut(&mut iam.groups, name).map(|group| (&mut group.attached, &mut group.inline)),
        EntityKind::Role => named_mut(&mut iam.roles, name).map(|role| (&mut role.attached, &mut role.inline)),
    }
}

/// The ARN of an IAM object in the session's account.
pub(super) fn arn(session: &Session, kind: &str, path: &str, name: &str) -> String {
    estate::arn::iam(session.partition(), session.account_id(), kind, path, name)
}

pub(super) fn same_path(found: &str, wanted: &str) -> Result<(), Failure> {
    if found == wanted {
        return Ok(());
    }
    Err(Failure::fatal("path-differs", format!("path differs and cannot be changed: `{found}` (AWS) `{wanted}` (wanted)"))
        .hint("take over the path AWS has, or choose another name"))
}

pub(super) fn tag_difference(found: &Tags, wanted: &Tags) -> Option<String> {
    let differing = wanted.iter().filter(|(key, value)| found.get(*key) != Some(value));
    let texts: Vec<String> = differing
        .map(|(key, value)| match found.get(key) {
            Some(old) => format!("{key}: `{old}` -> `{value}`"),
            None => format!("{key}: `{value}`"),
        })
        .collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

/// A boundary that is not named is left.
pub(super) fn boundary_difference(found: Option<&String>, wanted: Option<&PolicyRef>) -> Option<String> {
    let wanted = &wanted?.0;
    (found != Some(wanted)).then(|| format!("`{}` -> `{wanted}`", found.map_or("(none)", String::as_str)))
}

pub(super) fn tags(tags: &Tags) -> Result<Vec<aws_sdk_iam::types::Tag>, Failure> {
    let tag = |(key, value): (&String, &String)| {
        aws_sdk_iam::types::Tag::builder()
            .key(key)
            .value(value)
            .build()
            .map_err(|error| Failure::fatal("tags", format!("tag `{key}`: {error}")))
    };
    tags.iter().map(tag).collect()
}

/// The steps that attach managed policies to an entity.
pub(super) fn attachments(
    session: &Session,
    kind: EntityKind,
    name: &str,
    managed: &[PolicyRef],
) -> Result<Vec<Arc<dyn Operation>>, Argument> {
    let mut steps = Vec::new();
    for (position, policy) in managed.iter().enumerate() {
        let args = json!({ kind.word(): name, "arn": policy.0 });
        let step = match kind {
            EntityKind::User => part::<attach_user_policy::AttachUserPolicy>(session, args),
            EntityKind::Group => part::<attach_group_policy::AttachGroupPolicy>(session, args),
            EntityKind::Role => part::<attach_role_policy::AttachRolePolicy>(session, args),
        };
        steps.push(step.map_err(|argument| argument.within("arn", &format!("managed[{position}]")))?);
    }
    Ok(steps)
}

/// The steps that put inline policies: a map of name to document, or one document that is named as its entity.
pub(super) fn inline_policies(
    session: &Session,
    kind: EntityKind,
    name: &str,
    inline: &Value,
) -> Result<Vec<Arc<dyn Operation>>, Argument> {
    let one = BTreeMap::from([(name, inline)]);
    let policies: BTreeMap<&str, &Value> = match inline {
        Value::Null => return Ok(Vec::new()),
        Value::String(_) => one,
        Value::Object(fields) if fields.contains_key("Statement") => one,
        Value::Object(fields) => fields.iter().map(|(name, document)| (name.as_str(), document)).collect(),
        _ => {
            return Err(Argument::new("inline", "inline", "`inline` is a map of policy name to document, or one document"));
        }
    };
    let mut steps = Vec::new();
    for (policy, document) in policies {
        let path = if std::ptr::eq(document, inline) { "inline".to_owned() } else { format!("inline.{policy}") };
        let args = json!({ kind.word(): name, "name": policy, "document": document });
        let step = match kind {
            EntityKind::User => part::<put_user_policy::PutUserPolicy>(session, args),
            EntityKind::Group => part::<put_group_policy::PutGroupPolicy>(session, args),
            EntityKind::Role => part::<put_role_policy::PutRolePolicy>(session, args),
        };
        steps.push(step.map_err(|argument| argument.within("document", &path))?);
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_without_regard_to_case() {
        let map = BTreeMap::from([("Admin".to_owned(), 1), ("other".to_owned(), 2)]);
        assert_eq!(named(&map, "admin"), Some((&"Admin".to_owned(), &1)));
        assert_eq!(named(&map, "nobody"), None);
    }

    #[test]
    fn only_named_tags_count() {
        let found = Tags::from([("a".into(), "1".into()), ("b".into(), "2".into())]);
        assert_eq!(tag_difference(&found, &Tags::from([("a".into(), "1".into())])), None);
        assert_eq!(
            tag_difference(&found, &Tags::from([("a".into(), "3".into()), ("c".into(), "4".into())])).as_deref(),
            Some("a: `1` -> `3`, c: `4`")
        );
    }
}
