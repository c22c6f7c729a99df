//! The access keys of a user as AWS lists them, and which of them was made in vain.

use super::create_account_settle::SKEW;
use super::kept::Begun;
use crate::aws::Session;
use crate::step::{Failure, Way};
use aws_sdk_iam::types::StatusType;
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// By then the request has left that was begun, or never will.
const CALL: Duration = Duration::from_mins(15);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) active: bool,
    pub(super) created: Option<Timestamp>,
    pub(super) used: Use,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Use {
    /// Not asked for.
    Unknown,
    Never,
    At(Timestamp),
}

pub(super) async fn list(session: &Session, user: &str) -> Result<Vec<Key>, Failure> {
    let client = session.iam().await?;
    let reply = session.read("iam:ListAccessKeys", client.list_access_keys().user_name(user).max_items(100).send()).await?;
    let key = |key: aws_sdk_iam::types::AccessKeyMetadata| {
        let created = key.create_date.as_ref().and_then(time);
        Some(Key { id: key.access_key_id?, active: key.status != Some(StatusType::Inactive), created, used: Use::Unknown })
    };
    Ok(reply.access_key_metadata.into_iter().filter_map(key).collect())
}

/// Asks when these were last used. One that is gone by now is left out: the list was late.
pub(super) async fn with_use(session: &Session, keys: Vec<Key>, asked: impl Fn(&Key) -> bool) -> Result<Vec<Key>, Failure> {
    let client = session.iam().await?;
    let mut known = Vec::new();
    for key in keys {
        if !asked(&key) {
            known.push(key);
            continue;
        }
        let call = client.get_access_key_last_used().access_key_id(&key.id);
        let used = match session.read("iam:GetAccessKeyLastUsed", call.send()).await {
            Ok(reply) => match reply.access_key_last_used.and_then(|used| used.last_used_date.as_ref().and_then(time)) {
                Some(at) => Use::At(at),
                None => Use::Never,
            },
            Err(failure) if failure.code == "NoSuchEntity" => continue,
            Err(failure) => return Err(failure),
        };
        known.push(Key { used, ..key });
    }
    Ok(known)
}

fn time(date: &DateTime) -> Option<Timestamp> {
    Timestamp::from_second(date.secs()).ok()
}

/// `AKIA… (made 2026-01-02 03:04:05Z, never used)`, one after the other.
pub(super) fn told<'k>(keys: impl IntoIterator<Item = &'k Key>) -> String {
    let at = |at: Timestamp| at.strftime("%F %TZ").to_string();
    let key = |Key { id, active, created, used }: &Key| {
        let made = created.map(|created| format!("made {}", at(created)));
        let inactive = (!active).then(|| "inactive".to_owned());
        let used = match used {
            Use::Unknown => None,
            Use::Never => Some("never used".to_owned()),
            Use::At(moment) => Some(format!("last used {}", at(*moment))),
        };
        let known: Vec<String> = [made, inactive, used].into_iter().flatten().collect();
        if known.is_empty() { id.clone() } else { format!("{id} ({})", known.join(", ")) }
    };
    keys.into_iter().map(key).collect::<Vec<_>>().join(", ")
}

/// The command that removes a key.
pub(super) fn removal(user: &str, id: &str) -> String {
    format!("aws iam delete-access-key --user-name {user} --access-key-id {id}")
}

/// A key that was made, and whose secret nobody has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct InVain {
    pub(super) id: String,
    /// AWS told its id; else it is the only one that fits.
    pub(super) certain: bool,
}

/// The key that was made when it was begun, and whose secret nobody has. None when there is none; a question when it cannot be told, since
/// a key that is in use, or is named as another's, is never removed.
pub(super) fn made_in_vain(user: &str, begun: &Begun, keys: &[Key], beside: &BTreeSet<String>) -> Result<Option<InVain>, Failure> {
    if let Some(lost) = &begun.lost {
        let listed = keys.iter().find(|key| key.id == *lost);
        return match listed {
            Some(key) if key.used != Use::Never || beside.contains(lost) => Err(unclear(user, begun, &[key])),
            _ => Ok(Some(InVain { id: lost.clone(), certain: true })),
        };
    }
    let since = begun.at.checked_sub(SKEW).unwrap_or(begun.at);
    let until = begun.at.checked_add(SKEW + CALL).unwrap_or(begun.at);
    let is_new =
        |key: &&Key| !begun.before.contains(&key.id) && !beside.contains(&key.id) && key.created.is_none_or(|created| created >= since);
    let new: Vec<&Key> = keys.iter().filter(is_new).collect();
    match new.as_slice() {
        [] => Ok(None),
        [Key { id, used: Use::Never, created: Some(created), .. }] if *created <= until => {
            Ok(Some(InVain { id: id.clone(), certain: false }))
        }
        _ => Err(unclear(user, begun, &new)),
    }
}

pub(super) fn unclear(user: &str, begun: &Begun, new: &[&Key]) -> Failure {
    let since = begun.at.strftime("%F %TZ");
    let message = format!(
        "since {since}, when a key of user `{user}` was to be made and the reply was lost, there is {}\n\
         The secret of the one we made is lost, so that it cannot be taken over; which one that is cannot be told.",
        told(new.iter().copied())
    );
    let id = new.first().map_or("ID", |key| &key.id);
    Failure::needs_you("key-unclear", message)
        .way(Way::After(format!("remove the one that nobody uses: {}", removal(user, id))))
        .way(Way::Change("name in `beside` the one that somebody else has made".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, created: &str, used: Use) -> Key {
        Key { id: id.into(), active: true, created: Some(created.parse().unwrap()), used }
    }

    #[test]
    fn only_a_new_key_that_was_never_used_was_made_in_vain() {
        let at: Timestamp = "2026-01-02T12:00:00Z".parse().unwrap();
        let begun = Begun { before: ["OLD".to_owned()].into(), ..Begun::at(at) };
        let (old, new) = (key("OLD", "2026-01-02T11:59:00Z", Use::Never), key("NEW", "2026-01-02T11:58:00Z", Use::Never));
        let (used, long_ago) = (Key { used: Use::At(at), ..new.clone() }, key("AGO", "2026-01-02T11:00:00Z", Use::Never));
        let unasked = Key { used: Use::Unknown, ..new.clone() };
        let later = key("LATER", "2026-01-02T12:31:00Z", Use::Never);
        for (keys, beside, wanted) in [
            (&[] as &[&Key], &[] as &[&str], ""),
            (&[&old], &[], ""),
            (&[&long_ago], &[], ""),
            (&[&old, &new], &[], "NEW"),
            (&[&old, &new], &["NEW"], ""),
            (&[&used], &[], "key-unclear"),
            (&[&unasked], &[], "key-unclear"),
            // Made much later, so perhaps by somebody who needed one.
            (&[&later], &[], "key-unclear"),
            (&[&later], &["LATER"], ""),
            (&[&new, &key("OTHER", "2026-01-02T12:00:00Z", Use::Never)], &[], "key-unclear"),
        ] {
            let keys: Vec<Key> = keys.iter().copied().cloned().collect();
            let beside = beside.iter().map(|&id| id.to_owned()).collect();
            let found = made_in_vain("ana", &begun, &keys, &beside);
            let found = found.map_or_else(|failure| failure.code, |key| key.map(|key| key.id).unwrap_or_default());
            assert_eq!(found, wanted, "{keys:?} {beside:?}");
        }
        let begun = Begun { lost: Some("NEW".into()), ..begun };
        let certain = Ok(Some(InVain { id: "NEW".into(), certain: true }));
        assert_eq!(made_in_vain("ana", &begun, &[], &BTreeSet::new()), certain);
        assert_eq!(made_in_vain("ana", &begun, std::slice::from_ref(&new), &BTreeSet::new()), certain);
        for (key, beside) in [(&used, BTreeSet::new()), (&new, ["NEW".to_owned()].into())] {
            assert_eq!(made_in_vain("ana", &begun, std::slice::from_ref(key), &beside).unwrap_err().code, "key-unclear");
        }
    }

    #[test]
    fn keys_are_told_with_age_and_use() {
        let at: Timestamp = "2026-01-02T12:00:00Z".parse().unwrap();
        let keys = [
            key("A", "2026-01-02T11:00:00Z", Use::At(at)),
            Key { active: false, created: None, ..key("B", "2026-01-02T11:00:00Z", Use::Never) },
        ];
        assert_eq!(told(&keys), "A (made 2026-01-02 11:00:00Z, last used 2026-01-02 12:00:00Z), B (inactive, never used)");
    }
}
