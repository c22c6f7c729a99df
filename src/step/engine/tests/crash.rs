use super::toy::{Process, crashed};
use crate::step::{Engine, RunStatus};
use std::collections::BTreeSet;

fn uninterrupted(seed: u64) -> Process {
    let process = Process::first(seed);
    let engine = process.play();
    process.script(&engine).expect("script");
    assert_eq!(engine.finish(None).expect("recap").status, RunStatus::Done);
    process
}

fn rows(process: &Process) -> u64 {
    let run = process.journal.find(None).expect("run");
    process.journal.entries(&run.id).expect("entries").len() as u64
}

/// Plays until the given event, where the process dies.
fn killed(seed: u64, event: u64) -> Process {
    let process = Process::first(seed);
    process.time.crash_at(event);
    if let Ok(engine) = Engine::play(process.ports(), super::toy::start(), false) {
        let result = process.script(&engine);
        // The script may have come through when the end of the run is what was not written.
        assert!(crashed(&result) || (result.is_ok() && engine.finish(None).is_err()), "{result:?}");
    }
    process
}

fn finished(process: &Process) {
    let engine = process.resume().expect("resume");
    process.script(&engine).expect("script");
    let recap = engine.finish(None).expect("recap");
    assert_eq!(recap.status, RunStatus::Done);
    assert_eq!(recap.total.ok, 7);
}

#[test]
fn one_seed_is_one_journal_and_many_seeds_are_many_orders() {
    assert_eq!(uninterrupted(5).journal.head(), uninterrupted(5).journal.head());
    let order = |seed| {
        let process = uninterrupted(seed);
        process.statuses().into_iter().map(|(label, _)| label).collect::<Vec<_>>()
    };
    let orders: BTreeSet<_> = (0..20).map(order).collect();
    assert!(orders.len() > 10, "{orders:?}");
}

#[test]
fn a_crash_at_any_event_changes_nothing_in_the_end() {
    let whole = uninterrupted(3);
    let events = rows(&whole);
    assert!(events > 30, "{events}");
    for event in 0..events {
        let first = killed(3, event);
        let second = first.next(1000 + event);
        finished(&second);
        assert_eq!(second.toy.world().dump(), whole.toy.world().dump(), "crash at {event}");
        assert_eq!(second.toy.world().calls.len(), whole.toy.world().calls.len(), "crash at {event}");
    }
}

#[test]
fn a_crash_during_the_resume_changes_nothing_either() {
    let whole = uninterrupted(3);
    let events = rows(&whole);
    for event in (1..events).step_by(3) {
        for again in (0..events - event).step_by(4) {
            let first = killed(3, event);
            let second = first.next(again);
            second.time.crash_at(again);
            if let Ok(engine) = second.resume() {
                // Not every resume is long enough to reach its crash.
                if second.script(&engine).is_ok() && engine.finish(None).is_ok() {
                    continue;
                }
            }
            let third = second.next(7);
            finished(&third);
            assert_eq!(third.toy.world().dump(), whole.toy.world().dump(), "crashes at {event} and {again}");
            assert_eq!(third.toy.world().calls.len(), whole.toy.world().calls.len(), "crashes at {event} and {again}");
        }
    }
}

#[test]
fn a_lost_reply_or_request_is_found_out() {
    let whole = uninterrupted(3);
    let calls = whole.toy.world().calls.len();
    for call in 0..calls {
        for reply in [true, false] {
            let process = Process::first(3);
            let lose = BTreeSet::from([call]);
            if reply {
                process.toy.world().lose_reply = lose;
            } else {
                process.toy.world().lose_request = lose;
            }
            let engine = process.play();
            process.script(&engine).expect("script");
            assert_eq!(engine.finish(None).expect("recap").total.changed, 7);
            assert_eq!(process.toy.world().dump(), whole.toy.world().dump(), "call {call}");
            assert_eq!(process.toy.world().calls.len(), calls, "call {call}");
        }
    }
}

#[test]
fn a_full_disk_stops_every_change() {
    let whole = uninterrupted(3);
    for filled_at in [0, 1, 2, 3] {
        let process = Process::first(3);
        let engine = process.play();
        for name in &["dev", "stage", "prod"][..filled_at] {
            process.account(&engine, name).expect("there is room yet");
        }
        process.journal.fill_up();
        let result = loop {
            // A page that was begun may take some more rows.
            let result = engine.log(&"x".repeat(500), &[]);
            if result.is_err() {
                break result;
            }
        };
        assert!(matches!(result, Err(crate::step::StepError::Journal(_))), "{result:?}");
        let before = process.toy.world().calls.len();
        let result = process.script(&engine);
        assert!(matches!(result, Err(crate::step::StepError::Journal(_))), "{result:?}");
        assert_eq!(process.toy.world().calls.len(), before);
        assert!(engine.finish(None).is_err());
        assert_eq!(whole.toy.world().calls.len(), 11);
    }
}
