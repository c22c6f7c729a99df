//! Sessions: lazy, shared, refreshed, pinned, and what is said when there is none.

use super::world::{World, cloud, further, keys};
use crate::aws::Terms;
use crate::sandbox::{ForeignAccount, Sandbox, Settings};
use crate::step::FailureClass;
use crate::time::Time;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

#[test]
fn sessions_are_lazy_shared_and_refreshed() {
    let world = World::organized(Settings::default());
    let dev = world.org("create_account", json!({"name": "dev", "email": "aws+dev@example.com"})).unwrap();
    let later = world.play();
    let id = dev["id"].as_str().unwrap();
    let (one, two) = (later.wait(later.cloud.account(id, None)).unwrap(), later.wait(later.cloud.account(id, None)).unwrap());
    let assumed = |calls: Vec<String>| calls.iter().filter(|call| *call == "AssumeRole").count();
    assert_eq!(assumed(later.calls()), 0);
    later.wait(one.probe()).unwrap();
    later.wait(two.probe()).unwrap();
    assert_eq!(assumed(later.calls()), 1);
    later.wait(later.time.sleep(Duration::from_secs(3600 - 299)));
    later.wait(one.probe()).unwrap();
    assert_eq!(assumed(later.calls()), 1);
}

#[test]
fn accounts_are_reached_by_name_in_the_organisation_and_the_target() {
    let world = World::organized(Settings::default());
    let dev = world.org("create_account", json!({"name": "dev", "email": "aws+dev@example.com"})).unwrap();
    let later = world.play();
    let session = later.wait(later.cloud.account("dev", None)).unwrap();
    assert_eq!((session.account_id(), session.account().name.as_str()), (dev["id"].as_str().unwrap(), "dev"));
    let unknown = later.wait(later.cloud.account("nobody", None)).err().unwrap();
    assert_eq!(unknown.code, "account-unknown");
    assert!(!unknown.hints.is_empty());
}

#[test]
fn a_standalone_account_uses_its_own_credentials() {
    let foreign = ForeignAccount { id: Some("999988887777".into()), name: "legacy".into(), email: "legacy@example.com".into() };
    let sandbox = Sandbox::open(Settings { accounts: vec![foreign], ..Settings::default() }, None).unwrap();
    let time = Time::simulated(1);
    let base = keys(sandbox.profile_key("999988887777").unwrap());
    let (cloud, calls) = cloud(&sandbox, &time, |config| config.accounts.push(further("999988887777", "legacy", Some(base))));
    let probe = time.block_on(async {
        let session = cloud.account("legacy", None).await?;
        session.probe().await.map(|()| session)
    });
    assert_eq!(probe.unwrap().unwrap().account_id(), "999988887777");
    assert!(!calls.lock().unwrap().iter().any(|call| call == "AssumeRole"));
}

#[test]
fn credentials_of_another_account_are_refused() {
    let sandbox = Sandbox::open(Settings::default(), None).unwrap();
    let time = Time::simulated(1);
    let (cloud, _) = cloud(&sandbox, &time, |config| config.account_id = Some("000000000000".into()));
    let failure = time.block_on(cloud.management()).unwrap().err().unwrap();
    assert_eq!((failure.code.as_str(), failure.class), ("wrong-account", FailureClass::NeedsYou));
}

#[test]
fn a_role_that_cannot_be_assumed_names_the_account_and_the_way_on() {
    let world = World::new(Settings::default());
    let own = world.management().account_id().to_owned();
    let arn = format!("arn:aws:iam::{own}:role/nobody");
    let session = world.wait(world.cloud.assume(&arn, Terms::default())).unwrap();
    let failure = world.wait(session.probe()).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("AccessDenied", FailureClass::Fatal));
    assert!(failure.message.contains(&own) && failure.hints[0].contains(&arn), "{failure:?}");
}

#[test]
fn other_terms_are_other_sessions() {
    let world = World::organized(Settings::default());
    let dev = world.org("create_account", json!({"name": "dev", "email": "aws+dev@example.com"})).unwrap();
    let terms = Terms { duration: Some(900), session_name: Some("audit".into()), ..Terms::default() };
    let session = world.wait(world.cloud.assume(dev["id"].as_str().unwrap(), terms)).unwrap();
    let arn = world.wait(async { session.sts().await.unwrap().get_caller_identity().send().await.unwrap().arn.unwrap() });
    assert!(arn.ends_with(":assumed-role/OrganizationAccountAccessRole/audit"), "{arn}");
    assert!(world.wait(world.cloud.assume("arn:aws:s3:::bucket", Terms::default())).is_err());
}

#[test]
fn a_device_is_asked_for_one_code_for_all_roles() {
    let world = World::organized(Settings::default());
    for name in ["dev", "prod"] {
        world.org("create_account", json!({"name": name, "email": format!("aws+{name}@example.com")})).unwrap();
    }
    let sandbox = world.sandbox.clone();
    let serial = enrol(&world);
    // A code works once, and the enrolment has used the present one.
    let time = Time::simulated_from(3, world.time.now() + jiff::SignedDuration::from_secs(60));
    let asked = Arc::new(AtomicU32::new(0));
    let (aws, clock, count) = (sandbox.clone(), time.clone(), asked.clone());
    let (cloud, _) = cloud(&sandbox, &time, |config| {
        config.token_code = Some(Arc::new(move |serial| {
            count.fetch_add(1, Ordering::SeqCst);
            Some(aws.mfa_code(serial, clock.now()))
        }));
    });
    let terms = Terms { mfa: Some(serial), ..Terms::default() };
    for name in ["dev", "prod"] {
        let probe = time.block_on(async { cloud.assume(name, terms.clone()).await?.probe().await });
        probe.unwrap().unwrap();
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

/// Gives the administrator an MFA device.
fn enrol(world: &World) -> String {
    world.wait(async {
        let iam = world.management().iam().await.unwrap();
        let made = iam.create_virtual_mfa_device().virtual_mfa_device_name("runner").send().await.unwrap();
        let serial = made.virtual_mfa_device.unwrap().serial_number;
        let user = world.cloud.caller().await.unwrap().name;
        let before = world.time.now() - jiff::SignedDuration::from_secs(30);
        let codes = (world.sandbox.mfa_code(&serial, before), world.sandbox.mfa_code(&serial, world.time.now()));
        let call = iam.enable_mfa_device().user_name(user).serial_number(&serial);
        call.authentication_code1(codes.0).authentication_code2(codes.1).send().await.unwrap();
        serial
    })
}
