//! `create_account` on all its ways: fresh, unchanged, edited, unknown outcome, refused.

use super::world::{World, code, fault};
use crate::sandbox::Settings;
use crate::sandbox::faults::Kind;
use crate::step::StepError;
use serde_json::{Value, json};
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
    let Err(StepError::Paused { question, .. }) = world.org("create_account", dev()) else { panic!("not paused") };
    assert!(question.contains("give another address"), "{question}");
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
