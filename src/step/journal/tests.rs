use super::{Entry, Intent, Journal, Outcome, Record, RunStart, RunStatus, StepEnd, fold};
use crate::error::Place;
use crate::event::{AccountLabel, Status, StepProblem};
use crate::step::key::StepKey;
use crate::step::operation::{Change, Class};
use crate::step::selection::Selection;
use crate::time::Time;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn key() -> StepKey {
    StepKey { account: "1".into(), primitive: "create_role".into(), identity: "r".into(), id: None }
}

fn account() -> AccountLabel {
    AccountLabel { id: "1".into(), name: "main".into() }
}

fn start() -> Entry {
    Entry::RunStarted(RunStart {
        playbook: "p.rhai".into(),
        text: "…".into(),
        modules: [("m".to_owned(), "…".to_owned())].into(),
        parameters: json!({"a": 1}),
        tool_version: "0".into(),
        target: "t".into(),
        account: "1".into(),
        environment: Some("e".into()),
        selection: Selection::default(),
        reason: None,
    })
}

fn intent(number: u32) -> Entry {
    let change = Change { call: "CreateRole".into(), class: Class::CreateNamed, difference: String::new(), detail: json!([1]) };
    let (input, session) = (json!({"x": 1}), json!({}));
    Entry::Intent(Intent { key: key(), number, label: "l".into(), account: account(), input_hash: "h".into(), input, session, change })
}

fn outcome(number: u32, outcome: Outcome) -> Entry {
    Entry::Outcome { key: key(), number, outcome }
}

fn end(status: Status) -> Entry {
    Entry::StepEnded(StepEnd {
        key: key(),
        label: "l".into(),
        account: account(),
        scope: vec!["s".into()],
        place: Place { file: "p.rhai".into(), line: 1, column: 2, source_line: None },
        input_hash: "h".into(),
        input: json!({"x": 1}),
        status,
        output: json!({"arn": "a"}),
        changes: vec!["CreateRole".into()],
        problem: None,
    })
}

fn problem() -> StepProblem {
    StepProblem { code: "c".into(), message: "m".into(), hints: vec!["h".into()] }
}

fn finished() -> Entry {
    Entry::RunFinished { status: RunStatus::Done }
}

fn read(occurrence: u32) -> Entry {
    let (account, primitive, arguments_hash, output) = ("1".into(), "list".into(), "h".into(), json!([]));
    Entry::Read { account, primitive, arguments_hash, occurrence, output }
}

/// A journal with one run `abcd`, closed.
fn written(folder: &Path) -> PathBuf {
    let path = folder.join("state/journal.db");
    let journal = Journal::open(&path, "t/p").expect("new");
    let time = Time::simulated(1);
    for entry in [start(), intent(1), outcome(1, Outcome::Ok), end(Status::Changed), finished()] {
        journal.append(&time, "abcd", &entry).expect("append");
    }
    path
}

#[test]
fn what_is_written_is_read_again_by_another_process() {
    let folder = tempfile::tempdir().expect("folder");
    let path = written(folder.path());
    let mode = |path: &Path| std::fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&folder.path().join("state"))), (0o600, 0o700));
    let journal = Journal::open(&path, "t/p").expect("again");
    let time = Time::simulated(1);
    let lines = [
        start(),
        outcome_text(),
        Entry::Caught { key: key() },
        Entry::Log { text: "l".into(), scope: vec![] },
        Entry::Output { name: "o".into(), value: json!({"deep": [1, null, 1.5, "x"]}) },
        Entry::Handle { key: key(), number: 1, handle: json!("car-1") },
        read(1),
        Entry::RunResumed(run_start()),
    ];
    for entry in &lines {
        journal.append(&time, "efgh", entry).expect("append");
    }
    assert_eq!(mode(&path.with_file_name("journal.db-wal")), 0o600);
    let reader = Journal::open_existing(&path).expect("a reader beside the writer");
    let entries: Vec<Entry> = reader.entries("efgh").expect("entries").into_iter().map(|record| record.entry).collect();
    assert_eq!(entries, lines);
    assert_eq!(reader.head(), journal.head());
    let view = reader.view("abcd").expect("view");
    assert_eq!((view.status, view.steps[&key()].intents, view.ends.len()), (RunStatus::Done, 1, 1));
}

fn outcome_text() -> Entry {
    outcome(1, Outcome::Unknown { problem: problem() })
}

fn run_start() -> RunStart {
    match start() {
        Entry::RunStarted(start) => start,
        _ => unreachable!(),
    }
}

#[test]
fn runs_are_found_by_the_beginning_of_their_id() {
    let journal = Journal::in_memory("t/p").expect("journal");
    assert_eq!(journal.find(None).expect_err("none").code, "no-runs");
    let time = Time::simulated(1);
    for run in ["abcd", "abef"] {
        time.block_on(time.sleep(std::time::Duration::from_secs(1))).expect("sleep");
        journal.append(&time, run, &start()).expect("append");
    }
    journal.append(&time, "abcd", &finished()).expect("append");
    let statuses: Vec<_> = journal.runs().expect("runs").into_iter().map(|run| (run.id, run.status)).collect();
    assert_eq!(statuses, [("abcd".into(), RunStatus::Done), ("abef".into(), RunStatus::Running)]);
    assert_eq!(journal.find(None).expect("latest").id, "abef");
    assert_eq!(journal.find(Some("abc")).expect("prefix").id, "abcd");
    let ambiguous = journal.find(Some("ab")).expect_err("two");
    assert_eq!((&*ambiguous.code, ambiguous.message.as_str()), ("ambiguous-run", "`ab` may mean `abcd`, `abef`"));
    assert_eq!(journal.find(Some("x")).expect_err("none").code, "unknown-run");
}

#[test]
fn a_row_that_was_changed_dropped_or_swapped_is_named() {
    let damages = [
        ("UPDATE event SET body = replace(body, 'CreateRole', 'DeleteRole') WHERE seq = 2", 2),
        ("UPDATE event SET run = 'wxyz' WHERE seq = 3", 3),
        ("UPDATE event SET at = '2020-01-01T00:00:00Z' WHERE seq = 1", 1),
        ("UPDATE event SET hash = zeroblob(32) WHERE seq = 4", 4),
        ("UPDATE event SET hash = 'short' WHERE seq = 4", 4),
        ("DELETE FROM event WHERE seq = 2", 2),
        ("DELETE FROM event WHERE seq = 5", 5),
        ("UPDATE event SET seq = 99 WHERE seq = 2; UPDATE event SET seq = 2 WHERE seq = 3; UPDATE event SET seq = 3 WHERE seq = 99", 2),
        ("INSERT INTO event SELECT 6, run, at, kind, body, hash FROM event WHERE seq = 5", 6),
        ("UPDATE journal SET rollout = 't/q'", 1),
    ];
    for (damage, row) in damages {
        let folder = tempfile::tempdir().expect("folder");
        let path = written(folder.path());
        Connection::open(&path).expect("open").execute_batch(&damage.replace("'short'", "x'00'")).expect(damage);
        let before = std::fs::read(&path).expect("bytes");
        let error = Journal::open_existing(&path).map(drop).expect_err(damage);
        assert_eq!(error.code, "journal-damaged", "{damage}: {error:?}");
        assert!(error.message.contains(&format!("at row {row}:")), "{damage}: {}", error.message);
        assert_eq!(std::fs::read(&path).expect("bytes"), before, "kept as it is");
    }
}

#[test]
fn flipped_bits_never_pass_and_never_panic() {
    let folder = tempfile::tempdir().expect("folder");
    let path = written(folder.path());
    drop(Connection::open(&path).expect("open").execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"));
    let (bytes, head) = (std::fs::read(&path).expect("bytes"), Journal::open_existing(&path).expect("whole").head());
    let copy = folder.path().join("copy.db");
    for offset in (0..bytes.len()).step_by(61) {
        let mut flipped = bytes.clone();
        flipped[offset] ^= 1 << (offset % 8);
        std::fs::write(&copy, &flipped).expect("write");
        for rest in ["copy.db-wal", "copy.db-shm"] {
            let _ = std::fs::remove_file(folder.path().join(rest));
        }
        // A flip in unused bytes of a page changes nothing that is read.
        if let Ok(journal) = Journal::open_existing(&copy) {
            assert_eq!(journal.head(), head, "offset {offset}");
            assert!(journal.entries("abcd").is_ok_and(|entries| entries.len() == 5), "offset {offset}");
        }
    }
}

#[test]
fn files_that_are_not_for_us_are_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let path = written(folder.path());
    assert_eq!(Journal::open(&path, "t/other").map(drop).expect_err("other").code, "journal-of-another-rollout");
    Connection::open(&path).expect("open").pragma_update(None, "user_version", 2).expect("newer");
    let error = Journal::open(&path, "t/p").map(drop).expect_err("newer");
    assert_eq!((&*error.code, error.hints.len()), ("journal-newer", 1));

    let foreign = folder.path().join("foreign.db");
    Connection::open(&foreign).expect("open").execute_batch("CREATE TABLE x (y)").expect("table");
    assert_eq!(Journal::open(&foreign, "t/p").map(drop).expect_err("foreign").code, "journal-foreign");
    let text = folder.path().join("text.db");
    std::fs::write(&text, "not a database at all, but long enough to be looked at as one".repeat(20)).expect("write");
    assert_eq!(Journal::open(&text, "t/p").map(drop).expect_err("text").code, "journal-damaged");
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&foreign, &link).expect("link");
    assert_eq!(Journal::open(&link, "t/p").map(drop).expect_err("link").code, "journal-unusable");
    assert_eq!(Journal::open_existing(&folder.path().join("nowhere.db")).map(drop).expect_err("nowhere").code, "journal-unusable");
}

#[test]
fn an_emptied_journal_is_not_taken_for_a_new_one() {
    let folder = tempfile::tempdir().expect("folder");
    let path = written(folder.path());
    let log = path.with_file_name("journal.db-wal");
    std::fs::write(&log, "the write-ahead log").expect("log");
    std::fs::write(&path, "").expect("emptied");
    for refused in [Journal::open(&path, "t/p"), Journal::open_existing(&path)] {
        let error = refused.map(drop).expect_err("empty");
        assert_eq!(error.code, "journal-damaged");
        assert!(error.message.ends_with("from its beginning: the file is empty"), "{}", error.message);
    }
    assert_eq!(std::fs::metadata(&path).expect("file").len(), 0);
    assert!(log.exists(), "what may help to mend it is kept");
}

#[test]
fn a_journal_comes_into_being_whole() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("p.journal");
    // What a process left that died over it.
    std::fs::write(folder.path().join("p.journal.new"), "half a page").expect("left over");
    std::fs::write(folder.path().join("p.journal.new-journal"), "half a page").expect("left over");
    drop(Journal::open(&path, "t/p").expect("new"));
    let names = std::fs::read_dir(folder.path()).expect("folder").map(|entry| entry.expect("entry").file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["p.journal"]);
    assert_eq!(std::fs::metadata(&path).expect("file").permissions().mode() & 0o777, 0o600);
}

#[test]
fn entries_that_come_together_are_all_written() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("journal.db");
    let journal = Journal::open(&path, "t/p").expect("new");
    let time = Time::real().expect("runtime");
    journal.append(&time, "abcd", &start()).expect("start");
    std::thread::scope(|scope| {
        for branch in 0..8 {
            let (journal, time) = (&journal, &time);
            scope.spawn(move || {
                for line in 0..20 {
                    let entry = Entry::Log { text: format!("{branch} {line}"), scope: vec![] };
                    journal.append(time, "abcd", &entry).expect("append");
                }
            });
        }
    });
    drop(journal);
    let journal = Journal::open_existing(&path).expect("verified");
    assert_eq!(journal.entries("abcd").expect("entries").len(), 161);
}

#[test]
fn once_a_write_has_failed_nothing_is_written() {
    let journal = Journal::in_memory("t/p").expect("journal");
    let time = Time::simulated(1);
    journal.append(&time, "abcd", &start()).expect("start");
    journal.fill_up();
    let log = Entry::Log { text: "x".repeat(100_000), scope: vec![] };
    let first = journal.append(&time, "abcd", &log).expect_err("full");
    assert_eq!(journal.append(&time, "abcd", &finished()), Err(first), "even though a short row might still fit");
    assert_eq!(journal.entries("abcd").expect("entries").len(), 1);
}

#[test]
fn impossible_histories_are_refused() {
    let two = |status| Entry::RunFinished { status };
    let table: Vec<(Vec<Entry>, &str)> = vec![
        (vec![], "does not begin with its start"),
        (vec![intent(1)], "does not begin with its start"),
        (vec![start(), start()], "starts twice"),
        (vec![start(), intent(2)], "comes after change 0"),
        (vec![start(), intent(1), intent(2)], "another one is open"),
        (vec![start(), intent(1), outcome(1, Outcome::Ok), intent(1)], "comes after change 1"),
        (vec![start(), outcome(1, Outcome::Ok)], "is not open"),
        (vec![start(), intent(1), outcome(1, Outcome::Ok), outcome(1, Outcome::Happened)], "is not open"),
        (vec![start(), Entry::Handle { key: key(), number: 1, handle: Value::Null }], "is not open"),
        (vec![start(), intent(1), end(Status::Changed)], "while a change of it is open"),
        (vec![start(), end(Status::Replayed)], "replayed"),
        (vec![start(), read(1), read(1)], "read twice"),
        (vec![start(), finished(), intent(1)], "after the end of the run"),
        (vec![start(), finished(), Entry::RunResumed(run_start())], "was over is resumed"),
    ];
    for (entries, reason) in table {
        let impossible = fold(&records(entries)).map(drop).expect_err(reason);
        assert!(impossible.reason.contains(reason), "{}: {reason}", impossible.reason);
    }
    let fine = vec![start(), intent(1), outcome_text(), two(RunStatus::Paused), outcome(1, Outcome::NotHappened)];
    let view = fold(&records(fine)).expect("settled after the end");
    assert!(view.has_intent() && view.is_unfinished() && view.steps[&key()].open.is_empty());
}

fn records(entries: Vec<Entry>) -> Vec<Record> {
    let at = Time::simulated(1).now();
    (1..).zip(entries).map(|(seq, entry)| Record { seq, run: "abcd".into(), at, entry }).collect()
}
