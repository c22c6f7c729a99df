//! Sessions: lazy, shared, refreshed, pinned, and what is said when there is none.

use super::world::{World, cloud, further, keys};
use crate::aws::Terms;
use crate::sandbox::{ForeignAccount, Sandbox, Settings};
use crate::step::FailureClass;
use crate::time::Time;
use serde_json::json;
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
