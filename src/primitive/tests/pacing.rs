//! Many accounts against an AWS that throttles at its published rates.

use super::world::World;
use crate::sandbox::Settings;
use crate::step::StepError;
use crate::step::schedule::{Branch, Slots, parallel};
use crate::time::Time;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

fn throttling() -> Settings {
    Settings { throttle: true, account_quota: 2000, creation: Duration::from_secs(20), ..Settings::default() }
}

/// An account in a unit, with a role in it that has a policy.
fn furnish(world: &World, unit: &Value, number: usize) -> Result<Value, StepError> {
    let name = format!("a{number}");
    let account = world.org("create_account", json!({"name": name, "email": format!("aws+{name}@example.com"), "ou": unit}))?;
    let session = world.wait(world.cloud.account_of(&account)).expect("a session");
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}]});
    world.on(&session, "create_role", json!({"name": "deploy", "trust": trust, "managed": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}))
}

/// Furnishes so many accounts, 32 at a time; gives how often each call was sent.
fn storm(world: &World, accounts: usize) -> BTreeMap<String, usize> {
    let unit = world.org("create_organizational_unit", json!({"name": "all"})).unwrap();
    world.calls();
    let branch = |number: usize| {
        let unit = &unit;
        Branch { label: number.to_string(), run: Box::new(move || furnish(world, unit, number)) as Box<dyn FnOnce() -> _ + Send> }
    };
    let results = parallel(&world.time, &Slots::new(32), (0..accounts).map(branch).collect());
    let failed: Vec<_> = results.into_iter().filter(|result| !matches!(result, Ok(Ok(_)))).collect();
    assert!(failed.is_empty(), "{failed:?}");
    let mut calls = BTreeMap::new();
    for call in world.calls() {
        *calls.entry(call).or_insert(0) += 1;
    }
    calls
}

/// CreateAccount, one question about it, MoveAccount, AssumeRole, CreateRole, AttachRolePolicy.
const NECESSARY: usize = 6;

fn judged(what: &str, world: &World, accounts: usize, calls: &BTreeMap<String, usize>) {
    let total: usize = calls.values().sum();
    let necessary = NECESSARY * accounts;
    let ratio = f64::from(u32::try_from(total).unwrap()) / f64::from(u32::try_from(necessary).unwrap());
    let took = world.time.now().duration_since(jiff::Timestamp::from_second(1_767_225_600).unwrap());
    println!(
        "{what}: {accounts} accounts in {} simulated minutes, {total} calls, {ratio:.2} of the necessary {necessary}: {calls:?}",
        took.as_mins()
    );
    assert!(ratio <= 1.3, "{ratio}");
    assert_eq!(world.sandbox.estate().accounts.len(), accounts + 1);
}

#[test]
fn two_hundred_accounts_at_published_rates() {
    let world = World::paced(throttling());
    let calls = storm(&world, 200);
    judged("rates known", &world, 200, &calls);
    // None was throttled.
    for call in ["CreateAccount", "MoveAccount", "AssumeRole", "CreateRole", "AttachRolePolicy"] {
        assert_eq!(calls[call], 200, "{call}");
    }
    let said = world.said();
    assert!(said.iter().any(|text| text == "29 accounts wait to be made, about 5 min at AWS's rate"), "{said:?}");
    assert!(said.len() < 40, "{said:?}");
}

#[test]
fn two_hundred_accounts_at_rates_to_be_learned() {
    let world = World::organized(throttling());
    let calls = storm(&world, 200);
    judged("rates learned", &world, 200, &calls);
}

/// Of the first hour, 30 % of all calls are refused for their rate whatever that is, then for a minute all of them.
fn storming(time: &Time) -> bool {
    let elapsed = time.now().duration_since(Time::simulated(0).now()).as_mins();
    match elapsed {
        0..60 => time.draw("storm") % 100 < 30,
        60 => true,
        _ => false,
    }
}

#[test]
fn a_thousand_accounts_through_throttles_that_no_rate_prevents() {
    let world = World::paced_under(throttling(), storming);
    let calls = storm(&world, 1000);
    judged("30 % throttled for an hour, then all for a minute", &world, 1000, &calls);
}
