//! A disk that is full, fails or is read-only: once a write has failed nothing that changes AWS is sent, and afterwards the run goes on.

use crate::aws_target::{PLAY, Pair};
use crate::project::{Ended, Project};
use crate::proof::stride;
use crate::proof_kill::{Place, go_on, one_by_one, places, undisturbed};
use crate::proxy::Proxy;
use serde_json::Value;

#[test]
fn nothing_is_sent_after_a_failed_write() {
    let (wanted, places) = (undisturbed(), places());
    // A full disk stays full; one write that fails must do, even if the next would not.
    for (call, error, from_then_on) in [("pwrite64", "ENOSPC", "+"), ("pwrite64", "EIO", ""), ("fsync", "EIO", "")] {
        let places: Vec<&Place> = places.iter().filter(|place| place.call == call).collect();
        let tried = stride(&format!("{error} of {call}"), places.len(), 7);
        for place in &tried {
            let Place { number, changes, folder, .. } = places[*place];
            let at = format!("{error} of {call} {number}");
            let pair = Pair::new();
            let proxy = Proxy::start(&pair.aws.endpoint, None);
            pair.by_way_of(&proxy.endpoint);
            let play = one_by_one(&pair.client);
            let inject = format!("inject={call}:error={error}:when={number}{from_then_on}");
            let ended = pair.client.traced(&["-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &inject], &play);
            // SQLite takes a folder that cannot be synced for synced.
            let unheard = *folder && ended.code == Some(0);
            assert!(unheard || proxy.changes().len() == *changes, "{at}: {:?}\n{}", proxy.changes(), ended.stderr);
            says_how_to_go_on(&ended, &pair.client, &at);
            go_on(&pair.client, &play);
            assert_eq!(pair.world(), wanted, "{at}");
        }
        println!(
            "proof: {error} at {} of {} times {call}: 0 changing calls after it, and then the resume made the same world",
            tried.len(),
            places.len()
        );
    }
}

/// What is said, and the last line of both streams, which is a command once a run is announced.
fn says_how_to_go_on(ended: &Ended, project: &Project, at: &str) {
    let told = format!("{at}: {}{}", ended.stderr, ended.stdout);
    let runs: Value = serde_json::from_str(&project.run(&["runs", "--output", "json"]).ok().stdout).unwrap();
    let announced = ended.stderr.lines().find_map(|line| line.strip_prefix("play ")?.split(' ').next());
    if ended.code == Some(0) {
        // What failed was putting the write-ahead log away, when the run's end was on the disk.
        assert_eq!(runs["runs"][0]["status"], "done", "{told}");
        return;
    }
    assert_eq!(ended.code, Some(1), "{told}");
    if let Some(run) = announced {
        // The second is what the lease is remembered in.
        assert!(told.contains("error[journal-write]") || told.contains("error[unwritable-state]"), "{told}");
        for stream in [&ended.stdout, &ended.stderr] {
            assert_eq!(stream.lines().last(), Some(format!("  runner resume {run} --yes").as_str()), "{told}");
        }
    } else {
        assert!(
            told.contains("error[journal-unusable]") && told.contains("make room or mend the disk, then the same command again"),
            "{told}"
        );
    }
}

#[test]
fn a_read_only_journal_or_folder_is_told_and_nothing_is_sent() {
    let pair = Pair::new();
    let proxy = Proxy::start(&pair.aws.endpoint, None);
    pair.by_way_of(&proxy.endpoint);
    pair.client.run(&PLAY).ok();
    let (wanted, sent) = (pair.world(), proxy.changes().len());
    let journal = std::fs::read_dir(pair.client.path(".runner/live")).unwrap().map(|entry| entry.unwrap().path());
    let journal = journal.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "journal")).unwrap();
    let journal = journal.canonicalize().unwrap().display().to_string();
    let probe = pair.client.path("").canonicalize().unwrap().join(".runner/live/.writable").display().to_string();
    for (path, error, code) in
        [(&journal, "EROFS", "journal-unusable"), (&journal, "EACCES", "journal-unusable"), (&probe, "EROFS", "unwritable-state")]
    {
        // Once: SQLite then opens what it cannot write for reading.
        let inject = format!("inject=openat:error={error}:when=1");
        let ended = pair.client.traced(&["-o", "/dev/null", "-P", path, "-e", "trace=openat", "-e", &inject], &PLAY).exits(1);
        assert!(ended.stderr.contains(&format!("error[{code}]")) && ended.stderr.contains("writable"), "{path} {error}: {}", ended.stderr);
        assert_eq!((proxy.changes().len(), pair.world() == wanted), (sent, true), "{path} {error}");
        println!("proof: {error} of {path}: {code}, 0 changing calls");
    }
}
