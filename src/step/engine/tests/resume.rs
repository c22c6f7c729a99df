//! The next process: replay, edited playbooks, runs that stand in the way.

use super::toy::{Process, key, start};
use crate::error::Kind;
use crate::event::{Event, Status};
use crate::step::{Answers, Engine, Failure, FailureClass, Only, RunStart, RunStatus, StepError};
use serde_json::json;
use std::time::Duration;

/// A run in which `dev` and `r` are done and `bad` failed.
fn failed() -> Process {
    let process = Process::first(1);
    let engine = process.play();
    process.account(&engine, "dev").expect("dev");
    process.role(&engine, "r", "text").expect("r");
    process.call(&engine, 3, "list_accounts", "", json!({})).expect("read");
    process.toy.world().answers = vec![Failure::fatal("No", "no")];
    process.role(&engine, "bad", "text").expect_err("bad");
    engine.finish(Some(Kind::Failed)).expect("recap");
    process
}

#[test]
fn what_is_done_is_replayed_without_a_call_and_failures_are_not() {
    let process = failed().next(2);
    let engine = process.resume().expect("resume");
    let seen = || {
        let world = process.toy.world();
        (world.looks, world.calls.len())
    };
    let before = seen();
    process.toy.world().accounts.clear();
    assert_eq!(process.account(&engine, "dev").expect("dev"), json!({"name": "dev", "email": "dev@x.org"}));
    process.role(&engine, "r", "text").expect("r");
    assert_eq!(process.call(&engine, 3, "list_accounts", "", json!({})).expect("read"), json!(1), "as it was read before");
    assert_eq!(seen(), before);
    assert_eq!(process.call(&engine, 4, "list_accounts", "", json!({})).expect("read"), json!(0), "the second occurrence is new");
    process.role(&engine, "bad", "text").expect("bad works now");
    let recap = engine.finish(None).expect("recap");
    assert_eq!((recap.total.ok, recap.total.replayed, recap.total.changed), (3, 2, 1));
    assert_eq!(recap.status, RunStatus::Done);
}

#[test]
fn keys_that_are_not_reached_again_are_listed() {
    let process = failed().next(2);
    let engine = process.resume().expect("resume");
    process.role(&engine, "r", "text").expect("r");
    engine.finish(None).expect("recap");
    let events = process.events.lock().expect("events");
    let keys = events.iter().find_map(|event| match event {
        Event::NoLongerReached { keys } => Some(keys.clone()),
        _ => None,
    });
    assert_eq!(keys, Some(vec!["1/create_account:dev".to_owned()]));
}

#[test]
fn an_edited_step_that_converges_is_shown_and_applied() {
    let process = failed().next(2);
    let engine = process.resume().expect("resume");
    process.role(&engine, "r", "new text").expect("r");
    assert_eq!(process.toy.world().roles["r"], "new text");
    assert_eq!(process.statuses(), [("create_role r".into(), Status::Changed)]);
    let events = process.events.lock().expect("events");
    let difference = r#"create_role r differs from what this run did before: text: "text" -> "new text""#;
    assert!(events.iter().any(|event| matches!(event, Event::Log { text, .. } if text == difference)), "{events:?}");
}

#[test]
fn an_edited_creation_is_asked_about() {
    for answer in [false, true] {
        let process = Process { answer, ..failed().next(2) };
        let engine = process.resume().expect("resume");
        let result = process.call(&engine, 5, "create_account", "dev", json!({"email": "other@x.org"}));
        assert_eq!(process.toy.world().accounts.len(), if answer { 2 } else { 1 });
        if let Err(error) = result {
            let text = error.to_string();
            assert!(text.contains(r#"another one would be created (email: "dev@x.org" -> "other@x.org")"#), "{text}");
        }
    }
}

#[test]
fn an_edited_creation_that_was_answered_for_up_front_is_not_asked_about_again() {
    for yes in [false, true] {
        // Whoever asks again gets the opposite.
        let answers = Answers::from([(key("create_account", "dev"), yes)]);
        let process = Process { answer: !yes, answers, ..failed().next(2) };
        let engine = process.resume().expect("resume");
        let looks = process.toy.world().looks;
        let result = process.call(&engine, 5, "create_account", "dev", json!({"email": "other@x.org"}));
        assert_eq!((process.toy.world().accounts.len(), result.is_ok()), if yes { (2, true) } else { (1, false) });
        if let Err(StepError::Paused { failure, .. }) = result {
            assert_eq!((failure.code.as_str(), process.toy.world().looks), ("created-before", looks), "{failure:?}");
        }
        // What was made as it is wanted is nobody's question.
        process.account(&engine, "prod").expect("prod");
    }
}

#[test]
fn what_changed_something_and_is_not_reached_again_is_listed_though_it_failed() {
    let process = Process::first(1);
    let engine = process.play();
    // CreateRole takes effect, PutText is refused.
    process.toy.world().refuse.insert(1);
    process.role(&engine, "half", "text").expect_err("half");
    engine.finish(Some(Kind::Failed)).expect("recap");
    let next = process.next(2);
    next.resume().expect("resume").finish(None).expect("recap");
    let events = next.events.lock().expect("events");
    let keys = events.iter().find_map(|event| if let Event::NoLongerReached { keys } = event { Some(keys.clone()) } else { None });
    assert_eq!(keys, Some(vec!["1/create_role:half".to_owned()]));
}

#[test]
fn a_refused_creation_with_other_arguments_is_a_new_request() {
    let process = Process::first(1);
    let engine = process.play();
    process.toy.world().answers = vec![Failure::fatal("EMAIL_ALREADY_EXISTS", "taken")];
    process.account(&engine, "dev").expect_err("taken");
    engine.finish(Some(Kind::Failed)).expect("recap");
    let next = process.next(2);
    let engine = next.resume().expect("resume");
    next.call(&engine, 5, "create_account", "dev", json!({"email": "free@x.org"})).expect("created");
    assert_eq!(next.toy.world().accounts.len(), 1);
}

#[test]
fn a_lagging_list_after_a_crash_makes_no_second_account() {
    for event in 0..8 {
        let first = Process::first(1);
        first.time.crash_at(event);
        if let Ok(engine) = Engine::play(first.ports(), start(), false) {
            let _ = first.account(&engine, "dev");
        }
        let second = first.next(2);
        second.toy.world().lag = Duration::from_secs(100);
        let engine = second.resume().expect("resume");
        second
            .account(&engine, "dev")
            .map(drop)
            .or_else(|error| {
                // Created in this very process: the toy's output then is what the lagging list does not show.
                if matches!(error, StepError::Failed { .. }) { Err(error) } else { Ok(()) }
            })
            .expect("found or created");
        assert_eq!(second.toy.world().accounts.len(), 1, "crash at {event}");
    }
}

#[test]
fn an_open_change_is_settled_even_if_the_script_no_longer_reaches_it() {
    let process = Process::first(1);
    process.time.crash_at(2);
    let engine = process.play();
    process.account(&engine, "dev").expect_err("crash");
    let next = process.next(2);
    let engine = next.resume().expect("resume");
    let view = next.journal.view(engine.run()).expect("view");
    assert!(view.steps[&key("create_account", "dev")].open.is_empty());
    assert_eq!(engine.finish(None).expect("recap").status, RunStatus::Done);
}

#[test]
fn a_run_that_may_have_changed_something_stands_in_the_way() {
    let process = failed();
    let earlier = process.journal.find(None).expect("run").id;
    let next = process.next(2);
    let error = Engine::play(next.ports(), start(), false).map(drop).expect_err("refused");
    assert_eq!((error.kind, &*error.code), (Kind::Paused, "unfinished-run"));
    assert_eq!(error.hints[0], format!("continue it: runner resume {earlier}"));
    let engine = Engine::play(next.ports(), start(), true).expect("fresh");
    next.account(&engine, "dev").expect("looked at");
    assert_eq!(next.statuses(), [("create_account dev".into(), Status::Ok)], "a fresh play never reads earlier outcomes");
    engine.finish(None).expect("recap");
    let after = next.next(3);
    let over = Engine::resume(after.ports(), &earlier, start(), Answers::new()).map(drop).expect_err("over");
    assert_eq!(over.code, "run-over");
    Engine::play(after.ports(), start(), false).expect("nothing stands in the way any more");
}

#[test]
fn a_run_that_sent_nothing_does_not() {
    let process = Process::first(1);
    let first = process.play();
    first.finish(Some(Kind::Failed)).expect("recap");
    // Nor does one that died: `resume` then goes on with the last run that may have done something.
    Engine::play(process.next(2).ports(), start(), false).expect("play");
    let third = Engine::play(process.next(3).ports(), start(), false).expect("play");
    let unfinished: Vec<_> = process.journal.runs().expect("runs").into_iter().filter(|run| run.status != RunStatus::Superseded).collect();
    assert_eq!(unfinished.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), [third.run()]);
}

#[test]
fn fresh_settles_creations_first() {
    let process = Process::first(1);
    process.toy.world().lose_reply.insert(0);
    process.toy.world().blind = Some(Failure::new(FailureClass::NeedsYou, "unsure", "who knows"));
    let engine = process.play();
    process.account(&engine, "dev").expect_err("undecided");
    engine.finish(Some(Kind::Paused)).expect("recap");
    let next = process.next(2);
    let error = Engine::play(next.ports(), start(), true).map(drop).expect_err("might do harm");
    assert_eq!((error.kind, &*error.code), (Kind::Paused, "unsettled"));
    next.toy.world().blind = None;
    let engine = Engine::play(next.ports(), start(), true).expect("settled");
    next.account(&engine, "dev").expect("found");
    assert_eq!(next.toy.world().accounts.len(), 1);
}

#[test]
fn a_run_from_another_account_is_neither_resumed_nor_superseded() {
    let process = failed().next(2);
    let elsewhere = || RunStart { account: "2".into(), ..start() };
    let run = process.journal.find(None).expect("run").id;
    for refused in [Engine::resume(process.ports(), &run, elsewhere(), Answers::new()), Engine::play(process.ports(), elsewhere(), true)] {
        let error = refused.err().expect("refused");
        assert_eq!((error.kind, &*error.code), (Kind::Credentials, "wrong-account"));
    }
    process.resume().expect("its own account goes on");
}

/// A run in which `r` is done, `bad` failed and `odd` is paused.
fn of_both_kinds() -> Process {
    let process = Process::first(1);
    let engine = process.play();
    process.role(&engine, "r", "text").expect("r");
    process.toy.world().answers = vec![Failure::needs_you("Odd", "odd"), Failure::fatal("No", "no")];
    process.role(&engine, "bad", "text").expect_err("bad");
    process.role(&engine, "odd", "text").expect_err("odd");
    engine.finish(None).expect("recap");
    process
}

#[test]
fn only_one_kind_is_tried_again_and_the_other_ends_as_before_without_a_call() {
    for (only, tried, held) in [(Only::Failed, "bad", "odd"), (Only::Paused, "odd", "bad")] {
        let process = of_both_kinds().next(2);
        let engine = process.resume_only(Some(only)).expect("resume");
        let before = process.toy.world().looks;
        let error = process.role(&engine, held, "text").expect_err("held");
        match only {
            Only::Failed => assert!(matches!(&error, StepError::Paused { failure, .. } if failure.message.contains("odd")), "{error:?}"),
            Only::Paused => assert!(matches!(&error, StepError::Failed { failure, .. } if failure.code == "No"), "{error:?}"),
        }
        process.role(&engine, "r", "text").expect("r");
        assert_eq!(process.toy.world().looks, before, "nothing was looked at");
        process.role(&engine, tried, "text").expect("tried again");
        process.role(&engine, "new", "text").expect("new");
        let recap = engine.finish(None).expect("recap");
        assert_eq!((recap.total.replayed, recap.total.changed, recap.total.failed + recap.total.paused), (1, 2, 1));
        // What was held is tried by the next resume.
        let next = process.next(3);
        let engine = next.resume().expect("resume");
        next.role(&engine, held, "text").expect("no longer held");
    }
}

#[test]
fn a_selection_of_nothing_leaves_the_run_as_it_is() {
    let process = failed().next(2);
    let head = process.journal.head();
    let error = process.resume_only(Some(Only::Paused)).map(drop).expect_err("nothing is paused");
    assert_eq!((error.kind, &*error.code), (Kind::Usage, "nothing-selected"));
    assert_eq!(process.journal.head(), head);
}

#[test]
fn a_resume_begins_with_what_it_finds() {
    let process = of_both_kinds();
    let killed = process.next(2);
    killed.time.crash_at(2);
    killed.role(&killed.resume().expect("resume"), "open", "text").expect_err("killed");
    let next = killed.next(3);
    next.resume_only(Some(Only::Failed)).expect("resume");
    let events = next.events.lock().expect("events");
    let found = events.iter().find_map(|event| match event {
        Event::Found { finished, failed, paused, open, only, .. } => Some((*finished, *failed, *paused, *open, *only)),
        _ => None,
    });
    assert_eq!(found, Some((1, 1, 1, 1, Some(Status::Failed))));
}
