//! One process: sharing, conflicts, retries, questions, stops.

use super::toy::{Process, key, place};
use crate::error::Kind;
use crate::event::{Event, Status};
use crate::step::{Failure, FailureClass, RunStatus, StepError};
use crate::time::Stop;
use serde_json::json;
use std::time::Duration;

type Work<'a> = Box<dyn FnOnce() -> Result<(), StepError> + Send + 'a>;

fn failure(class: FailureClass) -> Failure {
    Failure::new(class, "Some", "words").hint("do this")
}

#[test]
fn the_same_step_twice_is_performed_once_even_side_by_side() {
    let process = Process::first(1);
    let engine = process.play();
    let one = || -> Work<'_> { Box::new(|| process.account(&engine, "dev").map(drop)) };
    process.side_by_side(vec![one(), one(), one()]).expect("all three");
    assert_eq!(process.account(&engine, "dev").expect("again"), json!({"name": "dev", "email": "dev@x.org"}));
    assert_eq!(process.toy.world().calls, ["CreateAccount dev"]);
    let recap = engine.finish(None).expect("recap");
    assert_eq!((recap.total.ok, recap.total.changed), (1, 1));
}

#[test]
fn the_same_key_with_other_input_names_both_lines() {
    let process = Process::first(1);
    let engine = process.play();
    process.role(&engine, "r", "one").expect("first");
    let error = process.call(&engine, 8, "create_role", "r", json!({"text": "two"})).expect_err("second");
    assert_eq!(error, StepError::Conflict { key: key("create_role", "r"), first: place(2), second: place(8) });
    assert!(error.to_string().contains("at toy.rhai:2:1 and at toy.rhai:8:1"), "{error}");
    assert_eq!(process.toy.world().roles["r"], "one");
}

#[test]
fn what_is_there_is_left_alone_and_what_differs_is_changed() {
    let process = Process::first(1);
    process.toy.world().roles.extend([("same".into(), "text".into()), ("other".into(), "old".into())]);
    let engine = process.play();
    process.role(&engine, "same", "text").expect("same");
    process.role(&engine, "other", "text").expect("other");
    assert_eq!(process.statuses(), [("create_role same".into(), Status::Ok), ("create_role other".into(), Status::Changed)]);
    assert_eq!(process.toy.world().calls, ["PutText other"]);
}

#[test]
fn throttles_and_waits_are_sat_out_in_virtual_time() {
    let process = Process::first(1);
    let busy = failure(FailureClass::RetryAfter(Duration::from_mins(1)));
    let throttled = failure(FailureClass::Retry { throttled: true });
    process.toy.world().answers =
        [vec![busy; 10], vec![throttled; 11], vec![failure(FailureClass::Retry { throttled: false }); 5]].concat();
    let engine = process.play();
    process.role(&engine, "r", "text").expect("at last");
    assert!(process.time.now().duration_since(place_zero()).as_secs() > 600);
    let run = process.journal.find(None).expect("run");
    let entries = process.journal.entries(&run.id).expect("entries");
    assert_eq!(entries.iter().filter(|record| record.entry.kind() == "intent").count(), 2, "one intent covers harmless attempts");
}

fn place_zero() -> jiff::Timestamp {
    crate::time::Time::simulated(0).now()
}

#[test]
fn no_answer_good_enough_pauses_the_step_and_the_rest_goes_on() {
    let process = Process::first(1);
    process.toy.world().answers = vec![failure(FailureClass::Retry { throttled: false }); 6];
    let engine = process.play();
    let error = process.role(&engine, "r", "text").expect_err("paused");
    let StepError::Paused { failure, .. } = &error else { panic!("{error:?}") };
    assert!(
        failure.message.starts_with("words (tried 6 times, ") && failure.message.ends_with(" of waiting between)"),
        "{}",
        failure.message
    );
    assert_eq!(failure.hints, ["do this".to_owned(), format!("try again later, then: runner resume {}", engine.run())]);
    process.role(&engine, "s", "text").expect("another step");
    let recap = engine.finish(Some(Kind::Paused)).expect("recap");
    assert_eq!((recap.status, recap.total.paused, recap.total.changed), (RunStatus::Paused, 1, 1));
}

#[test]
fn a_definite_no_is_a_failure_and_may_be_caught() {
    for caught in [true, false] {
        let process = Process::first(1);
        process.toy.world().answers = vec![failure(FailureClass::Fatal)];
        let engine = process.play();
        let error = process.role(&engine, "r", "text").expect_err("fatal");
        assert!(matches!(&error, StepError::Failed { failure, .. } if failure.code == "Some"), "{error:?}");
        if caught {
            engine.caught(&key("create_role", "r")).expect("written");
        }
        let recap = engine.finish(None).expect("recap");
        assert_eq!(recap.status, if caught { RunStatus::Done } else { RunStatus::Failed });
        assert_eq!((recap.total.failed, recap.total.caught), if caught { (0, 1) } else { (1, 0) });
    }
}

#[test]
fn a_person_is_asked_before_something_is_taken_away() {
    for answer in [true, false] {
        let process = Process { answer, ..Process::first(1) };
        process.toy.world().roles.insert("old".into(), "text".into());
        let engine = process.play();
        let result = process.call(&engine, 3, "create_role", "old", json!({"remove": true}));
        assert_eq!(result.is_ok(), answer);
        assert_eq!(process.toy.world().roles.is_empty(), answer);
        if let Err(error) = result {
            assert!(error.to_string().contains("`create_role old` in `main` takes something away: DeleteRole"), "{error}");
        }
    }
}

#[test]
fn a_lookup_that_aws_never_answers_has_a_code_of_its_own() {
    let process = Process::first(1);
    process.toy.world().lose_reply.insert(0);
    process.toy.world().blind = Some(failure(FailureClass::Unknown));
    let engine = process.play();
    let error = process.account(&engine, "dev").expect_err("undecided");
    assert!(matches!(&error, StepError::Paused { failure, .. } if failure.code == "unanswered"), "{error:?}");
}

#[test]
fn an_undecided_change_stays_open_until_somebody_knows() {
    let process = Process::first(1);
    process.toy.world().lose_reply.insert(0);
    process.toy.world().blind = Some(failure(FailureClass::NeedsYou));
    let engine = process.play();
    let error = process.account(&engine, "dev").expect_err("undecided");
    let StepError::Paused { failure, .. } = &error else { panic!("{error:?}") };
    assert_eq!(failure.code, "unsettled");
    assert_eq!(failure.message, "it is not known whether CreateAccount of `create_account dev` took effect (Some: words)");
    let run = engine.run();
    assert_eq!(
        failure.hints,
        [
            "do this".to_owned(),
            format!("when AWS can be asked, then: runner resume {run}"),
            format!("it did, and you know the id of what it made: runner resolve {run}, then: runner resume {run}"),
            format!("you are sure that it did not: runner resolve {run}, then: runner resume {run}"),
        ]
    );
    assert_eq!(engine.finish(Some(Kind::Paused)).expect("recap").status, RunStatus::Paused);
    assert_eq!(process.toy.world().accounts.len(), 1);

    // Still undecided: said again, and nothing is sent, reached or not.
    let again = process.next(2);
    let engine = again.resume().expect("resume");
    assert_eq!(again.statuses(), [("create_account dev".into(), Status::Paused)]);
    assert_eq!(again.account(&engine, "dev").expect_err("still"), error);
    assert_eq!(engine.finish(None).expect("recap").total.paused, 1);

    again.toy.world().blind = None;
    let last = again.next(3);
    let engine = last.resume().expect("resume");
    last.account(&engine, "dev").expect("found");
    assert_eq!(engine.finish(None).expect("recap").status, RunStatus::Done);
    assert_eq!(last.toy.world().calls, ["CreateAccount dev"]);
}

#[test]
fn draining_ends_waits_and_begins_nothing() {
    let process = Process::first(1);
    let engine = process.play();
    let account: Work<'_> = Box::new(|| process.account(&engine, "dev").map(drop));
    let interrupt: Work<'_> = Box::new(|| {
        process.time.block_on(process.time.sleep(Duration::from_secs(5)))?;
        engine.drain();
        process.role(&engine, "r", "text").map(drop)
    });
    let result = process.side_by_side(vec![account, interrupt]);
    assert_eq!(result, Err(StepError::Stopped(Stop::Cancel)));
    assert_eq!(process.toy.world().calls, ["CreateAccount dev"]);
    assert!(process.events.lock().expect("events").iter().any(|event| matches!(event, Event::Draining)));
    assert_eq!(engine.finish(Some(Kind::Interrupted)).expect("recap").status, RunStatus::Interrupted);
    let next = process.next(2);
    let engine = next.resume().expect("resume");
    next.account(&engine, "dev").expect("settled and found");
    assert_eq!(next.toy.world().calls, ["CreateAccount dev"]);
}

/// The disk is full while another branch waits with its intent written: nothing of it leaves any more.
#[test]
fn a_write_that_fails_stops_the_branches_that_wait() {
    let process = Process::first(1);
    process.toy.world().answers = vec![failure(FailureClass::RetryAfter(Duration::from_mins(1)))];
    let engine = process.play();
    let role: Work<'_> = Box::new(|| process.role(&engine, "r", "text").map(drop));
    let other: Work<'_> = Box::new(|| {
        process.time.block_on(process.time.sleep(Duration::from_secs(5)))?;
        process.journal.fill_up();
        while engine.log(&"x".repeat(500), &[]).is_ok() {}
        Ok(())
    });
    let result = process.side_by_side(vec![role, other]);
    assert!(matches!(result, Err(StepError::Journal(_))), "{result:?}");
    assert_eq!(process.toy.world().calls, [] as [&str; 0]);
}
