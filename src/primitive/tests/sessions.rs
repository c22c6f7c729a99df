//! Sessions: lazy, shared, refreshed, pinned, and what is said when there is none.

use super::world::{World, cloud, code, further, keys};
use crate::aws::{Base, Cloud, CloudConfig, Session, StaticKeys, Terms, smithy};
use crate::sandbox::{ForeignAccount, Sandbox, Settings};
use crate::step::{Failure, FailureClass, Freshness};
use crate::time::Time;
use aws_sdk_sts::types::Credentials;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
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
    let failure = time.block_on(cloud.own_session()).unwrap().err().unwrap();
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
        config.token_code = Some(Arc::new(move |serial, _| {
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

#[test]
fn a_refused_code_is_asked_for_twice_more_and_not_sent_on() {
    let world = World::organized(Settings::default());
    let serial = enrol(&world);
    for (answers, asked_for, sent, wanted) in [
        (&["000000", "12345", "000000"][..], "first again again", 2, "mfa-wrong"),
        (&["000000"], "first again", 1, "mfa-code"),
        (&[], "first", 0, "mfa-code"),
    ] {
        let time = Time::simulated_from(3, world.time.now() + jiff::SignedDuration::from_secs(60));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        let (cloud, calls) = cloud(&world.sandbox, &time, |config| {
            config.token_code = Some(Arc::new(move |_, again| {
                let mut seen = seen.lock().unwrap();
                seen.push(if again { "again" } else { "first" });
                answers.get(seen.len() - 1).map(|&code| code.to_owned())
            }));
        });
        let terms = Terms { mfa: Some(serial.clone()), ..Terms::default() };
        let account = world.management().account_id().to_owned();
        let probe = time.block_on(async { cloud.assume(&account, terms).await?.probe().await });
        let failure = probe.unwrap().unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), (wanted, FailureClass::NeedsYou));
        assert!(!told(failure).is_empty());
        assert_eq!(asked.lock().unwrap().join(" "), asked_for);
        let calls = calls.lock().unwrap();
        assert_eq!(calls.iter().filter(|call| *call == "GetSessionToken").count(), sent, "{calls:?}");
        assert!(!calls.iter().any(|call| call == "AssumeRole"), "{calls:?}");
    }
}

#[test]
fn who_was_asked_in_vain_is_not_asked_again_by_other_branches() {
    let world = World::organized(Settings::default());
    let serial = enrol(&world);
    for (answer, asked_for, wanted) in [("000000", 3, "mfa-wrong"), ("", 1, "mfa-declined")] {
        let time = Time::simulated_from(3, world.time.now() + jiff::SignedDuration::from_secs(60));
        let asked = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&asked);
        let (cloud, _) = cloud(&world.sandbox, &time, |config| {
            config.token_code = Some(Arc::new(move |_, _| {
                count.fetch_add(1, Ordering::SeqCst);
                Some(answer.to_owned())
            }));
        });
        let account = world.management().account_id().to_owned();
        for role in ["one", "two"] {
            let terms = Terms { role: Some(role.to_owned()), mfa: Some(serial.clone()), ..Terms::default() };
            let probe = time.block_on(async { cloud.assume(&account, terms).await?.probe().await });
            assert_eq!(probe.unwrap().unwrap_err().code, wanted, "{role}");
        }
        assert_eq!(asked.load(Ordering::SeqCst), asked_for, "{wanted}");
    }
}

#[test]
fn each_account_sees_its_own_organisation() {
    let foreign = ForeignAccount { id: Some("999988887777".into()), name: "legacy".into(), email: "legacy@example.com".into() };
    let mut world = World::organized(Settings { accounts: vec![foreign], ..Settings::default() });
    let base = keys(world.sandbox.profile_key("999988887777").unwrap());
    world.reconfigure(|config| config.accounts.push(further("999988887777", "legacy", Some(base))));
    let legacy = world.wait(world.cloud.account("legacy", None)).unwrap();
    let organization = |session: &Session| {
        world.wait(world.cloud.with_organization(session, Freshness::Snapshot, |view| view.map(|view| view.management.clone()))).unwrap()
    };
    let own = world.management();
    assert_eq!(organization(&own).as_deref(), Some(own.account_id()));
    assert_eq!(organization(&legacy), None);
    assert_eq!(code(world.on(&legacy, "list_accounts", json!({}))), "no-organization");
    assert_eq!(organization(&own).as_deref(), Some(own.account_id()));
}

#[test]
fn a_member_account_is_told_although_another_session_of_it_has_read_the_organisation() {
    let world = World::organized(Settings::default());
    let dev = world.org("create_account", json!({"name": "dev", "email": "aws+dev@example.com"})).unwrap();
    let inside = world.wait(world.cloud.account_of(&dev)).unwrap();
    let policies = json!(["arn:aws:iam::aws:policy/AdministratorAccess"]);
    world.on(&inside, "create_user", json!({"name": "ana", "managed": policies})).unwrap();
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": dev["id"]}, "Action": "sts:AssumeRole"}]});
    world.on(&inside, "create_role", json!({"name": "r", "trust": trust, "managed": policies})).unwrap();
    let key =
        world.wait(async { inside.iam().await.unwrap().create_access_key().user_name("ana").send().await.unwrap().access_key.unwrap() });
    let keys = StaticKeys { access_key_id: key.access_key_id, secret_access_key: key.secret_access_key, session_token: None };
    world.wait(world.time.sleep(Duration::from_mins(5)));
    let (cloud, _) = cloud(&world.sandbox, &world.time, |config| config.base = Base::Static(keys));
    let arn = format!("arn:aws:iam::{}:role/r", dev["id"].as_str().unwrap());
    let role = world.wait(cloud.assume(&arn, Terms::default())).unwrap();
    world.wait(role.probe()).unwrap();
    let slot = cloud.organization_slot(role.account_id());
    *world.wait(slot.lock()) =
        world.wait(world.cloud.with_organization(&world.management(), Freshness::Snapshot, |view| Some(view?.clone()))).unwrap();
    assert_eq!(world.wait(cloud.management()).err().unwrap().code, "not-management");
}

#[test]
fn a_users_own_session_is_taken_as_it_was_begun() {
    let world = World::organized(Settings::default());
    let serial = enrol(&world);
    let role = role(&world, "careful", &json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } }));
    // A code works once, and the enrolment has used the present one.
    world.wait(world.time.sleep(Duration::from_mins(1)));
    for with_code in [true, false] {
        let given = world.wait(async {
            let call = world.management().sts().await.unwrap().get_session_token();
            let code = world.sandbox.mfa_code(&serial, world.time.now());
            let call = if with_code { call.serial_number(&serial).token_code(code) } else { call };
            call.send().await.unwrap().credentials.unwrap()
        });
        let (cloud, calls) = cloud(&world.sandbox, &world.time, |config| config.base = begun(given));
        let terms = Terms { mfa: Some(serial.clone()), ..Terms::default() };
        let probe = world.wait(async { cloud.assume(&role, terms).await?.probe().await });
        assert!(!calls.lock().unwrap().iter().any(|call| call == "GetSessionToken"));
        match probe {
            Ok(()) => assert!(with_code),
            Err(failure) => {
                assert!(!with_code && failure.code == "AccessDenied", "{failure:?}");
                assert!(told(failure).iter().any(|hint| hint.contains(&format!("get-session-token --serial-number {serial}"))));
            }
        }
    }
}

#[test]
fn a_roles_session_has_no_device_to_give_a_code_of() {
    let world = World::organized(Settings::default());
    let serial = enrol(&world);
    let role = role(&world, "portal", &json!({}));
    let given = world.wait(async {
        let sts = world.management().sts().await.unwrap();
        sts.assume_role().role_arn(&role).role_session_name("ana").send().await.unwrap().credentials.unwrap()
    });
    let (cloud, _) = cloud(&world.sandbox, &world.time, |config| config.base = begun(given));
    let terms = Terms { mfa: Some(serial), ..Terms::default() };
    let failure = world.wait(async { cloud.assume(&role, terms).await?.probe().await }).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("mfa-needs-keys", FailureClass::NeedsYou));
    assert!(told(failure)[0].contains("long-term keys"));
}

#[test]
fn a_wrong_clock_is_told_before_anything_is_changed() {
    let world = World::organized(Settings::default());
    let time = Time::simulated_from(3, world.time.now() + jiff::SignedDuration::from_hours(2));
    let (aws, clock) = (world.sandbox.clone(), world.time.clone());
    let http = smithy::in_process(Arc::new(move |request| Box::pin(std::future::ready(aws.handle(request, clock.now())))));
    let cloud = Cloud::new(CloudConfig::new(time.clone(), http, keys(world.sandbox.administrator())));
    let failure = time.block_on(cloud.management()).unwrap().err().unwrap();
    assert_eq!((failure.code.as_str(), failure.class), ("SignatureDoesNotMatch", FailureClass::NeedsYou));
    assert!(told(failure)[0].contains("clock"));
}

#[test]
fn credentials_that_expire_early_are_loaded_again_and_then_say_so() {
    let world = World::organized(Settings::default());
    let given = world.wait(async {
        let sts = world.management().sts().await.unwrap();
        sts.get_session_token().duration_seconds(900).send().await.unwrap().credentials.unwrap()
    });
    let (cloud, calls) = cloud(&world.sandbox, &world.time, |config| config.base = begun(given));
    let session = world.wait(cloud.own_session()).unwrap();
    world.wait(world.time.sleep(Duration::from_mins(16)));
    calls.lock().unwrap().clear();
    let ask = || {
        world.wait(async {
            let iam = session.iam().await?;
            session.read("iam:GetAccountSummary", iam.get_account_summary().send()).await.map(drop)
        })
    };
    let failure = ask().unwrap_err();
    assert_eq!(failure.class, FailureClass::Retry { throttled: false }, "{failure:?}");
    let failure = ask().unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("ExpiredToken", FailureClass::NeedsYou));
    assert!(told(failure)[0].contains("sign in again"));
    assert_eq!(*calls.lock().unwrap(), ["GetAccountSummary", "GetCallerIdentity"]);
}

/// Hints and ways, as they are shown where there is no run.
fn told(failure: Failure) -> Vec<String> {
    failure.completed(None, None, None, |_| None).hints
}

/// A session that was begun elsewhere, as its three variables give it.
fn begun(given: Credentials) -> Base {
    let Credentials { access_key_id, secret_access_key, session_token, .. } = given;
    Base::Static(StaticKeys { access_key_id, secret_access_key, session_token: Some(session_token) })
}

/// The ARN of a new role that the management account's users may assume under this condition.
fn role(world: &World, name: &str, condition: &Value) -> String {
    let account = world.management().account_id().to_owned();
    let statement = json!({
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": format!("arn:aws:iam::{account}:root") }, "Condition": condition,
    });
    let trust = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    world.wait(async {
        let iam = world.management().iam().await.unwrap();
        let made = iam.create_role().role_name(name).assume_role_policy_document(trust).send().await.unwrap();
        made.role.unwrap().arn
    })
}

/// Gives the administrator an MFA device.
pub(super) fn enrol(world: &World) -> String {
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
