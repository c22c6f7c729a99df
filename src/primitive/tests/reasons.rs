//! Every reason for which AWS makes no account: how the run ends, what is said, and that a resume completes it once the cause is gone.

use super::world::{World, question};
use crate::error::Kind as Ends;
use crate::sandbox::Settings;
use crate::sandbox::faults::{Kind, Rule};
use crate::step::{Resolution, RunStatus, StepError};
use aws_sdk_organizations::types::CreateAccountFailureReason;
use serde_json::{Value, json};
use std::time::Duration;

fn dev() -> Value {
    json!({"name": "dev", "email": "aws+dev@example.com"})
}

/// A world in which the first so many requests for an account meet this.
fn meets(kind: &Kind, times: u64) -> World {
    let faults = (1..=times).map(|nth| Rule { operation: "CreateAccount".into(), nth: Some(nth), kind: kind.clone() }).collect();
    World::organized(Settings { faults, ..Settings::default() })
}

/// How the run ended: status, exit code, and the error as people meet it.
fn ended(world: &World, error: &StepError) -> (RunStatus, u8, String) {
    let error = error.to_error();
    let recap = world.engine.finish(Some(error.kind)).unwrap();
    (recap.status, error.kind.exit_code(), format!("{error:?}"))
}

fn members(world: &World) -> usize {
    world.sandbox.estate().accounts.len()
}

/// A resume makes what is missing, and one account only.
fn completes(world: &World) {
    let again = world.resume();
    again.org("create_account", dev()).unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(again.engine.finish(None).unwrap().status, RunStatus::Done);
    assert_eq!(members(world), 2);
}

#[test]
fn all_fifteen_reasons_end_as_they_should_and_are_resumed() {
    // Reason, how often it has to be met to end the run, how it ends, its code, and what the user is told to do.
    let (paused, failed) = ((RunStatus::Paused, Ends::Paused), (RunStatus::Failed, Ends::Failed));
    let rows = [
        ("ACCOUNT_LIMIT_EXCEEDED", 1, paused, "account-limit", "ask for a higher quota"),
        ("CONCURRENT_ACCOUNT_MODIFICATION", 6, paused, "concurrent-account-modification", "the account will be looked for"),
        ("EMAIL_ALREADY_EXISTS", 1, paused, "email-taken", "another address: change"),
        ("FAILED_BUSINESS_VALIDATION", 1, paused, "business-validation", "settle it with AWS Support"),
        ("GOVCLOUD_ACCOUNT_ALREADY_EXISTS", 1, failed, "govcloud-account-exists", "another address: change"),
        ("INTERNAL_FAILURE", 6, paused, "internal-failure", "ask AWS Support"),
        ("INVALID_ADDRESS", 1, paused, "invalid-address", "Billing console"),
        ("INVALID_EMAIL", 1, failed, "invalid-email", "another address: change"),
        ("INVALID_IDENTITY_FOR_BUSINESS_VALIDATION", 1, paused, "business-validation", "console of the management account"),
        ("INVALID_PAYMENT_INSTRUMENT", 1, paused, "payment-instrument", "Billing console"),
        ("MISSING_BUSINESS_VALIDATION", 1, paused, "business-validation", "console of the management account"),
        ("MISSING_PAYMENT_INSTRUMENT", 1, paused, "payment-instrument", "Billing console"),
        ("PENDING_BUSINESS_VALIDATION", 1, paused, "business-validation", "wait until AWS has finished it"),
        ("UNKNOWN_BUSINESS_VALIDATION", 1, paused, "business-validation", "ask AWS Support"),
        // The second is without the step's tag.
        ("UPDATE_EXISTING_RESOURCE_POLICY_WITH_TAGS_NOT_SUPPORTED", 2, failed, "tags-not-supported", "delegation policy"),
    ];
    let listed: Vec<&str> = rows.iter().map(|row| row.0).collect();
    let mut known = CreateAccountFailureReason::values().to_vec();
    known.sort_unstable();
    assert_eq!(listed, known);
    for (reason, times, (status, kind), code, way) in rows {
        let world = meets(&Kind::CreateAccountFailure { reason: reason.into() }, times);
        let error = world.org("create_account", dev()).expect_err(reason);
        let (StepError::Paused { failure, .. } | StepError::Failed { failure, .. }) = &error else { panic!("{reason}: {error:?}") };
        assert_eq!(failure.code, code, "{reason}");
        let (ends, exit_code, told) = ended(&world, &error);
        assert_eq!((ends, exit_code), (status, kind.exit_code()), "{reason}: {told}");
        assert!(told.contains(way) && told.contains("runner resume"), "{reason}: {told}");
        assert!(told.contains(reason) || reason == "ACCOUNT_LIMIT_EXCEEDED", "{reason}: {told}");
        assert_eq!(members(&world), 1, "{reason}");
        completes(&world);
    }
}

#[test]
fn a_reason_that_passes_is_tried_again_by_the_run_itself() {
    for reason in ["INTERNAL_FAILURE", "CONCURRENT_ACCOUNT_MODIFICATION"] {
        let world = meets(&Kind::CreateAccountFailure { reason: reason.into() }, 3);
        let began = world.time.now();
        world.org("create_account", dev()).unwrap();
        assert_eq!(world.changes(), ["CreateAccount"; 4], "{reason}");
        // AWS decides in minutes: 30 s, 1 min and 2 min.
        let waited = world.time.now().duration_since(began).as_secs();
        assert!((210..240).contains(&waited), "{reason}: {waited} s");
        assert_eq!(members(&world), 2);
    }
}

#[test]
fn the_reasons_for_which_a_request_is_not_taken_end_as_they_should_and_are_resumed() {
    let (paused, failed) = ((RunStatus::Paused, Ends::Paused), (RunStatus::Failed, Ends::Failed));
    let rows = [
        ("ACCOUNT_NUMBER_LIMIT_EXCEEDED", 1, paused, "ask for a higher quota"),
        ("ACCOUNT_CREATION_NOT_COMPLETE", 1, paused, "sign-up of the management account"),
        ("MASTER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED", 1, paused, "Billing console"),
        ("INVALID_PAYMENT_INSTRUMENT", 1, paused, "Billing console"),
        ("MASTER_ACCOUNT_MISSING_CONTACT_INFO", 1, paused, "postal address"),
        ("MAX_TAG_LIMIT_EXCEEDED", 1, failed, "at most 50 tags: change"),
        // The second is without the step's tag.
        ("TAG_POLICY_VIOLATION", 2, failed, "tag policy allows: change"),
        ("A_NEW_REASON", 1, failed, "A_NEW_REASON"),
    ];
    for (reason, times, (status, kind), way) in rows {
        let world = meets(&Kind::Constraint { reason: reason.into() }, times);
        let error = world.org("create_account", dev()).expect_err(reason);
        let (ends, exit_code, told) = ended(&world, &error);
        assert_eq!((ends, exit_code), (status, kind.exit_code()), "{reason}: {told}");
        assert!(told.contains(way), "{reason}: {told}");
        assert_eq!(members(&world), 1, "{reason}");
        completes(&world);
    }
    // Five are being made already: waited for.
    let world = meets(&Kind::Constraint { reason: "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED".into() }, 30);
    world.org("create_account", dev()).unwrap();
    assert_eq!(members(&world), 2);
}

#[test]
fn a_quota_met_on_the_way_leaves_what_is_made_and_the_resume_makes_the_rest() {
    let rule = Rule {
        operation: "CreateAccount".into(),
        nth: Some(3),
        kind: Kind::CreateAccountFailure { reason: "ACCOUNT_LIMIT_EXCEEDED".into() },
    };
    let world = World::organized(Settings { faults: vec![rule], ..Settings::default() });
    let make = |world: &World, number: usize| {
        world.org("create_account", json!({"name": format!("a{number}"), "email": format!("aws+a{number}@example.com")}))
    };
    for number in 1..=2 {
        make(&world, number).unwrap();
    }
    let failure = question(make(&world, 3));
    assert!(failure.message.contains("which has 3 (closed ones count)"), "{}", failure.message);
    world.engine.finish(Some(Ends::Paused)).unwrap();
    let again = world.resume();
    for number in 1..=4 {
        make(&again, number).unwrap();
    }
    assert_eq!(again.changes(), ["CreateAccount"; 2]);
    assert_eq!(members(&world), 5);
}

#[test]
fn a_creation_that_is_never_decided_is_followed_and_not_asked_for_again() {
    let world = World::organized(Settings { creation: Duration::from_mins(50), ..Settings::default() });
    let failure = question(world.org("create_account", dev()));
    assert_eq!(failure.code, "creation-under-way");
    let request = failure.message.split(' ').find(|word| word.starts_with("car-")).expect("the request's id").to_owned();
    assert_eq!(world.changes(), ["CreateAccount"]);
    world.engine.finish(Some(Ends::Paused)).unwrap();
    // Sixteen minutes each; the fourth process sees it decided.
    let mut process = world.resume();
    for _ in 0..2 {
        let failure = question(process.org("create_account", dev()));
        assert!(failure.message.contains(&request), "{}", failure.message);
        assert_eq!(process.changes(), [] as [&str; 0]);
        process = process.resume();
    }
    process.org("create_account", dev()).unwrap();
    assert_eq!(process.changes(), [] as [&str; 0]);
    assert_eq!(members(&world), 2);
}

#[test]
fn a_request_is_followed_by_its_handle_where_no_list_of_requests_is_to_be_had() {
    let denied = Kind::Error { code: "AccessDeniedException".into(), message: "No.".into(), status: 400 };
    let rule = Rule { operation: "ListCreateAccountStatus".into(), nth: None, kind: denied };
    let world = World::organized(Settings { creation: Duration::from_mins(20), faults: vec![rule], ..Settings::default() });
    assert_eq!(question(world.org("create_account", dev())).code, "creation-under-way");
    world.engine.finish(Some(Ends::Paused)).unwrap();
    let process = world.resume();
    process.org("create_account", dev()).unwrap();
    assert_eq!(process.changes(), [] as [&str; 0]);
}

#[test]
fn a_dead_request_is_given_up_by_a_person_only() {
    let world = World::organized(Settings { creation: Duration::from_hours(90), ..Settings::default() });
    let failure = question(world.org("create_account", dev()));
    assert!(failure.hints.iter().any(|hint| hint.contains("this request is dead: runner resolve")), "{:?}", failure.hints);
    world.resolve("dev", Resolution::Retry);
    let again = world.resume();
    // AWS still has it, and says so: the new request is refused, and the old one waited for.
    let failure = question(again.org("create_account", dev()));
    assert_eq!(failure.code, "creation-under-way");
    assert_eq!(again.changes(), ["CreateAccount"]);
}

#[test]
fn a_corrected_address_waits_for_the_old_request() {
    let edited = || json!({"name": "dev", "email": "aws+new@example.com"});
    let world = World::organized(Settings { creation: Duration::from_mins(25), ..Settings::default() });
    question(world.org("create_account", dev()));
    world.engine.finish(Some(Ends::Paused)).unwrap();
    // The old one is decided while the resume follows it: it has made an account, which the edit does not ask for.
    let again = world.resume();
    let failure = question(again.org("create_account", edited()));
    assert_eq!(failure.code, "created-before");
    for said in [r#"email: "aws+dev@example.com" -> "aws+new@example.com""#, "is named `dev` already"] {
        assert!(failure.message.contains(said), "{said}: {}", failure.message);
    }
    assert!(failure.hints.iter().any(|hint| hint.starts_with("put the arguments back: change")), "{:?}", failure.hints);
    assert_eq!(again.changes(), [] as [&str; 0]);
    again.engine.finish(Some(Ends::Paused)).unwrap();
    let last = again.resume();
    last.org("create_account", dev()).unwrap();
    assert_eq!(members(&world), 2);

    // Not decided by then: the new one is not sent.
    let world = World::organized(Settings { creation: Duration::from_hours(2), ..Settings::default() });
    question(world.org("create_account", dev()));
    let again = world.resume();
    let failure = question(again.org("create_account", edited()));
    assert!(failure.message.contains("creation-under-way") && failure.message.contains("car-"), "{}", failure.message);
    assert_eq!(again.changes(), [] as [&str; 0]);
}

#[test]
fn an_earlier_refusal_of_the_name_says_nothing_of_a_request_that_got_lost() {
    let rule = |nth: u64, kind: Kind| Rule { operation: "CreateAccount".into(), nth: Some(nth), kind };
    let refused = Kind::CreateAccountFailure { reason: "INVALID_EMAIL".into() };
    let world = World::organized(Settings { faults: vec![rule(1, refused), rule(2, Kind::DropRequest)], ..Settings::default() });
    assert!(matches!(world.org("create_account", dev()), Err(StepError::Failed { .. })));
    world.engine.finish(Some(Ends::Failed)).unwrap();
    let again = world.resume();
    again.org("create_account", json!({"name": "dev", "email": "aws+new@example.com"})).unwrap();
    assert_eq!(members(&world), 2);
}
