//! Whose an account is whose request got lost: proved by the request or the step's tag, else asked.

use super::world::{World, code, fault, question};
use crate::aws::Session;
use crate::sandbox::Settings;
use crate::sandbox::faults::{Kind, Rule};
use crate::step::{Freshness, Resolution};
use aws_sdk_organizations::types::Tag;
use serde_json::{Value, json};
use std::time::Duration;

fn dev() -> Value {
    json!({"name": "dev", "email": "aws+dev@example.com"})
}

/// Somebody asks for an account with our address.
fn asks(world: &World, org: &Session, name: &str, tag: Option<(&str, &str)>) {
    world.wait(async {
        let tags = tag.map(|(key, value)| vec![Tag::builder().key(key).value(value).build().unwrap()]);
        let client = org.organizations().await.unwrap();
        let call = client.create_account().account_name(name).email("aws+dev@example.com").set_tags(tags);
        call.send().await.unwrap();
    });
}

/// Our request never arrives, and while it is found out what became of it somebody else makes an account with our address.
fn overtaken(name: &str, tag: Option<(&str, &str)>) -> (World, Result<Value, crate::step::StepError>) {
    let world = World::organized(fault("CreateAccount", 1, Kind::DropRequest));
    let org = world.management();
    let result = world.beside(|| world.org("create_account", dev()), Duration::from_secs(30), || asks(&world, &org, name, tag));
    (world, result)
}

fn made(world: &World) -> String {
    let estate = world.sandbox.estate();
    let mut ids = estate.accounts.values().filter(|account| account.email == "aws+dev@example.com").map(|account| account.id.clone());
    let id = ids.next().expect("an account");
    assert_eq!(ids.next(), None, "one account");
    id
}

#[test]
fn an_account_with_the_steps_tag_is_ours() {
    let own = World::new(Settings::default()).management().account_id().to_owned();
    let ownership = format!("sandbox/test/{own}/create_account:dev");
    // Under another name, so that the list of requests tells nothing.
    let (world, result) = overtaken("other", Some(("runner:step", &ownership)));
    // So it is settled; that it has another name is told.
    let failure = question(result);
    assert_eq!(failure.code, "created-before");
    assert!(failure.message.contains(&made(&world)) && failure.message.contains("is named `other`, not `dev`"), "{}", failure.message);
    assert!(world.written().contains(r#""result":"happened""#));
    assert_eq!(world.changes(), ["CreateAccount"; 2], "our own, which got lost, and this one");
}

#[test]
fn an_account_without_the_steps_tag_is_asked_about_and_adopted() {
    for (tag, shown) in
        [(None, "without tags"), (Some(("runner:step", "sandbox/other/1/create_account:x")), "tags runner:step=sandbox/other")]
    {
        let (world, result) = overtaken("other", tag);
        let failure = question(result);
        let id = made(&world);
        assert_eq!(failure.code, "unsettled");
        for said in ["ownership-unknown", &id, "`other`", "ACTIVE", "joined 2026-", shown] {
            assert!(failure.message.contains(said), "{said}: {}", failure.message);
        }
        assert!(failure.hints[0].starts_with("it is the account wanted: runner resolve"), "{:?}", failure.hints);
        // Asked again by a resume without an answer; nothing is sent.
        let again = world.resume();
        assert_eq!(question(again.org("create_account", dev())).message, failure.message);
        assert_eq!(again.changes(), [] as [&str; 0]);
        again.resolve("dev", Resolution::Adopt { id: id.clone() });
        let last = again.resume();
        let failure = question(last.org("create_account", dev()));
        assert_eq!(failure.code, "created-before");
        assert!(failure.hints[0].starts_with("go on with that account: give the name `other`"), "{:?}", failure.hints);
        assert!(last.written().contains(r#""result":"happened""#));
        made(&world);
    }
}

#[test]
fn somebody_elses_account_is_judged_as_every_account_that_is_there() {
    let (world, result) = overtaken("other", None);
    question(result);
    world.resolve("dev", Resolution::Retry);
    let again = world.resume();
    assert_eq!(code(again.org("create_account", dev())), "account-name-differs");
    assert_eq!(again.changes(), [] as [&str; 0]);
}

#[test]
fn only_an_account_that_fits_can_be_adopted() {
    let (world, result) = overtaken("other", None);
    question(result);
    let management = world.management().account_id().to_owned();
    for (id, difference) in [
        (management.as_str(), "has the address `management@example.com`, not `aws+dev@example.com`"),
        ("000000000000", "no account `000000000000`"),
    ] {
        world.resolve("dev", Resolution::Adopt { id: id.to_owned() });
        let again = world.resume();
        let failure = question(again.org("create_account", dev()));
        assert!(failure.message.contains("not-the-one") && failure.message.contains(difference), "{}", failure.message);
        assert_eq!(again.changes(), [] as [&str; 0]);
    }
}

#[test]
fn a_request_that_others_have_under_way_is_waited_for_and_its_account_found() {
    let world = World::organized(Settings { creation: Duration::from_secs(30), ..Settings::default() });
    asks(&world, &world.management(), "dev", None);
    world.calls();
    let account = world.org("create_account", dev()).unwrap();
    assert_eq!(account["id"], made(&world));
    // AWS said CONCURRENT_ACCOUNT_MODIFICATION: one request of ours, and nothing made by it.
    assert_eq!(world.changes(), ["CreateAccount"]);
    assert!(world.written().contains("found-meanwhile") && world.written().contains(r#""status":"ok""#), "{}", world.written());
}

#[test]
fn of_two_accounts_with_the_address_none_is_taken() {
    let world = World::organized(Settings::default());
    world.org("create_account", dev()).unwrap();
    let again = world.play();
    again
        .wait(again.cloud.with_organization(&again.management(), Freshness::Live, |view| {
            let view = view.unwrap();
            let mut second = view.with_email("aws+dev@example.com")[0].clone();
            second.id = "999988887777".to_owned();
            view.accounts.insert(second.id.clone(), second);
        }))
        .unwrap();
    let failure = question(again.org("create_account", dev()));
    assert_eq!(failure.code, "address-ambiguous");
    assert!(failure.message.contains("999988887777") && failure.message.contains(&made(&world)), "{}", failure.message);
    assert_eq!(again.changes(), [] as [&str; 0]);
}

/// Denies the administrator who plays to tag what belongs to Organizations.
fn deny_tags(world: &World) {
    let deny = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "organizations:TagResource", "Resource": "*"}]});
    world.org("put_user_policy", json!({"user": "admin", "name": "no-tags", "document": deny})).unwrap();
    world.calls();
}

#[test]
fn without_permission_to_tag_accounts_are_made_without_the_steps_tag() {
    let world = World::organized(Settings::default());
    deny_tags(&world);
    world.org("create_account", dev()).unwrap();
    world.org("create_account", json!({"name": "prod", "email": "aws+prod@example.com"})).unwrap();
    assert_eq!(world.changes(), ["CreateAccount"; 3], "refused once, then not tried any more");
    assert!(world.sandbox.estate().accounts[&made(&world)].tags.is_empty());
    let said: Vec<String> = world.said().into_iter().filter(|text| text.contains("cannot bear the tag `runner:step`")).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(world.written().contains(r#""detail":"CreateAccountUntagged""#));
    // The script's own tags are its own matter.
    let tagged = json!({"name": "stage", "email": "aws+stage@example.com", "tags": {"team": "a"}});
    assert_eq!(code(world.org("create_account", tagged)), "AccessDeniedException");
}

#[test]
fn a_tag_policy_that_refuses_the_steps_tag_is_gone_round_and_one_against_the_scripts_tags_is_not() {
    let refused = || Kind::Constraint { reason: "TAG_POLICY_VIOLATION".into() };
    let world = World::organized(fault("CreateAccount", 1, refused()));
    let tagged = json!({"name": "dev", "email": "aws+dev@example.com", "tags": {"team": "a"}});
    world.org("create_account", tagged.clone()).unwrap();
    let tags = &world.sandbox.estate().accounts[&made(&world)].tags;
    assert_eq!(tags.keys().collect::<Vec<_>>(), ["team"]);

    let rule = Rule { operation: "CreateAccount".into(), nth: None, kind: refused() };
    let world = World::organized(Settings { faults: vec![rule], ..Settings::default() });
    assert_eq!(code(world.org("create_account", tagged)), "ConstraintViolationException");
    assert_eq!(world.changes(), ["CreateAccount"; 2]);
}

#[test]
fn an_untagged_request_that_got_lost_is_still_known_by_itself() {
    let world = World::organized(fault("CreateAccount", 1, Kind::LostReply));
    deny_tags(&world);
    // The first request was refused before its reply was lost: it is settled, and asked for without the tag.
    let account = world.org("create_account", dev()).unwrap();
    assert_eq!(account["id"], made(&world));
}

#[test]
fn a_bad_tag_of_one_account_takes_the_steps_tag_from_no_other() {
    let rule =
        |nth| Rule { operation: "CreateAccount".into(), nth: Some(nth), kind: Kind::Constraint { reason: "TAG_POLICY_VIOLATION".into() } };
    let world = World::organized(Settings { faults: vec![rule(1), rule(2)], ..Settings::default() });
    let bad = json!({"name": "prod", "email": "aws+prod@example.com", "tags": {"team": "?"}});
    assert_eq!(code(world.org("create_account", bad)), "ConstraintViolationException");
    world.org("create_account", dev()).unwrap();
    assert!(world.sandbox.estate().accounts[&made(&world)].tags.contains_key("runner:step"));
}

#[test]
fn two_steps_that_want_one_address_send_one_request() {
    for kind in [None, Some(Kind::LostReply)] {
        let faults = kind.into_iter().map(|kind| Rule { operation: "CreateAccount".into(), nth: Some(1), kind }).collect();
        let world = World::organized(Settings { creation: Duration::from_secs(30), faults, ..Settings::default() });
        let other = || {
            let second = code(world.org("create_account", json!({"name": "other", "email": "AWS+dev@example.com"})));
            assert_eq!(second, "account-name-differs");
        };
        let first = world.beside(|| world.org("create_account", dev()), Duration::from_secs(1), other);
        assert_eq!(first.unwrap()["id"], made(&world));
        assert_eq!(world.changes(), ["CreateAccount"]);
    }
}
