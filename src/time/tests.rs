use super::{NoYield, Stop, Time};
use crate::step::schedule::{Branch, BranchError, Slots, parallel};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

type Log = Arc<Mutex<Vec<String>>>;

fn branch<'a, T>(label: impl Into<String>, run: impl FnOnce() -> T + Send + 'a) -> Branch<'a, T> {
    Branch { label: label.into(), run: Box::new(run) }
}

fn note(log: &Log, time: &Time, name: &str) {
    let elapsed = time.now().duration_since(Time::simulated(0).now());
    log.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{name} {} {:x}", elapsed.as_millis(), time.random() & 0xff));
}

/// `outer` × `inner` branches, each with some naps of random length.
fn nested(seed: u64, slots: usize, outer: usize, inner: usize) -> Vec<String> {
    let time = Time::simulated(seed);
    let slots = Slots::new(slots);
    let log = Log::default();
    let work = |name: String| {
        for _ in 0..3 {
            let nap = Duration::from_millis(time.draw("latency") % 100);
            time.block_on(time.sleep(nap)).expect("a nap");
            note(&log, &time, &name);
        }
    };
    let work = &work;
    let (time_of_outer, slots_of_outer) = (&time, &slots);
    let branches = (0..outer).map(|o| {
        branch(format!("o{o}"), move || {
            work(format!("o{o}"));
            let branches = (0..inner).map(|i| branch(format!("i{i}"), move || work(format!("o{o}/i{i}")))).collect();
            assert!(parallel(time_of_outer, slots_of_outer, branches).iter().all(Result::is_ok));
            work(format!("o{o}"));
        })
    });
    assert!(parallel(&time, &slots, branches.collect()).iter().all(Result::is_ok));
    note(&log, &time, "main");
    drop(time);
    Arc::try_unwrap(log).expect("all branches are gone").into_inner().expect("log")
}

#[test]
fn one_seed_is_one_order_and_nested_joins_hold_no_slot() {
    for slots in [1, 4, 32] {
        let first = nested(7, slots, 5, 4);
        assert_eq!(first.len(), 5 * (3 + 4 * 3 + 3) + 1);
        for _ in 0..3 {
            assert_eq!(nested(7, slots, 5, 4), first, "{slots} slots");
        }
    }
}

#[test]
fn seeds_give_different_orders() {
    let orders: BTreeSet<_> = (0..20).map(|seed| nested(seed, 32, 4, 0)).collect();
    assert_eq!(orders.len(), 20);
}

#[test]
fn branches_of_equal_length_interleave_by_the_seed() {
    let order = |seed| {
        let time = Time::simulated(seed);
        let log = Mutex::new(Vec::new());
        let branches = ["a", "b", "c"].map(|name| {
            let (time, log) = (&time, &log);
            branch(name, move || {
                time.block_on(time.sleep(Duration::from_millis(50))).expect("sleep");
                log.lock().expect("log").push(name);
            })
        });
        let _: Vec<Result<(), _>> = parallel(&time, &Slots::new(8), branches.into());
        log.lock().expect("log").join("")
    };
    let orders: BTreeSet<String> = (0..60).map(order).collect();
    assert_eq!(orders.len(), 6, "{orders:?}");
}

#[test]
fn a_branch_more_moves_no_other_branch() {
    let of = |lines: Vec<String>| lines.into_iter().filter(|line| line.starts_with("o0")).collect::<Vec<_>>();
    assert_eq!(of(nested(3, 32, 4, 0)), of(nested(3, 32, 5, 0)));
}

#[test]
fn the_same_labels_again_draw_other_numbers() {
    let time = Time::simulated(1);
    let draw = || parallel(&time, &Slots::new(1), vec![branch("a", || time.random())]);
    assert_ne!(draw(), draw());
}

#[test]
fn a_deadlock_names_the_branches() {
    let time = Time::simulated(1);
    let stuck = || time.block_on(std::future::pending::<()>());
    let results = parallel(&time, &Slots::new(4), vec![branch("a", stuck), branch("b", stuck), branch("c", || Ok(()))]);
    let deadlock = Stop::Deadlock(vec!["main/a".into(), "main/b".into()]);
    assert_eq!(results, [Ok(Err(deadlock.clone())), Ok(Err(deadlock.clone())), Ok(Ok(()))]);
    assert_eq!(time.block_on(time.sleep(Duration::ZERO)), Err(deadlock));
}

#[test]
fn a_crash_ends_every_branch() {
    for event in 0..7 {
        let time = Time::simulated(event);
        time.crash_at(event);
        let happened = Mutex::new(0);
        let work = || {
            for _ in 0..3 {
                time.block_on(time.sleep(Duration::from_secs(1)))?;
                time.event()?;
                *happened.lock().expect("count") += 1;
            }
            Ok(())
        };
        let results = parallel(&time, &Slots::new(4), vec![branch("a", work), branch("b", work)]);
        assert_eq!(*happened.lock().expect("count"), event.min(6));
        assert_eq!(results.contains(&Ok(Err(Stop::Crash))), event < 6, "{results:?}");
    }
}

#[test]
fn a_panic_is_the_branchs_own() {
    for time in [Time::simulated(1), Time::real().expect("runtime")] {
        let results = parallel(&time, &Slots::new(1), vec![branch("a", || panic!("boom {}", 1)), branch("b", || 2)]);
        assert_eq!(results, [Err(BranchError::Panicked("boom 1".into())), Ok(2)]);
    }
}

#[test]
#[cfg(debug_assertions)]
fn a_lock_across_a_wait_is_caught() {
    let time = Time::simulated(1);
    let work = || {
        let _guard = NoYield::new();
        time.block_on(time.yield_now())
    };
    let results = parallel(&time, &Slots::new(1), vec![branch("a", work)]);
    assert!(matches!(&results[0], Err(BranchError::Panicked(text)) if text.contains("waits while it holds a lock")), "{results:?}");
}

#[test]
fn real_time_has_slots_and_nesting_too() {
    let time = Time::real().expect("runtime");
    let slots = Slots::new(2);
    let running = Mutex::new((0, 0));
    let work = || {
        {
            let mut running = running.lock().expect("count");
            running.0 += 1;
            running.1 = running.1.max(running.0);
        }
        time.block_on(time.sleep(Duration::from_millis(1))).expect("sleep");
        running.lock().expect("count").0 -= 1;
    };
    let outer = |_: usize| {
        let branches = (0..4).map(|i| branch(format!("{i}"), work)).collect();
        parallel(&time, &slots, branches).len()
    };
    let outer = &outer;
    let branches = (0..4).map(|o| branch(format!("{o}"), move || outer(o))).collect();
    assert_eq!(parallel(&time, &slots, branches), [Ok(4), Ok(4), Ok(4), Ok(4)]);
    assert!(running.lock().expect("count").1 <= 2);
    assert!(time.runtime().is_some() && !time.is_simulated());
}

#[test]
fn ids_and_clock() {
    let time = Time::simulated(1);
    assert_eq!(time.now().to_string(), "2026-01-01T00:00:00Z");
    time.block_on(time.sleep(Duration::from_hours(1))).expect("sleep");
    assert_eq!(time.now().to_string(), "2026-01-01T01:00:00Z");
    let (one, two) = (time.run_id(), time.run_id());
    assert_ne!(one, two);
    for id in [one, two, Time::real().expect("runtime").run_id()] {
        assert!(id.len() == 4 && id.bytes().all(|byte| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte)), "{id}");
    }
}
