//! `journal export|verify`, `runs prune` and `--reason`: what people do with the memory of runs.

use crate::project::{Ended, Project};
use serde_json::Value;
use std::fs;

const PLAYBOOK: &str = "let org = organization();\norg.create_organization();\norg.create_group(\"readers\");\n";

fn project() -> Project {
    let project = Project::new();
    project.write("p.rhai", PLAYBOOK);
    project
}

/// The id of the run, which stands on the first line of its recap.
fn id(ended: &Ended) -> String {
    ended.stdout.split_whitespace().nth(1).unwrap().to_owned()
}

fn ids(project: &Project) -> Vec<String> {
    let runs: Value = serde_json::from_str(&project.run(&["runs", "--output", "json"]).ok().stdout).unwrap();
    runs["runs"].as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap().to_owned()).collect()
}

fn damage(project: &Project, sql: &str) -> String {
    let folder = fs::read_dir(project.path(".runner/sandbox")).unwrap();
    let journal = folder.map(|entry| entry.unwrap().path()).find(|path| path.extension().is_some_and(|e| e == "journal")).unwrap();
    rusqlite::Connection::open(&journal).unwrap().execute_batch(sql).unwrap();
    journal.strip_prefix(project.path("")).unwrap().display().to_string()
}

#[test]
fn an_export_holds_every_entry_of_its_run_in_order() {
    let project = project();
    let first = id(&project.run(&["play", "p.rhai"]).ok());
    let second = id(&project.run(&["play", "p.rhai"]).ok());
    for (args, run) in [(&["journal", "export"][..], &second), (&["journal", "export", &first], &first)] {
        let lines: Vec<Value> = project.run(args).ok().stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((&lines[0]["type"], &lines[0]["format"]), (&"version".into(), &1.into()));
        let entries = &lines[1..];
        assert!(entries.iter().all(|entry| entry["type"] == "entry" && entry["run"] == run.as_str()));
        assert!(entries.windows(2).all(|pair| pair[0]["seq"].as_i64() < pair[1]["seq"].as_i64()));
        let kinds: Vec<&str> = entries.iter().map(|entry| entry["entry"]["kind"].as_str().unwrap()).collect();
        assert_eq!((kinds[0], kinds[kinds.len() - 1]), ("run-started", "run-finished"));
        assert_eq!(kinds.iter().filter(|kind| **kind == "intent").count(), if run == &first { 2 } else { 0 });
    }
    project.run(&["journal", "export", "zz"]).exits(64);
}

#[test]
fn verify_tells_a_sound_journal_from_a_damaged_one() {
    let project = project();
    assert_eq!(project.run(&["journal", "verify"]).ok().stdout, "no journal is here yet\n");
    let run = id(&project.run(&["play", "p.rhai"]).ok());
    let sound = project.run(&["journal", "verify", &run]).ok().stdout;
    assert!(sound.contains(": sound: ") && sound.contains(", runs: 1, head "), "{sound}");
    assert_eq!(project.run(&["journal", "verify"]).ok().stdout, sound);
    let journal = damage(&project, "UPDATE event SET body = replace(body, 'readers', 'writers') WHERE kind = 'intent'");
    for args in [&["journal", "verify"][..], &["journal", "verify", &journal]] {
        let ended = project.run(args).exits(1);
        assert!(ended.stderr.contains("journal-damaged") && ended.stderr.contains("at row "), "{}", ended.stderr);
    }
    let told: Value = serde_json::from_str(&project.run(&["journal", "verify", "--output", "json"]).exits(1).stdout).unwrap();
    assert_eq!(told["journals"][0]["error"]["code"], "journal-damaged");
}

#[test]
fn a_file_that_is_no_journal_is_not_touched() {
    let project = project();
    rusqlite::Connection::open(project.path("notes.sqlite")).unwrap().execute_batch("CREATE TABLE note (text TEXT)").unwrap();
    let before = fs::read(project.path("notes.sqlite")).unwrap();
    let ended = project.run(&["journal", "verify", "notes.sqlite"]).exits(1);
    assert!(ended.stderr.contains("journal-foreign"), "{}", ended.stderr);
    assert_eq!(fs::read(project.path("notes.sqlite")).unwrap(), before);
}

#[test]
fn pruning_takes_out_what_is_shown_and_nothing_unfinished() {
    let project = project();
    for _ in 0..2 {
        project.run(&["play", "p.rhai"]).ok();
    }
    project.write("p.rhai", &format!("{PLAYBOOK}org.create_group(\"more\");\nfail(\"enough\");\n"));
    let failed = id(&project.run(&["play", "p.rhai"]).exits(1));
    let all = ids(&project);
    assert_eq!((all.len(), &all[2]), (3, &failed));

    project.run(&["runs", "prune"]).exits(64);
    let refused = project.run(&["runs", "prune", "--keep", "0"]).exits(64);
    assert!(refused.stderr.contains("--dry-run") && refused.stderr.contains("--yes"), "{}", refused.stderr);
    let shown = project.run(&["runs", "prune", "--keep", "0", "--dry-run"]).ok().stdout;
    assert!(
        shown.contains(&all[0]) && shown.contains(&all[1]) && !shown.contains(&failed) && shown.contains("would take out 2 runs"),
        "{shown}"
    );
    assert_eq!(ids(&project), all);
    assert_eq!(project.run(&["runs", "prune", "--older-than", "1h", "--yes"]).ok().stdout, "nothing to prune\n");

    project.run(&["runs", "prune", "--keep", "0", "--yes"]).ok();
    assert_eq!(ids(&project), std::slice::from_ref(&failed));
    let sound = project.run(&["journal", "verify"]).ok().stdout;
    assert!(sound.contains("(2 more were pruned)"), "{sound}");
    // What is kept can still be resumed.
    project.write("p.rhai", PLAYBOOK);
    let resumed = project.run(&["resume"]).ok();
    assert!(resumed.stdout.contains("replayed=2"), "{}", resumed.stdout);
}

#[test]
fn an_unfinished_run_goes_only_if_asked_for() {
    let project = project();
    project.write("p.rhai", &format!("{PLAYBOOK}fail(\"enough\");\n"));
    project.run(&["play", "p.rhai"]).exits(1);
    let ended = project.run(&["runs", "prune", "--keep", "0", "--unfinished", "--yes", "--output", "json"]).ok();
    let told: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&told["type"], told["runs"].as_array().unwrap().len()), (&"prune".into(), 1));
    assert!(ids(&project).is_empty());
    project.run(&["play", "p.rhai"]).exits(1);
}

#[test]
fn a_target_in_use_is_not_pruned() {
    let project = project();
    project.run(&["play", "p.rhai"]).ok();
    let lock = fs::File::open(project.path(".runner/sandbox/lock")).unwrap();
    lock.lock().unwrap();
    project.run(&["runs", "prune", "--keep", "0", "--yes"]).exits(7);
    project.run(&["runs", "prune", "--keep", "0", "--dry-run"]).ok();
}

#[test]
fn a_reason_is_kept_with_its_run() {
    let project = project();
    project.write("p.rhai", &format!("{PLAYBOOK}fail(\"enough\");\n"));
    let run = id(&project.run(&["play", "p.rhai", "--reason", "ticket 7\u{1b}[2J"]).exits(1));
    for args in [&["runs"][..], &["show", &run]] {
        let shown = project.run(args).ok().stdout;
        assert!(shown.contains("ticket 7\\u{1b}[2J"), "{shown}");
    }
    // Going on without a reason keeps the one there is; another one takes its place.
    project.run(&["resume", &run]).exits(1);
    let shown: Value = serde_json::from_str(&project.run(&["show", &run, "--output", "json"]).ok().stdout).unwrap();
    assert_eq!(shown["reason"], "ticket 7\u{1b}[2J");
    project.write("p.rhai", PLAYBOOK);
    let resumed = project.run(&["resume", &run, "--reason", "second try", "--output", "json"]).ok();
    // Behind the version and the survey.
    let event: Value = serde_json::from_str(resumed.stdout.lines().nth(2).unwrap()).unwrap();
    assert_eq!((&event["type"], &event["reason"]), (&"run".into(), &"second try".into()));
    let runs: Value = serde_json::from_str(&project.run(&["runs", "--output", "json"]).ok().stdout).unwrap();
    assert_eq!(runs["runs"][0]["reason"], "second try");
}
