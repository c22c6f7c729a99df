//! Credentials that end while a run goes on.

use super::sessions::enrol;
use super::world::{World, question};
use crate::aws::Terms;
use crate::error::Kind as Ends;
use crate::sandbox::Settings;
use crate::sandbox::faults::{Kind, Rule};
use crate::step::{RunStatus, StepError};
use crate::time::Stop;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn group(name: &str) -> Value {
    json!({"name": name})
}

fn count(calls: &[String], name: &str) -> usize {
    calls.iter().filter(|call| *call == name).count()
}

#[test]
fn a_run_of_many_hours_renews_its_sessions_ahead() {
    let world = World::organized(Settings::default());
    let account = world.org("create_account", json!({"name": "dev", "email": "aws+dev@example.com"})).unwrap();
    let session = world.wait(world.cloud.account_of(&account)).unwrap();
    world.calls();
    for hour in 0..5 {
        world.on(&session, "create_group", group(&format!("g{hour}"))).unwrap();
        world.wait(world.time.sleep(Duration::from_mins(58)));
    }
    let calls = world.calls();
    // Those of the making of the account serve the first hour; no call met expired credentials.
    assert_eq!((count(&calls, "AssumeRole"), count(&calls, "CreateGroup")), (4, 5), "{calls:?}");
    assert_eq!(world.waits(), [] as [&str; 0]);
}

#[test]
fn credentials_that_expire_during_a_call_are_renewed_and_the_call_made_again() {
    for (operation, code) in
        [("CreateGroup", "ExpiredToken"), ("PutGroupPolicy", "ExpiredToken"), ("CreateAccount", "ExpiredTokenException")]
    {
        let expired =
            Kind::Error { code: code.into(), message: "The security token included in the request is expired".into(), status: 403 };
        let rule = Rule { operation: operation.into(), nth: Some(1), kind: expired };
        let world = World::organized(Settings { faults: vec![rule], ..Settings::default() });
        let account = world.org("create_account", json!({"name": "dev", "email": "aws+dev@example.com"})).unwrap();
        let session = world.wait(world.cloud.account_of(&account)).unwrap();
        let inline = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}]});
        world.on(&session, "create_group", json!({"name": "g", "inline": inline})).unwrap();
        let calls = world.calls();
        assert_eq!(count(&calls, operation), 2, "{calls:?}");
        assert_eq!(world.engine.finish(None).unwrap().status, RunStatus::Done);
    }
}

#[test]
fn where_a_code_is_needed_and_nobody_is_there_that_step_is_paused_and_others_go_on() {
    let mut world = World::organized(Settings::default());
    world.org("create_account", json!({"name": "dev", "email": "aws+dev@example.com"})).unwrap();
    let serial = enrol(&world);
    let (sandbox, clock) = (world.sandbox.clone(), world.time.clone());
    let somebody = Arc::new(AtomicBool::new(true));
    let there = Arc::clone(&somebody);
    world.reconfigure(|config| {
        config.token_code = Some(Arc::new(move |serial, _| there.load(Ordering::SeqCst).then(|| sandbox.mfa_code(serial, clock.now()))));
    });
    // A code works once, and the enrolment has used the present one.
    world.wait(world.time.sleep(Duration::from_mins(1)));
    let terms = Terms { mfa: Some(serial), ..Terms::default() };
    let session = world.wait(world.cloud.assume("dev", terms)).unwrap();
    world.on(&session, "create_group", group("first")).unwrap();
    somebody.store(false, Ordering::SeqCst);
    // The session with MFA outlives the role's hour.
    world.wait(world.time.sleep(Duration::from_hours(3)));
    world.on(&session, "create_group", group("second")).unwrap();
    world.wait(world.time.sleep(Duration::from_hours(10)));
    let result = world.on(&session, "create_group", group("third"));
    let kind = result.as_ref().unwrap_err().to_error().kind;
    assert_eq!(kind.exit_code(), 6);
    let failure = question(result);
    assert_eq!(failure.code, "mfa-code");
    assert!(failure.hints[0].contains("runner resume"), "{:?}", failure.hints);
    world.org("create_group", group("elsewhere")).unwrap();
    let recap = world.engine.finish(Some(Ends::Paused)).unwrap();
    assert_eq!((recap.status, recap.total.paused, recap.total.changed), (RunStatus::Paused, 1, 5));
}

#[test]
fn what_waits_for_credentials_while_the_run_is_stopped_does_not_leave_any_more() {
    let expired = Kind::Error { code: "ExpiredToken".into(), message: "The security token is expired".into(), status: 403 };
    let rule = Rule { operation: "CreateGroup".into(), nth: Some(1), kind: expired };
    let world = World::organized(Settings { faults: vec![rule], ..Settings::default() });
    let account = world.org("create_account", json!({"name": "dev", "email": "aws+dev@example.com"})).unwrap();
    let session = world.wait(world.cloud.account_of(&account)).unwrap();
    let (engine, refused) = (world.engine.clone(), AtomicBool::new(false));
    world.cloud.tell(Arc::new(move |call| {
        refused.fetch_or(call.action == "iam:CreateGroup", Ordering::SeqCst);
        if call.action == "sts:AssumeRole" && refused.load(Ordering::SeqCst) {
            engine.drain();
        }
    }));
    let result = world.on(&session, "create_group", group("g"));
    assert_eq!(result, Err(StepError::Stopped(Stop::Cancel)));
    assert_eq!(count(&world.calls(), "CreateGroup"), 1, "the refused one");
}
