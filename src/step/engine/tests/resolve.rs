//! What a person decides about a change that no lookup can tell of.

use super::toy::{Process, key};
use crate::error::Kind;
use crate::event::Status;
use crate::step::{Engine, Failure, FailureClass, Resolution, RunStatus, StepError, resolve};

fn unsure() -> Failure {
    Failure::new(FailureClass::NeedsYou, "unsure", "who knows")
}

/// A run in which the request for `dev` got lost on its way (`arrived`: on its way back), nobody can say which, and `r` is done.
fn asked(arrived: bool) -> Process {
    let process = Process::first(1);
    if arrived {
        process.toy.world().lose_reply.insert(0)
    } else {
        process.toy.world().lose_request.insert(0)
    };
    process.toy.world().blind = Some(unsure());
    let engine = process.play();
    let error = process.account(&engine, "dev").expect_err("undecided");
    assert!(matches!(&error, StepError::Paused { failure, .. } if failure.code == "unsettled"), "{error:?}");
    process.role(&engine, "r", "text").expect("independent of it");
    assert_eq!(engine.finish(Some(Kind::Paused)).expect("recap").status, RunStatus::Paused);
    process
}

fn decide(process: &Process, step: &str, resolution: Resolution) -> Result<String, crate::error::Error> {
    let run = process.journal.find(None).expect("run").id;
    resolve(&process.journal, &process.time, &run, step, resolution).map(|key| key.to_string())
}

fn adopt(id: &str) -> Resolution {
    Resolution::Adopt { id: id.into() }
}

#[test]
fn it_did_not_happen_so_it_is_sent_again() {
    let process = asked(false).next(2);
    assert_eq!(decide(&process, "create_account dev", Resolution::Retry).expect("decided"), "1/create_account:dev");
    let engine = process.resume().expect("resume");
    process.account(&engine, "dev").expect("sent again");
    process.role(&engine, "r", "text").expect("replayed");
    assert_eq!(engine.finish(None).expect("recap").status, RunStatus::Done);
    assert_eq!(process.toy.world().calls, ["CreateRole r", "PutText r", "CreateAccount dev"]);
}

#[test]
fn it_did_not_happen_but_what_is_there_is_found() {
    let process = asked(true).next(2);
    decide(&process, "dev", Resolution::Retry).expect("decided");
    let engine = process.resume().expect("resume");
    process.account(&engine, "dev").expect("found");
    assert_eq!(process.toy.world().accounts.len(), 1);
    assert_eq!(process.statuses().last(), Some(&("create_account dev".into(), Status::Ok)));
}

#[test]
fn it_happened_and_is_taken_over_once_it_is_seen_to_fit() {
    let process = asked(true).next(2);
    decide(&process, "1/create_account:dev", adopt("prod")).expect("decided");
    let engine = process.resume().expect("resume");
    let error = process.account(&engine, "dev").expect_err("does not fit");
    assert!(error.to_string().contains("(other: `prod` is another one)"), "{error}");
    engine.finish(None).expect("recap");
    // The answer did not fit, so the question is open again.
    let next = process.next(3);
    assert_eq!(next.journal.view(engine.run()).expect("view").questions().count(), 1);
    decide(&next, "dev", adopt("dev")).expect("decided");
    let engine = next.resume().expect("resume");
    next.account(&engine, "dev").expect("taken over");
    assert_eq!(engine.finish(None).expect("recap").status, RunStatus::Done);
    assert_eq!(next.toy.world().calls.iter().filter(|call| call.starts_with("CreateAccount")).count(), 1);
}

#[test]
fn the_last_answer_counts_and_one_alone_changes_nothing() {
    let process = asked(false).next(2);
    decide(&process, "dev", adopt("dev")).expect("decided");
    decide(&process, "dev", Resolution::Retry).expect("decided otherwise");
    let run = process.journal.find(None).expect("run").id;
    let view = process.journal.view(&run).expect("view");
    let open = &view.steps[&key("create_account", "dev")].open[0];
    assert_eq!((open.resolution.as_ref(), view.status), (Some(&Resolution::Retry), RunStatus::Paused));
    let engine = process.resume().expect("resume");
    process.account(&engine, "dev").expect("sent again");
    assert_eq!(process.toy.world().accounts.len(), 1);
}

#[test]
fn a_fresh_play_goes_by_the_answer_too() {
    let process = asked(false).next(2);
    decide(&process, "dev", Resolution::Retry).expect("decided");
    let engine = Engine::play(process.ports(), super::toy::start(), true).expect("nothing is open any more");
    process.account(&engine, "dev").expect("made");
    assert_eq!(process.toy.world().accounts.len(), 1);
}

#[test]
fn only_a_step_with_a_question_can_be_answered() {
    let process = Process::first(1);
    process.toy.world().blind = Some(unsure());
    process.toy.world().lose_reply.extend([0, 1, 2]);
    let engine = process.play();
    for name in ["dev", "my-dev"] {
        process.account(&engine, name).expect_err("undecided");
    }
    process.role(&engine, "odd", "text").expect_err("undecided");
    process.toy.world().blind = None;
    process.role(&engine, "r", "text").expect("r");
    engine.finish(Some(Kind::Paused)).expect("recap");
    let code = |step: &str, resolution| decide(&process, step, resolution).expect_err(step).code;
    assert_eq!(code("r", Resolution::Retry), "no-question");
    assert_eq!(code("nobody", Resolution::Retry), "unknown-step");
    assert_eq!(code("", Resolution::Retry), "unknown-step");
    assert_eq!(code("odd", adopt("odd")), "not-adoptable");
    let error = decide(&process, "dev", Resolution::Retry).expect_err("two end so");
    assert_eq!((&*error.code, error.causes), ("ambiguous-step", vec!["1/create_account:dev".into(), "1/create_account:my-dev".into()]));
    decide(&process, "create_account dev", Resolution::Retry).expect("its label is its own");
    assert_eq!(code("nobody", Resolution::Retry), "unknown-step");
    // Over: nothing to decide.
    Engine::play(process.next(2).ports(), super::toy::start(), true).expect("settled");
    let over = resolve(&process.journal, &process.time, engine.run(), "dev", Resolution::Retry).expect_err("over");
    assert_eq!(over.code, "run-over");
}
