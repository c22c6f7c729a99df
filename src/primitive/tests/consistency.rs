//! What AWS does not know everywhere yet is waited for, and not for ever.

use super::world::{World, code, question};
use crate::aws::Terms;
use crate::sandbox::Settings;
use crate::sandbox::faults::{Kind, Rule};
use serde_json::{Value, json};
use std::time::Duration;

fn dev() -> Value {
    json!({"name": "dev", "email": "aws+dev@example.com"})
}

fn trusting(name: &str, principal: &str) -> Value {
    let statement = json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"});
    json!({"name": name, "trust": {"Version": "2012-10-17", "Statement": [statement]}})
}

/// The AssumeRole calls of these numbers are refused.
fn refusing(numbers: &[u64]) -> Settings {
    let denied = Kind::Error { code: "AccessDenied".into(), message: "Access denied".into(), status: 403 };
    let rule = |nth: &u64| Rule { operation: "AssumeRole".into(), nth: Some(*nth), kind: denied.clone() };
    Settings { faults: numbers.iter().map(rule).collect(), ..Settings::default() }
}

#[test]
fn an_account_that_was_refused_once_is_usable_after_three_good_probes_in_a_row() {
    for (refused, probes) in [(&[] as &[u64], 1), (&[1], 4), (&[1, 3], 6), (&[1, 2, 4, 6], 9)] {
        let world = World::organized(refusing(refused));
        let account = world.org("create_account", dev()).unwrap();
        let assumed = |calls: Vec<String>| calls.iter().filter(|call| *call == "AssumeRole").count();
        assert_eq!(assumed(world.calls()), probes, "{refused:?}");
        world.wait(world.wait(world.cloud.account_of(&account)).unwrap().probe()).unwrap();
        assert_eq!(assumed(world.calls()), 0, "the session is kept");
    }
}

#[test]
fn a_refusal_after_a_good_probe_still_means_not_yet() {
    let world = World::organized(refusing(&[2]));
    let account = world.org("create_account", dev()).unwrap();
    // An hour later AWS lets nobody in for a moment; a minute after its making that is lag.
    let session = world.wait(world.cloud.account_of(&account)).unwrap();
    let failure = world.wait(session.probe_anew()).unwrap_err();
    assert_eq!(failure.code, "not-ready");
    world.wait(world.time.sleep(Duration::from_hours(1)));
    world.wait(session.probe_anew()).unwrap();
}

#[test]
fn a_new_principal_is_waited_for_and_a_wrong_one_not_for_ever() {
    let world = World::new(Settings { iam_lag: Duration::from_secs(90), ..Settings::default() });
    let own = world.management().account_id().to_owned();
    let entry = world.org("create_role", trusting("entry", &own)).unwrap();
    let began = world.time.now();
    world.org("create_role", trusting("inner", entry["arn"].as_str().unwrap())).unwrap();
    let waited = world.time.now().duration_since(began).as_secs();
    assert!((85..110).contains(&waited), "{waited} s");
    assert!(world.waits().iter().any(|wait| wait.contains("Invalid principal in policy")), "{:?}", world.waits());

    let began = world.time.now();
    assert_eq!(code(world.org("create_role", trusting("odd", &format!("arn:aws:iam::{own}:role/nobody")))), "MalformedPolicyDocument");
    let waited = world.time.now().duration_since(began).as_secs();
    assert!((115..130).contains(&waited), "{waited} s");
}

#[test]
fn a_new_role_is_waited_for_two_minutes_and_a_new_account_fifteen() {
    for (lag, usable) in [(Duration::from_secs(100), true), (Duration::from_mins(3), false)] {
        let world = World::new(Settings { iam_lag: lag, ..Settings::default() });
        let own = world.management().account_id().to_owned();
        let mut entry = trusting("entry", &own);
        entry["managed"] = json!(["arn:aws:iam::aws:policy/AdministratorAccess"]);
        let role = world.org("create_role", entry).unwrap();
        let session = world.wait(world.cloud.assume(role["arn"].as_str().unwrap(), Terms::default())).unwrap();
        let made = world.on(&session, "create_group", json!({"name": "g"}));
        assert_eq!(made.is_ok(), usable, "{made:?}");
    }
    let world = World::organized(Settings { iam_lag: Duration::from_mins(14), ..Settings::default() });
    world.org("create_account", dev()).unwrap();
    let world = World::organized(Settings { iam_lag: Duration::from_mins(16), ..Settings::default() });
    assert_eq!(question(world.org("create_account", dev())).code, "account-not-usable");
    let again = world.resume();
    again.org("create_account", dev()).unwrap();
    assert_eq!(again.changes(), [] as [&str; 0]);
}
