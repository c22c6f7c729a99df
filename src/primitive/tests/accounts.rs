//! `create_account` on all its ways: fresh, unchanged, edited, unknown outcome, refused.

use super::world::{World, code, fault, keys};
use crate::aws::{Cloud, CloudConfig, smithy};
use crate::sandbox::Settings;
use crate::sandbox::faults::{Kind, Rule};
use crate::step::StepError;
use crate::step::schedule::{Branch, Slots, parallel};
use crate::time::Stop;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn dev() -> Value {
    json!({"name": "dev", "email": "aws+dev@example.com"})
}

fn with(extra: &Value) -> Value {
    let mut arguments = dev();
    arguments.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    arguments
}

fn members(world: &World) -> usize {
    world.sandbox.estate().accounts.len()
}

#[test]
fn a_fresh_account_is_made_moved_tagged_and_usable() {
    let world = World::organized(Settings { creation: Duration::from_secs(3), iam_lag: Duration::from_secs(9), ..Settings::default() });
    let unit = world.org("create_organizational_unit", json!({"name": "Workloads"})).unwrap();
    world.calls();
    let account = world.org("create_account", with(&json!({"ou": unit, "tags": {"team": "a"}}))).unwrap();
    assert_eq!(world.changes(), ["CreateAccount", "MoveAccount"]);
    assert_eq!(account["kind"], "account");
    let id = account["id"].as_str().unwrap();
    assert_eq!(account["sign_in_url"], format!("https://{id}.signin.aws.amazon.com/console"));
    let made = &world.sandbox.estate().accounts[id];
    assert_eq!((made.name.as_str(), made.parent.as_deref()), ("dev", unit["id"].as_str()));
    assert_eq!(made.tags["team"], "a");
    assert!(made.tags["runner:step"].starts_with("sandbox/test/"));
    let session = world.wait(world.cloud.account_of(&account)).unwrap();
    world.wait(session.probe()).unwrap();
}

#[test]
fn an_account_that_is_there_is_left() {
    let world = World::organized(Settings::default());
    let first = world.org("create_account", dev()).unwrap();
    let again = world.play();
    assert_eq!(again.org("create_account", dev()).unwrap(), first);
    assert_eq!(again.changes(), [] as [&str; 0]);
}

#[test]
fn an_edited_call_changes_what_differs() {
    let world = World::organized(Settings::default());
    world.org("create_account", dev()).unwrap();
    let again = world.play();
    let unit = again.org("create_organizational_unit", json!({"name": "Prod"})).unwrap();
    again.calls();
    again.org("create_account", with(&json!({"ou": unit, "tags": {"team": "b"}}))).unwrap();
    assert_eq!(again.changes(), ["MoveAccount", "TagResource"]);
    assert_eq!(members(&world), 2);
}

#[test]
fn no_fault_makes_a_second_account() {
    for kind in [Kind::LostReply, Kind::DropRequest, Kind::ErrorAfter { status: 500 }, Kind::Throttle, Kind::Duplicate] {
        let world = World::organized(fault("CreateAccount", 1, kind.clone()));
        let account = world.org("create_account", dev()).unwrap_or_else(|error| panic!("{kind:?}: {error:?}"));
        assert_eq!(account["name"], "dev", "{kind:?}");
        assert_eq!(members(&world), 2, "{kind:?}");
    }
}

#[test]
fn watching_that_fails_does_not_send_the_request_again() {
    for kind in [Kind::LostReply, Kind::Throttle, Kind::ErrorAfter { status: 503 }] {
        let settings = Settings { creation: Duration::from_secs(3), ..fault("DescribeCreateAccountStatus", 1, kind) };
        let world = World::organized(settings);
        world.org("create_account", dev()).unwrap();
        assert_eq!(world.changes(), ["CreateAccount"]);
    }
}

#[test]
fn a_lost_move_is_settled_by_looking() {
    for kind in [Kind::LostReply, Kind::DropRequest] {
        let world = World::organized(fault("MoveAccount", 1, kind.clone()));
        let unit = world.org("create_organizational_unit", json!({"name": "Prod"})).unwrap();
        let account = world.org("create_account", with(&json!({"ou": unit}))).unwrap();
        let made = &world.sandbox.estate().accounts[account["id"].as_str().unwrap()];
        assert_eq!(made.parent.as_deref(), unit["id"].as_str(), "{kind:?}");
    }
}

#[test]
fn an_address_that_is_taken_is_a_question() {
    let world = World::organized(fault("CreateAccount", 1, Kind::CreateAccountFailure { reason: "EMAIL_ALREADY_EXISTS".into() }));
    let Err(StepError::Paused { failure, .. }) = world.org("create_account", dev()) else { panic!("not paused") };
    assert_eq!(failure.code, "email-taken");
    assert!(failure.message.contains("Looked twice, 60 s apart"), "{}", failure.message);
    assert!(world.waits().iter().any(|wait| wait.contains("looking once more")), "{:?}", world.waits());
    assert!(failure.hints[0].contains("another address: change") && failure.hints[0].contains("then: runner resume"), "{failure:?}");
    // Another address after that: one account, of the new address.
    let again = world.resume();
    let account = again.org("create_account", with(&json!({"email": "aws+dev2@example.com"}))).unwrap();
    assert_eq!(account["email"], "aws+dev2@example.com");
    assert_eq!(members(&world), 2);
}

#[test]
fn an_internal_failure_is_tried_again() {
    let world = World::organized(fault("CreateAccount", 1, Kind::CreateAccountFailure { reason: "INTERNAL_FAILURE".into() }));
    world.org("create_account", dev()).unwrap();
    assert_eq!(world.changes(), ["CreateAccount", "CreateAccount"]);
    assert_eq!(members(&world), 2);
}

#[test]
fn names_stand_for_one_account() {
    let world = World::organized(Settings::default());
    world.org("create_account", dev()).unwrap();
    let again = world.play();
    assert_eq!(code(again.org("create_account", with(&json!({"email": "other@example.com"})))), "account-name-taken");
    assert_eq!(code(again.org("create_account", with(&json!({"name": "prod"})))), "account-name-differs");
}

#[test]
fn without_an_organisation_the_way_on_is_named() {
    let world = World::new(Settings::default());
    assert_eq!(code(world.org("create_account", dev())), "no-organization");
}

#[test]
fn another_access_role_is_remembered() {
    let world = World::organized(Settings::default());
    let account = world.org("create_account", with(&json!({"role": "Entry"}))).unwrap();
    assert_eq!(account["access_role"], "Entry");
    let again = world.play();
    let session = again.wait(again.cloud.account_of(&account)).unwrap();
    again.wait(session.probe()).unwrap();
    // The object's own role goes before the one of the target, and is remembered for the account's name.
    let learned = world.play();
    learned.cloud.learn(&account);
    learned.wait(learned.wait(learned.cloud.account("dev", None)).unwrap().probe()).unwrap();
    assert!(again.wait(async { again.cloud.account(account["id"].as_str().unwrap(), Some("None")).await?.probe().await }).is_err());
}

#[test]
fn an_account_is_returned_when_it_can_be_used() {
    for kind in [None, Some(Kind::LostReply), Some(Kind::ErrorAfter { status: 500 })] {
        let faults = kind.clone().map(|kind| Rule { operation: "CreateAccount".into(), nth: Some(1), kind });
        let settings = Settings { creation: Duration::from_secs(20), iam_lag: Duration::from_secs(90), ..Settings::default() };
        let world = World::organized(Settings { faults: faults.into_iter().collect(), ..settings });
        let account = world.org("create_account", dev()).unwrap();
        let session = world.wait(world.cloud.account_of(&account)).unwrap();
        world.wait(session.probe()).unwrap_or_else(|failure| panic!("{kind:?}: {failure:?}"));
        let waits = world.waits();
        for reason in ["AWS is creating the account", "is new and cannot be assumed yet"] {
            assert!(waits.iter().any(|wait| wait.contains(reason)), "{kind:?}: {waits:?}");
        }
    }
}

#[test]
fn an_account_that_stays_unusable_is_a_question() {
    let world = World::organized(Settings { iam_lag: Duration::from_hours(1), ..Settings::default() });
    let Err(StepError::Paused { failure, .. }) = world.org("create_account", dev()) else { panic!("not paused") };
    assert_eq!(failure.code, "account-not-usable");
    assert!(failure.message.contains("was made 15 minutes ago") && failure.hints[0].contains("runner resume"), "{failure:?}");
    assert_eq!(members(&world), 2);
}

#[test]
fn who_waits_for_others_to_be_created_is_told_so_and_sends_nothing_after_a_stop() {
    let world = World::organized(Settings { creation: Duration::from_mins(10), account_quota: 20, ..Settings::default() });
    let org = world.management();
    let creation = |number: usize| {
        let (world, org) = (&world, org.clone());
        let run = move || {
            let name = format!("a{number}");
            let email = format!("aws+{name}@example.com");
            world.on(&org, "create_account", json!({"name": name, "email": email}))
        };
        Branch { label: number.to_string(), run: Box::new(run) as Box<dyn FnOnce() -> _ + Send> }
    };
    let mut branches: Vec<_> = (0..7).map(creation).collect();
    let stop = || {
        world.wait(world.time.sleep(Duration::from_mins(1)));
        world.engine.drain();
        Ok(Value::Null)
    };
    branches.push(Branch { label: "stop".into(), run: Box::new(stop) });
    let results = parallel(&world.time, &Slots::new(32), branches);
    let stopped = results.iter().filter(|result| matches!(result, Ok(Err(StepError::Stopped(Stop::Cancel))))).count();
    assert_eq!(stopped, 7, "{results:?}");
    assert_eq!(world.changes(), ["CreateAccount"; 5]);
    assert!(world.waits().iter().any(|wait| wait.contains("accounts wait to be made, five at a time")), "{:?}", world.waits());
    // What was waiting is found not to have happened, and is done.
    let again = world.resume();
    for number in 0..7 {
        let name = format!("a{number}");
        again.org("create_account", json!({"name": name, "email": format!("aws+{name}@example.com")})).unwrap();
    }
    assert_eq!(again.changes(), ["CreateAccount"; 2]);
    assert_eq!(members(&world), 8);
}

#[test]
fn a_list_that_always_goes_on_with_the_same_page_is_read_twice() {
    let world = World::organized(Settings::default());
    world.org("create_account", dev()).unwrap();
    let (aws, clock, calls) = (world.sandbox.clone(), world.time.clone(), Arc::new(AtomicU32::new(0)));
    let (counted, first) = (Arc::clone(&calls), Mutex::new(None));
    let http = smithy::in_process(Arc::new(move |request| {
        let listing = request.headers().get("x-amz-target").is_some_and(|target| target.as_bytes().ends_with(b".ListCreateAccountStatus"));
        let mut first = first.lock().unwrap();
        let reply = if listing {
            assert!(counted.fetch_add(1, Ordering::SeqCst) < 5, "it would be read for ever");
            let page = first.get_or_insert_with(|| {
                let mut reply = aws.handle(request, clock.now()).unwrap();
                let mut page: Value = serde_json::from_slice(reply.body()).unwrap();
                page["NextToken"] = json!("again");
                *reply.body_mut() = page.to_string().into();
                reply
            });
            Some(page.clone())
        } else {
            aws.handle(request, clock.now())
        };
        Box::pin(std::future::ready(reply))
    }));
    let cloud = Cloud::new(CloudConfig::new(world.time.clone(), http, keys(world.sandbox.administrator())));
    let mut found = Vec::new();
    world.wait(async { cloud.own_session().await?.creation_statuses(|status| found.extend(status.account_name)).await }).unwrap();
    assert_eq!((found.as_slice(), calls.load(Ordering::SeqCst)), (&["dev".to_owned(), "dev".to_owned()][..], 2));
}
