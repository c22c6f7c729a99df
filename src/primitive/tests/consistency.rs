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

#[test]
fn a_resume_does_not_take_an_account_for_usable_that_never_was() {
    let world = World::organized(Settings { iam_lag: Duration::from_hours(72), ..Settings::default() });
    assert_eq!(question(world.org("create_account", dev())).code, "account-not-usable");
    assert_eq!(question(world.resume().org("create_account", dev())).code, "account-not-usable");
    let later = |world: World, hours| {
        world.wait(world.time.sleep(Duration::from_hours(hours)));
        world
    };
    // What this run has made is held to be so whatever its age; what others have made only while it is young.
    assert_eq!(question(later(world.resume(), 48).org("create_account", dev())).code, "account-not-usable");
    later(world.resume(), 73).org("create_account", dev()).unwrap();
    assert_eq!(question(world.play().org("create_account", dev())).code, "account-not-usable");
    let other = later(world.play(), 48);
    other.org("create_account", dev()).unwrap();
    assert!(!other.calls().contains(&"AssumeRole".to_owned()));
}

#[test]
fn the_target_says_for_how_long_something_new_is_waited_for() {
    let waited = |world: &World, arguments: Value, primitive: &str| {
        let began = world.time.now();
        world.org(primitive, arguments).unwrap_err();
        world.time.now().duration_since(began).as_secs()
    };
    let mut world = World::organized(Settings { iam_lag: Duration::from_hours(9), ..Settings::default() });
    world.reconfigure(|config| (config.role_lag, config.new_account) = (Duration::from_secs(30), Duration::from_mins(40)));
    let own = world.management().account_id().to_owned();
    let odd = trusting("odd", &format!("arn:aws:iam::{own}:role/nobody"));
    assert!((30..35).contains(&waited(&world, odd, "create_role")));
    let unusable = waited(&world, dev(), "create_account");
    assert!((2400..2420).contains(&unusable), "{unusable} s");
    assert!(world.waits().iter().any(|wait| wait.starts_with("not-ready: ")), "{:?}", world.waits());

    let mut world = World::organized(Settings { creation: Duration::from_hours(9), ..Settings::default() });
    world.reconfigure(|config| config.new_account = Duration::from_mins(40));
    let undecided = waited(&world, dev(), "create_account");
    assert!((2400..2420).contains(&undecided), "{undecided} s");
}

const ACCOUNTS: &[&str] = &["ListAccounts"];

fn unit(world: &World) -> Value {
    let unit = world.org("create_organizational_unit", json!({"name": "Workloads"})).unwrap();
    world.calls();
    unit
}

#[test]
fn what_this_process_has_created_is_not_asked_for_again_while_it_is_not_listed() {
    // The second of two deliveries of the move says that the account is there already, and has the organisation read anew.
    let rule = Rule { operation: "MoveAccount".into(), nth: Some(1), kind: Kind::Duplicate };
    let world = World::lagging(Settings { faults: vec![rule], ..Settings::default() }, ACCOUNTS, Duration::from_secs(40));
    let unit = unit(&world);
    let account = world.org("create_account", json!({"name": "dev", "email": "aws+dev@example.com", "ou": unit})).unwrap();
    assert_eq!(world.changes().iter().filter(|call| *call == "CreateAccount").count(), 1);
    let made = &world.sandbox.estate().accounts[account["id"].as_str().unwrap()];
    assert_eq!(made.parent.as_deref(), unit["id"].as_str());
}

#[test]
fn an_account_made_a_moment_ago_stays_known_whatever_a_list_shows() {
    let world = World::lagging(Settings::default(), ACCOUNTS, Duration::from_secs(40));
    let made = world.org("create_account", json!({"name": "dev", "email": "aws+dev@example.com", "tags": {"team": "a"}})).unwrap();
    let known = || {
        let look = |view: Option<&mut crate::aws::OrganizationView>| {
            let view = view.unwrap();
            let id = made["id"].as_str().unwrap();
            (view.accounts.contains_key(id), view.parents.contains_key(id), view.tags.get(id).map(|tags| tags["team"].clone()))
        };
        world.wait(world.cloud.with_organization(&world.management(), crate::step::Freshness::Live, look)).unwrap()
    };
    assert_eq!(known(), (true, true, Some("a".to_owned())));
    // What is not listed after that is not there.
    world.wait(world.time.sleep(Duration::from_mins(10)));
    assert!(known().0, "listed by now");
}

#[test]
fn an_account_of_the_same_name_is_not_taken_for_the_one_that_is_not_listed_yet() {
    // The reply is lost, and somebody else has asked for an account of this name in the meantime.
    let rule = Rule { operation: "CreateAccount".into(), nth: Some(2), kind: Kind::LostReply };
    let world = World::lagging(Settings { faults: vec![rule], ..Settings::default() }, ACCOUNTS, Duration::from_secs(55));
    let org = world.management();
    world.org("list_accounts", json!({})).unwrap();
    world.wait(async {
        let client = org.organizations().await.unwrap();
        client.create_account().account_name("dev").email("aws+other@example.com").send().await.unwrap();
    });
    world.wait(world.time.sleep(Duration::from_mins(1)));
    let account = world.org("create_account", dev()).unwrap();
    assert_eq!(account["email"], "aws+dev@example.com");
}

#[test]
fn a_request_that_aws_does_not_know_yet_is_not_given_up() {
    let unknown = Kind::Error { code: "CreateAccountStatusNotFoundException".into(), message: "No.".into(), status: 400 };
    let rule = |operation: &str, nth: u64, kind: &Kind| Rule { operation: operation.into(), nth: Some(nth), kind: kind.clone() };
    let broken = Kind::Error { code: "ThrottlingException".into(), message: "No.".into(), status: 400 };
    for known_after in [2, 40] {
        let mut faults: Vec<Rule> = (1..=known_after).map(|nth| rule("DescribeCreateAccountStatus", nth, &unknown)).collect();
        faults.push(rule("ListCreateAccountStatus", 400, &broken));
        let world = World::organized(Settings { faults, creation: Duration::from_mins(5), ..Settings::default() });
        let result = world.org("create_account", dev());
        assert_eq!(world.changes(), ["CreateAccount"], "{known_after}: {result:?}");
    }
}

#[test]
fn somebody_elses_role_under_our_name_is_made_to_fit() {
    let rule = Rule { operation: "CreateRole".into(), nth: Some(1), kind: Kind::DropRequest };
    let world = World::new(Settings { faults: vec![rule], ..Settings::default() });
    let own = world.management();
    let principal = format!("arn:aws:iam::{}:user/admin", own.account_id());
    let wanted = trusting("entry", &principal);
    let theirs = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": own.account_id()}, "Action": "sts:AssumeRole"}]});
    let made = world.beside(
        || world.org("create_role", wanted.clone()),
        Duration::from_secs(2),
        || {
            world.wait(async {
                let client = own.iam().await.unwrap();
                client.create_role().role_name("entry").assume_role_policy_document(theirs.to_string()).send().await.unwrap();
            });
        },
    );
    made.unwrap();
    assert!(world.changes().contains(&"UpdateAssumeRolePolicy".to_owned()));
    let again = world.play();
    again.org("create_role", wanted).unwrap();
    assert_eq!(again.changes(), [] as [&str; 0]);
}

#[test]
fn what_a_person_said_did_not_happen_is_looked_for_now() {
    let broken = Kind::Error { code: "ServiceException".into(), message: "No.".into(), status: 500 };
    let mut faults: Vec<Rule> =
        (1..=6).map(|nth| Rule { operation: "ListCreateAccountStatus".into(), nth: Some(nth), kind: broken.clone() }).collect();
    faults.push(Rule { operation: "CreateAccount".into(), nth: Some(1), kind: Kind::DropRequest });
    let world = World::organized(Settings { faults, ..Settings::default() });
    assert_eq!(question(world.org("create_account", dev())).code, "unanswered");
    world.resolve("dev", crate::step::Resolution::Retry);
    let again = world.resume();
    again.org("create_organizational_unit", json!({"name": "Workloads"})).unwrap();
    let org = again.management();
    again.wait(async {
        let client = org.organizations().await.unwrap();
        client.create_account().account_name("dev").email("aws+dev@example.com").send().await.unwrap();
    });
    again.wait(again.time.sleep(Duration::from_mins(1)));
    again.calls();
    again.org("create_account", dev()).unwrap();
    assert_eq!(again.changes(), [] as [&str; 0]);
}

#[test]
fn a_request_that_left_long_after_its_intent_has_the_whole_window_to_be_listed() {
    let rule = |nth: u64, kind: Kind| Rule { operation: "CreateAccount".into(), nth: Some(nth), kind };
    let mut faults: Vec<Rule> = (1..=9).map(|nth| rule(nth, Kind::Throttle)).collect();
    faults.push(rule(10, Kind::LostReply));
    let lists = &["ListAccounts", "ListCreateAccountStatus"];
    let world = World::lagging(Settings { faults, ..Settings::default() }, lists, Duration::from_secs(50));
    let began = world.time.now();
    world.org("create_account", dev()).unwrap();
    assert_eq!(world.changes(), ["CreateAccount"; 10]);
    assert!(world.time.now().duration_since(began).as_secs() > 120, "it left a minute after its intent at least");
}

#[test]
fn what_aws_has_taken_is_not_sent_again_while_it_is_not_shown() {
    let world = World::lagging(Settings::default(), &["ListAccountAliases"], Duration::from_secs(5));
    let own = world.management();
    world.on(&own, "set_account_alias", json!({"alias": "example-dev"})).unwrap();
    assert_eq!(world.changes(), ["CreateAccountAlias"]);
    // A value that AWS never shows: it is sent once, and the step does not end well.
    let world = World::lagging(Settings::default(), &["ListAccountAliases"], Duration::from_hours(1));
    let failure = question(world.on(&world.management(), "set_account_alias", json!({"alias": "example-dev"})));
    assert_eq!((failure.code.as_str(), world.changes()), ("still-differs", vec!["CreateAccountAlias".to_owned()]));
}

#[test]
fn an_alias_of_a_first_delivery_is_ours() {
    let rule = Rule { operation: "CreateAccountAlias".into(), nth: Some(1), kind: Kind::Duplicate };
    let world = World::organized(Settings { faults: vec![rule], ..Settings::default() });
    world.on(&world.management(), "set_account_alias", json!({"alias": "example-dev"})).unwrap();
}

#[test]
fn what_aws_says_is_there_is_looked_for_as_long_as_iam_may_lag() {
    let rule = Rule { operation: "CreateRole".into(), nth: Some(1), kind: Kind::Duplicate };
    let settings = || Settings { faults: vec![rule.clone()], ..Settings::default() };
    let details = &["GetAccountAuthorizationDetails"];
    let entry = |world: &World| trusting("entry", world.management().account_id());
    let world = World::lagging(settings(), details, Duration::from_secs(110));
    world.org("create_role", entry(&world)).unwrap();
    assert!(world.waits().iter().any(|wait| wait.starts_with("EntityAlreadyExists")), "{:?}", world.waits());
    // Not for ever.
    let world = World::lagging(settings(), details, Duration::from_mins(4));
    let began = world.time.now();
    assert_eq!(code(world.org("create_role", entry(&world))), "EntityAlreadyExists");
    let waited = world.time.now().duration_since(began).as_secs();
    assert!((120..130).contains(&waited), "{waited} s");
}

#[test]
fn what_was_made_is_looked_for_as_long_as_a_list_may_lag() {
    let rule = Rule { operation: "CreateAccount".into(), nth: Some(1), kind: Kind::LostReply };
    for (lag, is_made) in [(50, true), (200, false)] {
        let settings = Settings { faults: vec![rule.clone()], ..Settings::default() };
        let world = World::lagging(settings, &["ListParents"], Duration::from_secs(lag));
        let unit = unit(&world);
        let made = world.org("create_account", json!({"name": "dev", "email": "aws+dev@example.com", "ou": unit}));
        assert_eq!(made.is_ok(), is_made, "{lag}: {made:?}");
        if !is_made {
            assert_eq!(question(made).code, "still-differs");
        }
    }
}
