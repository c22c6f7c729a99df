//! A user's access key: made once, whatever happens to the call, and its secret in one file alone.

use super::world::{World, cloud, code, fault, keys, question, secrets, start};
use crate::aws::Secrets;
use crate::proof::stride;
use crate::sandbox::faults::Kind;
use crate::sandbox::{AccessKey, Sandbox, Settings};
use crate::step::{Answers, Engine, Failure, Journal, Resolution, StepError};
use crate::time::Time;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

fn play(world: &World) -> Result<Value, StepError> {
    world.org("create_user", json!({"name": "Deployer"}))?;
    world.org("create_access_key", json!({"user": "Deployer"}))
}

fn file(world: &World) -> String {
    format!("{}-deployer", world.sandbox.management_account())
}

fn text(world: &World) -> Option<String> {
    world.secrets.read(&file(world)).expect("readable")
}

/// The key that the file holds.
fn kept(world: &World) -> AccessKey {
    let text = text(world).expect("a file");
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = ")).expect("a value").to_owned();
    assert!(text.contains("\n[default]\n"), "{text}");
    AccessKey { access_key_id: value("aws_access_key_id"), secret_access_key: value("aws_secret_access_key") }
}

/// Whose calls these keys sign.
fn signs_as(sandbox: &Sandbox, key: AccessKey, now: jiff::Timestamp) -> String {
    let time = Time::simulated_from(9, now);
    let (cloud, _) = cloud(sandbox, &time, |config| config.base = keys(key));
    time.block_on(cloud.caller()).expect("not stopped").expect("a caller").arn
}

/// As another administrator beside the run, who is asked what keys there are, and perhaps to make one or to remove one.
fn listed(world: &World) -> Vec<String> {
    by_hand(world, async |iam| {
        let keys = iam.list_access_keys().user_name("deployer").send().await.expect("a list").access_key_metadata;
        keys.into_iter().filter_map(|key| key.access_key_id).collect()
    })
}

fn made_by_hand(world: &World) -> AccessKey {
    by_hand(world, async |iam| {
        let key = iam.create_access_key().user_name("deployer").send().await.expect("a reply").access_key.expect("a key");
        AccessKey { access_key_id: key.access_key_id, secret_access_key: key.secret_access_key }
    })
}

fn removed_by_hand(world: &World, id: &str) {
    by_hand(world, async |iam| drop(iam.delete_access_key().user_name("deployer").access_key_id(id).send().await.expect("a reply")));
}

fn by_hand<T>(world: &World, work: impl AsyncFnOnce(aws_sdk_iam::Client) -> T) -> T {
    let time = Time::simulated_from(9, world.time.now() + SignedDuration::from_secs(1));
    let (cloud, _) = cloud(&world.sandbox, &time, |_| {});
    let work = async { work(cloud.own_session().await.expect("a session").iam().await.expect("a client")).await };
    time.block_on(work).expect("not stopped")
}

/// One key, whose secret in the file is the one that AWS knows, and stands nowhere else.
fn assert_one(world: &World, what: &str) {
    let key = kept(world);
    assert_eq!(listed(world), [key.access_key_id.as_str()], "{what}");
    let arn = signs_as(&world.sandbox, key.clone(), world.time.now());
    assert!(arn.ends_with(":user/Deployer"), "{what}: {arn}");
    assert_secret(world, &key, what);
}

fn assert_secret(world: &World, key: &AccessKey, what: &str) {
    let written = format!("{}{}", world.written(), world.events());
    assert!(written.contains(&key.access_key_id) && !written.contains(&key.secret_access_key), "{what}");
}

#[test]
fn a_key_is_made_once_and_its_secret_stands_in_its_file() {
    let world = World::new(Settings::default());
    let made = play(&world).unwrap();
    assert_eq!(world.changes(), ["CreateUser", "CreateAccessKey"]);
    let (id, account) = (kept(&world).access_key_id, world.sandbox.management_account());
    let wanted = json!({"kind": "access_key", "id": id, "user": "Deployer", "account": account, "file": file(&world)});
    assert_eq!(made, wanted);
    assert_one(&world, "a play");
    // Used by now, and unchanged.
    let again = world.play();
    assert_eq!(play(&again).unwrap(), wanted);
    assert_eq!(again.changes(), [""; 0]);
    assert_one(&again, "a second play");
    // Another key of the user is nobody's business.
    made_by_hand(&world);
    let again = world.play();
    assert_eq!((play(&again).unwrap(), again.changes()), (wanted, vec![]));
}

#[test]
fn a_key_whose_reply_is_lost_is_removed_and_made_again() {
    let lost = ["CreateUser", "CreateAccessKey", "DeleteAccessKey", "CreateAccessKey"];
    let not_made = ["CreateUser", "CreateAccessKey", "CreateAccessKey"];
    for (kind, wanted) in [
        (Kind::LostReply, &lost as &[&str]),
        (Kind::ErrorAfter { status: 500 }, &lost),
        (Kind::ErrorAfter { status: 503 }, &lost),
        (Kind::DropRequest, &not_made),
        (Kind::Throttle, &not_made),
    ] {
        let world = World::new(fault("CreateAccessKey", 1, kind.clone()));
        play(&world).unwrap();
        assert_eq!(world.changes(), wanted, "{kind:?}");
        assert_one(&world, &format!("{kind:?}"));
    }
    // The reply of the removal is lost, too; each change is one of its own in the journal.
    let mut settings = fault("CreateAccessKey", 1, Kind::LostReply);
    settings.faults.extend(fault("DeleteAccessKey", 1, Kind::LostReply).faults);
    let world = World::new(settings);
    play(&world).unwrap();
    assert_one(&world, "both");
    let intents: Vec<String> = world.written().lines().filter(|line| line.contains(r#""kind":"intent""#)).map(str::to_owned).collect();
    let calls = ["CreateUser", "CreateAccessKey", "DeleteAccessKey", "DeleteAccessKey", "CreateAccessKey"];
    assert_eq!(intents.len(), calls.len(), "{intents:?}");
    assert!(intents.iter().zip(calls).all(|(intent, call)| intent.contains(&format!(r#""call":"{call}""#))), "{intents:?}");
}

#[test]
fn a_key_that_is_not_listed_yet_is_waited_for() {
    let world = World::lagging(Settings::default(), &["ListAccessKeys"], Duration::from_secs(20));
    play(&world).unwrap();
    assert_eq!(world.changes(), ["CreateUser", "CreateAccessKey"]);
    assert_one(&world, "late");
    // Its reply is lost, too: absence is believed only after the while that a list may take.
    let world = World::lagging(fault("CreateAccessKey", 1, Kind::LostReply), &["ListAccessKeys"], Duration::from_secs(20));
    play(&world).unwrap();
    assert_eq!(world.changes(), ["CreateUser", "CreateAccessKey", "DeleteAccessKey", "CreateAccessKey"]);
    assert_one(&world, "lost and late");
}

/// What outlives a process that may be killed at an entry of its journal.
fn process(sandbox: &Sandbox, journal: &Journal, secrets: &Arc<dyn Secrets>, time: Time, crash: Option<u64>) -> Option<World> {
    if let Some(entry) = crash {
        time.crash_at(entry);
    }
    let known = journal.find(None).ok();
    let begun = World::over(sandbox.clone(), journal.clone(), secrets, time, |ports| match known {
        Some(run) => Engine::resume(ports, &run.id, start(), Answers::new()),
        None => Engine::play(ports, start(), false),
    });
    let world = begun.ok()?;
    let whole =
        world.crashing("create_user", json!({"name": "Deployer"})) && world.crashing("create_access_key", json!({"user": "Deployer"}));
    (whole && world.engine.finish(None).is_ok()).then_some(world)
}

#[test]
fn proof_of_one_key_under_kills() {
    for kind in [None, Some(Kind::LostReply), Some(Kind::DropRequest)] {
        let settings = || kind.clone().map_or_else(Settings::default, |kind| fault("CreateAccessKey", 1, kind));
        let entries = |world: &World| world.written().lines().count() as u64;
        let new = || (Sandbox::open(settings(), None).unwrap(), Journal::in_memory("sandbox/test").unwrap(), secrets());
        let (sandbox, journal, files) = new();
        let whole = entries(&process(&sandbox, &journal, &files, Time::simulated(7), None).expect("a whole run"));
        assert!(whole > 7, "{whole}");
        let pairs: Vec<(u64, Option<u64>)> =
            (0..whole).flat_map(|first| (0..8).map(Some).chain([None]).map(move |second| (first, second))).collect();
        for pair in stride("an access key, killed at an entry, and at one of the resume", pairs.len(), 20) {
            let (first, second) = pairs[pair];
            let (sandbox, journal, files) = new();
            let mut time = Time::simulated(7);
            assert!(process(&sandbox, &journal, &files, time.clone(), Some(first)).is_none());
            let later = |time: &Time| Time::simulated_from(8, time.now() + SignedDuration::from_secs(60));
            time = later(&time);
            let mut last = process(&sandbox, &journal, &files, time.clone(), second);
            if last.is_none() {
                last = process(&sandbox, &journal, &files, later(&time), None);
            }
            let last = last.unwrap_or_else(|| panic!("{kind:?}: killed at {first} and {second:?}: not done"));
            assert_one(&last, &format!("{kind:?}: killed at {first} and {second:?}"));
        }
    }
}

/// Killed when the reply was lost and that was to be written down.
fn killed(kind: Kind) -> World {
    let world = World::new(fault("CreateAccessKey", 1, kind));
    world.org("create_user", json!({"name": "Deployer"})).unwrap();
    // After the intent.
    world.time.crash_at(1);
    assert!(!world.crashing("create_access_key", json!({"user": "Deployer"})));
    world
}

#[test]
fn a_key_that_is_used_is_never_removed() {
    let world = killed(Kind::DropRequest);
    let other = made_by_hand(&world);
    signs_as(&world.sandbox, other.clone(), world.time.now() + SignedDuration::from_secs(5));
    let resumed = world.resume();
    let asked = question(play(&resumed));
    assert_eq!(asked.code, "unsettled");
    assert!(asked.message.contains("key-unclear") && asked.message.contains(&other.access_key_id), "{}", asked.message);
    assert!(asked.message.contains("last used"), "{}", asked.message);
    assert!(asked.hints.iter().any(|hint| hint.contains("runner resolve")), "{asked:?}");
    assert_eq!(listed(&world), [other.access_key_id.as_str()]);
    // It is somebody else's: named, it stays, and ours is made.
    resumed.resolve("deployer", Resolution::Retry);
    let last = resumed.resume();
    last.org("create_user", json!({"name": "Deployer"})).unwrap();
    last.org("create_access_key", json!({"user": "Deployer", "beside": [other.access_key_id]})).unwrap();
    assert_eq!(last.changes(), ["CreateAccessKey"]);
    assert_eq!(listed(&world).len(), 2);
    assert_ne!(kept(&last).access_key_id, other.access_key_id);
}

#[test]
fn of_two_new_keys_none_is_removed_unasked() {
    let world = killed(Kind::LostReply);
    let [ours] = listed(&world).try_into().expect("one key");
    let other = made_by_hand(&world);
    let resumed = world.resume();
    let asked = question(play(&resumed));
    assert!(asked.message.contains(&ours) && asked.message.contains(&other.access_key_id), "{}", asked.message);
    assert_eq!(resumed.changes(), [""; 0]);
    // Once the other is gone, the resume alone goes on.
    removed_by_hand(&world, &other.access_key_id);
    let last = resumed.resume();
    play(&last).unwrap();
    assert_eq!(last.changes(), ["DeleteAccessKey", "CreateAccessKey"]);
    assert_one(&last, "the other removed");
}

#[test]
fn what_is_named_as_anothers_stays_although_it_is_the_only_one_that_fits() {
    let world = killed(Kind::DropRequest);
    let other = made_by_hand(&world);
    let resumed = world.resume();
    resumed.org("create_user", json!({"name": "Deployer"})).unwrap();
    resumed.org("create_access_key", json!({"user": "Deployer", "beside": [other.access_key_id]})).unwrap();
    assert_eq!(resumed.changes(), ["CreateAccessKey"]);
    assert!(listed(&world).contains(&other.access_key_id));
}

#[test]
fn a_key_whose_file_was_moved_before_the_run_went_on_is_asked_about() {
    let world = killed(Kind::LostReply);
    world.secrets.remove(&file(&world)).unwrap();
    let [key] = listed(&world).try_into().expect("one key");
    let resumed = world.resume();
    let asked = question(play(&resumed));
    assert!(asked.message.contains("key-unclear") && asked.message.contains(&key), "{}", asked.message);
    assert_eq!((resumed.changes(), listed(&world)), (vec![], vec![key]));
}

#[test]
fn a_fresh_play_removes_what_an_earlier_run_left() {
    let world = killed(Kind::LostReply);
    let fresh = world.play();
    play(&fresh).unwrap();
    assert_eq!(fresh.changes(), ["DeleteAccessKey", "CreateAccessKey"]);
    assert_one(&fresh, "a fresh play");
}

#[test]
fn a_file_that_is_gone_is_no_reason_for_another_key() {
    let world = World::new(Settings::default());
    play(&world).unwrap();
    let key = kept(&world);
    let whole = text(&world).unwrap();
    world.secrets.remove(&file(&world)).unwrap();
    let again = world.play();
    assert_eq!(code(play(&again)), "key-without-file");
    assert_eq!(again.changes(), [""; 0]);
    // The file is back, and the key is gone.
    world.secrets.put(&file(&world), &whole).unwrap();
    removed_by_hand(&world, &key.access_key_id);
    assert_eq!(code(play(&world.play())), "key-gone");
    world.secrets.remove(&file(&world)).unwrap();
    let last = world.play();
    play(&last).unwrap();
    assert_one(&last, "made again");
}

#[test]
fn a_full_quota_names_the_keys_there_are() {
    let world = World::new(Settings::default());
    world.org("create_user", json!({"name": "Deployer"})).unwrap();
    let others = [made_by_hand(&world).access_key_id, made_by_hand(&world).access_key_id];
    let failed = world.org("create_access_key", json!({"user": "Deployer", "beside": others}));
    let Err(StepError::Failed { failure, .. }) = failed else { panic!("{failed:?}") };
    assert_eq!(failure.code, "LimitExceeded");
    assert!(others.iter().all(|id| failure.message.contains(id)) && failure.message.contains("made 20"), "{}", failure.message);
    assert!(failure.hints.iter().any(|hint| hint.contains("aws iam delete-access-key --user-name Deployer")), "{failure:?}");
    assert_eq!(text(&world), None);
}

/// Takes no secret as often as this.
struct Full {
    files: Arc<dyn Secrets>,
    left: AtomicU32,
}

impl Secrets for Full {
    fn path(&self, name: &str) -> String {
        self.files.path(name)
    }
    fn read(&self, name: &str) -> Result<Option<String>, Failure> {
        self.files.read(name)
    }
    fn put(&self, name: &str, text: &str) -> Result<(), Failure> {
        self.files.put(name, text)
    }
    fn add(&self, name: &str, text: &str) -> Result<(), Failure> {
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err() {
            return self.files.add(name, text);
        }
        // Half of it is there.
        self.files.add(name, &text[..text.len() - 10])?;
        Err(Failure::fatal("secret-file", "the disk is full"))
    }
    fn remove(&self, name: &str) -> Result<(), Failure> {
        self.files.remove(name)
    }
}

#[test]
fn a_key_whose_secret_cannot_be_kept_is_removed() {
    for (times, made) in [(1, true), (u32::MAX, false)] {
        let mut world = World::new(Settings::default());
        let full: Arc<dyn Secrets> = Arc::new(Full { files: world.secrets.clone(), left: AtomicU32::new(times) });
        world.reconfigure(|config| config.secrets = full);
        match play(&world) {
            Ok(_) => assert_one(&world, "kept at last"),
            Err(StepError::Paused { failure, .. }) => {
                assert_eq!((made, failure.code.as_str()), (false, "secret-file"), "{failure:?}");
                // The last one is removed when there is room again.
                world.reconfigure(|_| {});
                let last = world.resume();
                play(&last).unwrap();
                assert_one(&last, "when there is room again");
            }
            other => panic!("{other:?}"),
        }
    }
}
