//! `create_access_key`: a user's access key, whose secret is kept in one file.

use super::access_keys::{self, InVain, Key, made_in_vain, removal, told, unclear};
use super::arguments::{UserRef, entity_name};
use super::contract::{Argument, Opt, Planned, Primitive, Receiver, Spec, bind};
use super::kept::{Begun, Kept, SecretFile};
use super::unknown::Unknown;
use crate::aws::Session;
use crate::step::{Attempt, Class, Failure, FailureClass, Freshness, Resolution, Settled, Then, Way};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const DOC: &str = r#"`session.create_access_key(user, #{beside})`

Makes an access key for a user, one a user. AWS shows its secret once: that is written to the file `.runner/TARGET/credentials/ACCOUNT-USER` (0600), in the format of
AWS's shared credentials file, and to no other place:

```
AWS_SHARED_CREDENTIALS_FILE=.runner/live/credentials/111122223333-deployer aws sts get-caller-identity
```

Nothing changes while the user has the key of the file. A key whose reply was lost is of no use to anybody: it is removed and made again. Which
key that is, is known if the reply came; else it is the only one made at that time and never used, and its removal is confirmed as any other (`--yes`). A user who has a key that is in no file of ours gets another one only if the key is named in `beside`: it may be somebody else's, or ours
with the file gone. To rotate, move the file away, name the old key in `beside`, play, and remove the old key when nobody uses it any more. Returns `#{kind, id, user, account, file}`; the secret is only in the file.

```rhai
let org = organization();
let deployer = org.create_user("deployer");
let key = org.create_access_key(deployer);
output("key", key.file);
```

Errors: `access-key-id`, `key-without-file`, `key-gone`, `secret-file`, `key-unclear`, and AWS's own (`LimitExceeded`: two keys a user; `NoSuchEntity`).
"#;

pub(super) const SPEC: Spec = Spec {
    name: "create_access_key",
    receiver: Receiver::Session,
    positional: &["user"],
    options: &[Opt { name: "beside", kind: "array", help: "ids of other keys of the user, which stay" }],
    doc: DOC,
    actions: &["iam:ListAccessKeys", "iam:GetAccessKeyLastUsed", "iam:CreateAccessKey", "iam:DeleteAccessKey"],
    bind: bind::<CreateAccessKey>,
};

pub(super) struct CreateAccessKey;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {
    user: UserRef,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    beside: BTreeSet<String>,
}

impl Args {
    /// IAM holds names that differ in case only for the same.
    fn file<'s>(&self, session: &'s Session) -> SecretFile<'s> {
        let (account, user) = (session.account_id(), &self.user.0);
        SecretFile::new(
            session,
            format!("{account}-{}", user.to_lowercase()),
            format!("The access key of user `{user}` in account {account}"),
            id_in,
        )
    }

    /// The user's keys, with the use of those that are not known to be somebody else's.
    async fn keys(&self, session: &Session) -> Result<Vec<Key>, Failure> {
        let keys = access_keys::list(session, &self.user.0).await?;
        access_keys::with_use(session, keys, |key| !self.beside.contains(&key.id)).await
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
    kept: Kept,
    keys: Vec<Key>,
    /// Where a person finds the file.
    path: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Detail {
    /// One whose secret is lost.
    DeleteAccessKey { id: String },
    /// `before`: the ids of those that are there.
    CreateAccessKey { before: BTreeSet<String> },
}

impl Primitive for CreateAccessKey {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::CreateBlind;
    type Args = Args;
    type Found = Found;
    type Detail = Detail;

    fn validate(args: &Args) -> Result<(), Argument> {
        entity_name("user", &args.user.0)?;
        let bad = args.beside.iter().find(|id| !(16..=128).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        bad.map_or(Ok(()), |id| {
            Err(Argument::new("access-key-id", "beside", format!("`{id}` is not the id of an access key")).hint("give ids like `AKIA…`"))
        })
    }

    fn identity(args: &Args) -> String {
        args.user.0.clone()
    }

    async fn look(session: &Session, args: &Args, _: Freshness) -> Result<Option<Found>, Failure> {
        let file = args.file(session);
        let (kept, path) = (file.kept()?, file.path());
        let keys = access_keys::list(session, &args.user.0).await?;
        let is_there = matches!(&kept, Kept::Whole(id) if keys.iter().any(|key| key.id == *id));
        let keys = if is_there { keys } else { access_keys::with_use(session, keys, |key| !args.beside.contains(&key.id)).await? };
        Ok(Some(Found { kept, keys, path }))
    }

    fn changes(args: &Args, found: Option<&Found>) -> Result<Vec<Planned<Detail>>, Failure> {
        let Some(Found { kept, keys, path }) = found else { return Ok(Vec::new()) };
        let lost = match kept {
            Kept::Whole(id) if keys.iter().any(|key| key.id == *id) => return Ok(Vec::new()),
            Kept::Whole(id) => return Err(gone(&args.user.0, id, path)),
            Kept::Nothing => None,
            Kept::Begun(begun) => made_in_vain(&args.user.0, begun, keys, &args.beside)?,
        };
        let is_lost = |id: &String| lost.as_ref().is_some_and(|lost| lost.id == *id);
        let others: Vec<&Key> = keys.iter().filter(|key| !is_lost(&key.id) && !args.beside.contains(&key.id)).collect();
        if let Some(first) = others.first() {
            return Err(without_file(&args.user.0, &first.id, &told(others.iter().copied()), path));
        }
        let mut changes = Vec::new();
        if let Some(InVain { id, certain }) = &lost {
            let text = format!("{id} of user `{}`, whose secret was lost", args.user.0);
            let class = if *certain { Class::Converge } else { Class::Destructive };
            changes.push(Planned::new("DeleteAccessKey", class, Detail::DeleteAccessKey { id: id.clone() }).because(text));
        }
        let before = keys.iter().map(|key| key.id.clone()).filter(|id| !is_lost(id)).collect();
        changes.push(Planned::new("CreateAccessKey", Class::CreateBlind, Detail::CreateAccessKey { before }));
        Ok(changes)
    }

    async fn apply(session: &Session, args: &Args, detail: &Detail, _: &dyn Attempt) -> Result<(), Failure> {
        match detail {
            Detail::CreateAccessKey { before } => create(session, args, before).await,
            Detail::DeleteAccessKey { id } => {
                let call = session.iam().await?.delete_access_key().user_name(&args.user.0).access_key_id(id);
                match session.send("iam:DeleteAccessKey", call.send()).await {
                    // An id is never given again: what is gone is gone.
                    Err(failure) if failure.code != "NoSuchEntity" => Err(failure),
                    _ => Ok(()),
                }
            }
        }
    }

    async fn settle(session: &Session, args: &Args, detail: &Detail, unknown: Unknown<'_>) -> Result<Settled, Failure> {
        match detail {
            Detail::CreateAccessKey { before } => settle(session, args, before, unknown).await,
            // A repeat is harmless.
            Detail::DeleteAccessKey { .. } => Ok(Settled::NotHappened),
        }
    }

    async fn adopt(session: &Session, args: &Args, _: &Detail, id: &str) -> Result<(), Failure> {
        let path = args.file(session).path();
        Err(Failure::needs_you(
            "not-adoptable",
            format!("the secret of `{id}` cannot be had any more, so that the key cannot be taken over"),
        )
        .way(Way::After(format!("if you have the secret, write it to `{path}`")))
        .way(Way::After(format!("remove the key: {}", removal(&args.user.0, id)))))
    }

    fn output(session: &Session, args: &Args, found: &Found) -> Value {
        let Found { kept, path, .. } = found;
        let id = if let Kept::Whole(id) = kept { Some(id) } else { None };
        json!({ "kind": "access_key", "id": id, "user": args.user.0, "account": session.account_id(), "file": path })
    }
}

/// A section of AWS's shared credentials file.
fn section(id: &str, secret: &str) -> String {
    format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n")
}

/// The id of the key in a text that has its secret, too.
fn id_in(text: &str) -> Option<String> {
    let value = |name: &str| {
        let value = text.lines().find_map(|line| line.trim().strip_prefix(name)?.trim_start().strip_prefix('='))?.trim();
        (!value.is_empty()).then_some(value)
    };
    value("aws_secret_access_key").and_then(|_| value("aws_access_key_id")).map(str::to_owned)
}

async fn create(session: &Session, args: &Args, before: &BTreeSet<String>) -> Result<(), Failure> {
    let file = args.file(session);
    let begun = Begun { before: before.clone(), ..Begun::at(session.cloud().time().now()) };
    let first = file.kept()? == Kept::Nothing;
    file.begin(&begun)?;
    let call = session.iam().await?.create_access_key().user_name(&args.user.0);
    let reply = match session.send("iam:CreateAccessKey", call.send()).await {
        Ok(reply) => reply,
        Err(failure) => {
            let failure = file.not_made(first, failure)?;
            return Err(if failure.code == "LimitExceeded" { full(session, args, failure).await } else { failure });
        }
    };
    let Some(key) = reply.access_key else {
        return Err(Failure::new(FailureClass::Unknown, "reply-unreadable", "CreateAccessKey: the reply has no key"));
    };
    let text = section(&key.access_key_id, &key.secret_access_key);
    file.finish(begun, key.access_key_id, &text)
}

/// The key was made if its secret was kept. Else one that nobody has the secret of may be there, which the next look has removed.
async fn settle(session: &Session, args: &Args, before: &BTreeSet<String>, unknown: Unknown<'_>) -> Result<Settled, Failure> {
    let file = args.file(session);
    let look = async || -> Result<Option<Settled>, Failure> {
        let (begun, has_file) = match file.kept()? {
            Kept::Whole(_) => return Ok(Some(Settled::Happened)),
            Kept::Begun(begun) => (begun, true),
            // It is begun before the call: either that never left, or somebody has moved the file since.
            Kept::Nothing => (Begun { before: before.clone(), ..Begun::at(unknown.leaving.from) }, false),
        };
        let keys = args.keys(session).await?;
        match made_in_vain(&args.user.0, &begun, &keys, &args.beside) {
            Ok(None) => Ok(None),
            // The next look finds it, too.
            Ok(Some(_)) if has_file => Ok(Some(Settled::NotHappened)),
            Ok(Some(lost)) => {
                let new: Vec<&Key> = keys.iter().filter(|key| key.id == lost.id).collect();
                Err(unclear(&args.user.0, &begun, &new).way(removed()))
            }
            Err(question) => Err(question.way(removed())),
        }
    };
    if let Some(settled) = look().await? {
        return Ok(settled);
    }
    // A list may lag behind: absence is believed when it is seen twice, the second time a while after the call.
    unknown.attempt.wait(unknown.until_second_look(session), "looking once more for the key").await?;
    Ok(look().await?.unwrap_or(Settled::NotHappened))
}

fn removed() -> Way {
    Way::Resolve("the key that this step made is removed, and what is left is named in `beside`".to_owned(), Resolution::Retry)
}

/// The quota is full: which keys there are.
async fn full(session: &Session, args: &Args, failure: Failure) -> Failure {
    // Why they cannot be listed would hide what AWS has said.
    let Ok(keys) = args.keys(session).await else { return failure };
    let Some(oldest) = keys.iter().min_by_key(|key| key.created) else { return failure };
    let user = &args.user.0;
    let message = format!("{}: user `{user}` has {}", failure.message, told(&keys));
    Failure { message, ..failure }
        .way(Way::After(format!("remove one that nobody uses (IAM console, user, Security credentials): {}", removal(user, &oldest.id))))
}

fn gone(user: &str, id: &str, path: &str) -> Failure {
    Failure::fatal("key-gone", format!("`{path}` has the secret of {id}, but user `{user}` has no such key"))
        .then(Then::Look)
        .way(Way::Again("if it was made a moment ago, AWS may not list it yet".to_owned()))
        .way(Way::After(format!("if it was removed, move `{path}` away, and another key is made")))
}

fn without_file(user: &str, id: &str, keys: &str, path: &str) -> Failure {
    let message = format!(
        "user `{user}` has {keys}, and `{path}` has no secret of it\n\
         AWS shows a secret only once, so that it cannot be had any more; no other key was made."
    );
    Failure::fatal("key-without-file", message)
        .way(Way::After(format!("if the file was moved, move it back to `{path}`")))
        .way(Way::After(format!("if nobody uses the key, remove it: {}", removal(user, id))))
        .way(Way::Change("if the key is to stay beside ours, name it in `beside`".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::access_keys::Use;
    use crate::primitive::testing::checked;

    const OURS: &str = "AKIAOURSOURSOURSOURS";
    const OTHER: &str = "AKIAOTHEROTHEROTHER1";

    fn found(kept: Kept, keys: &[&str]) -> Found {
        let created = Some(jiff::Timestamp::UNIX_EPOCH);
        let key = |id: &&str| Key { id: (*id).to_owned(), active: true, created, used: Use::Never };
        Found { kept, keys: keys.iter().map(key).collect(), path: "credentials/1-ana".into() }
    }

    fn begun(before: &[&str]) -> Kept {
        let before = before.iter().map(|id| (*id).to_owned()).collect();
        Kept::Begun(Begun { before, ..Begun::at(jiff::Timestamp::UNIX_EPOCH) })
    }

    #[test]
    fn only_a_user_without_keys_of_unknown_origin_gets_one() {
        let plain = checked::<CreateAccessKey>(json!({"user": {"name": "ana"}})).unwrap();
        let beside = checked::<CreateAccessKey>(json!({"user": "ana", "beside": [OTHER]})).unwrap();
        let ours = || Kept::Whole(OURS.into());
        let made = |args: &Args, found: &Found| match CreateAccessKey::changes(args, Some(found)) {
            Ok(changes) => changes.iter().map(|change| change.call).collect::<Vec<_>>().join(" "),
            Err(failure) => failure.code,
        };
        for (args, found, wanted) in [
            (&plain, found(Kept::Nothing, &[]), "CreateAccessKey"),
            (&plain, found(ours(), &[OURS]), ""),
            (&plain, found(ours(), &[OURS, OTHER]), ""),
            (&plain, found(ours(), &[]), "key-gone"),
            (&plain, found(ours(), &[OTHER]), "key-gone"),
            (&plain, found(Kept::Nothing, &[OTHER]), "key-without-file"),
            (&beside, found(Kept::Nothing, &[OTHER]), "CreateAccessKey"),
            (&plain, found(begun(&[]), &[]), "CreateAccessKey"),
            (&plain, found(begun(&[]), &[OURS]), "DeleteAccessKey CreateAccessKey"),
            (&plain, found(begun(&[]), &[OURS, OTHER]), "key-unclear"),
            (&plain, found(begun(&[OTHER]), &[OURS, OTHER]), "key-without-file"),
        ] {
            assert_eq!(made(args, &found), wanted, "{found:?}");
        }
        let both = CreateAccessKey::changes(&beside, Some(&found(begun(&[OTHER]), &[OURS, OTHER]))).unwrap();
        assert_eq!((&both[0].detail, both[0].class), (&Detail::DeleteAccessKey { id: OURS.into() }, Class::Destructive));
        assert_eq!(both[1].detail, Detail::CreateAccessKey { before: [OTHER.to_owned()].into() });
    }

    #[test]
    fn a_file_is_whole_with_id_and_secret() {
        assert_eq!(id_in(&section(OURS, "secret")).as_deref(), Some(OURS));
        assert_eq!(id_in("[x]\n aws_secret_access_key=s\naws_access_key_id=AKIA1\n").as_deref(), Some("AKIA1"));
        for text in ["", "[default]\naws_access_key_id = AKIA1\n", "aws_access_key_id = AKIA1\naws_secret_access_key = "] {
            assert_eq!(id_in(text), None, "{text}");
        }
    }

    #[test]
    fn ids_of_others_are_checked() {
        assert_eq!(checked::<CreateAccessKey>(json!({"user": "ana", "beside": ["AKIA-1"]})).unwrap_err().code, "access-key-id");
        assert_eq!(checked::<CreateAccessKey>(json!({"user": "a b"})).unwrap_err().path, "user");
    }
}
