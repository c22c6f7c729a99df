//! The real binary, killed where it hurts, while the AWS it works on lives on in another process: resumed, the world is that of an
//! undisturbed play, so there is no account and no call too many or too few in it.

use crate::aws_target::{PLAY, Pair};
use crate::project::{Project, repository};
use crate::proof::stride;
use crate::proxy::{Proxy, is_change};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Stdio;

/// What SQLite changes a file with, as strace selects it.
const WRITES: &str = "pwrite64,fsync,fdatasync,/^(ftruncate|unlink|rename)";

/// The five-account play by one thread, so that its calls of the system come in one order (strace counts them by thread).
pub(crate) fn one_by_one(project: &Project) -> [&'static str; 7] {
    let accounts = fs::read_to_string(repository().join("stdlib/accounts.rhai")).unwrap().replace("parallel(", "one_by_one(");
    let each = "fn one_by_one(items, work) {\n    let made = #{};\n    for key in items.keys() { made[key] = work.call(items[key]); }\n    made\n}\n";
    project.write("playbooks/accounts.rhai", &format!("{accounts}\n{each}"));
    let playbook = fs::read_to_string(project.path(PLAY[1])).unwrap();
    let playbook = playbook.replace("\"std/accounts\"", "\"accounts\"").replace("parallel(", "accounts::one_by_one(");
    project.write("playbooks/one-by-one.rhai", &playbook);
    let mut play = PLAY;
    play[1] = "playbooks/one-by-one.rhai";
    play
}

/// The world after an undisturbed play.
pub(crate) fn undisturbed() -> String {
    let pair = Pair::new();
    pair.client.run(&PLAY).ok();
    pair.world()
}

/// Goes on, or begins if the run had not; after that there is nothing left to do.
pub(crate) fn go_on(project: &Project, play: &[&str]) {
    let resumed = project.run(&["resume", "--yes"]);
    if resumed.code == Some(64) {
        project.run(play).ok();
    } else {
        resumed.ok();
    }
}

/// One call of the system that changes a file.
pub(crate) struct Place {
    /// Its name, and which one of that name it is, from 1.
    pub(crate) call: String,
    pub(crate) number: usize,
    /// How many calls to AWS that change something were answered before it.
    pub(crate) changes: usize,
    /// It is of a folder: it makes names durable, not what files hold.
    pub(crate) folder: bool,
}

/// All of a play in which nothing happens.
pub(crate) fn places() -> Vec<Place> {
    let pair = Pair::new();
    let play = one_by_one(&pair.client);
    let trace = pair.client.path("trace");
    // With what is written to the debug log.
    let calls = format!("trace=write,{WRITES}");
    pair.client.traced(&["-o", &trace.display().to_string(), "-y", "-s", "300", "-e", &calls], &play).ok();
    let text = fs::read_to_string(trace).unwrap();
    let (mut places, mut numbers, mut threads, mut changes) = (Vec::new(), BTreeMap::new(), BTreeSet::new(), 0);
    for line in text.lines() {
        let Some((thread, (call, arguments))) =
            line.split_once(' ').and_then(|(thread, call)| Some((thread, call.trim_start().split_once('(')?)))
        else {
            continue;
        };
        if call == "write" {
            let action = arguments.split_once("Z call ").and_then(|(_, logged)| logged.split([' ', ':']).nth(2));
            changes += usize::from(action.is_some_and(is_change));
        } else {
            threads.insert(thread);
            let number = numbers.entry(call).or_insert(0);
            *number += 1;
            let path = arguments.split_once('<').and_then(|(_, path)| path.split_once('>')).map(|(path, _)| path);
            let folder = path.is_some_and(|path| Path::new(path).is_dir());
            places.push(Place { call: call.to_owned(), number: *number, changes, folder });
        }
    }
    assert_eq!(threads.len(), 1, "the calls are to come from one thread");
    assert!(changes > 20 && places.len() > 500, "{changes} changes, {} places", places.len());
    places
}

#[test]
fn every_change_waits_for_a_sync_of_the_journal() {
    let places = places();
    let changes = places.iter().map(|place| place.changes).max().unwrap();
    // The first is the lease, which no step takes.
    for change in 2..changes {
        let is_sync = |place: &Place| place.changes == change && place.call.ends_with("sync") && !place.folder;
        // Of the outcome of the change before, and of this one's intent.
        let syncs = places.iter().filter(|place| is_sync(place)).count();
        assert!(syncs >= 2, "{syncs} syncs between change {change} and the one before");
    }
    println!("proof: outcome and intent are synced between any two of {changes} changes");
}

#[test]
fn at_journal_writes_and_syncs() {
    let wanted = undisturbed();
    let places = places();
    let tried = stride("SIGKILL at journal writes and syncs", places.len(), 20);
    for place in &tried {
        let Place { call, number, .. } = &places[*place];
        let pair = Pair::new();
        let play = one_by_one(&pair.client);
        let (trace, inject) = (format!("trace={call}"), format!("inject={call}:signal=KILL:when={number}"));
        let ended = pair.client.traced(&["-o", "/dev/null", "-e", &trace, "-e", &inject], &play);
        assert_eq!(ended.code, None, "not killed at {call} {number}: {}", ended.stderr);
        go_on(&pair.client, &play);
        assert_eq!(pair.world(), wanted, "killed at {call} {number}");
    }
    println!(
        "proof: SIGKILL at {} of {} journal writes and syncs, then resume: the same world each time, 0 duplicates",
        tried.len(),
        places.len()
    );
}

#[test]
fn after_a_call_took_effect_and_before_its_reply() {
    let pair = Pair::new();
    let proxy = Proxy::start(&pair.aws.endpoint, None);
    pair.by_way_of(&proxy.endpoint);
    pair.client.run(&PLAY).ok();
    let (wanted, calls) = (pair.world(), proxy.changes().len());
    assert!(calls > 20, "{:?}", proxy.changes());
    let tried = stride("SIGKILL between effect and reply", calls, 10);
    for call in &tried {
        let pair = Pair::new();
        let proxy = Proxy::start(&pair.aws.endpoint, Some(*call));
        pair.by_way_of(&proxy.endpoint);
        let mut child = pair.client.command(&PLAY).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let held = proxy.held();
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().code(), None);
        drop(held);
        go_on(&pair.client, &PLAY);
        assert_eq!(pair.world(), wanted, "killed before the reply to call {call}");
        let accounts = proxy.changes().iter().filter(|name| *name == "CreateAccount").count();
        assert_eq!(accounts, 5, "killed before the reply to call {call}: {:?}", proxy.changes());
    }
    println!(
        "proof: SIGKILL between effect and reply of {} of {calls} changes, then resume: the same world each time, 5 CreateAccount each",
        tried.len()
    );
}
