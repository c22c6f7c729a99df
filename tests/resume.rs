//! `resume` and `--fresh` where a run cannot simply go on.

use crate::project::Project;
use std::fs;

const BEFORE: &str = "let org = organization();\norg.create_organization();\norg.create_group(\"one\");\n";

/// A project with a run that failed after its first changes, and the run's id.
fn failed() -> (Project, String) {
    let project = Project::new();
    project.write("p.rhai", &format!("{BEFORE}fail(\"enough\");\n"));
    let ended = project.run(&["play", "p.rhai"]).exits(1);
    let run = ended.stdout.split_whitespace().nth(1).unwrap().to_owned();
    (project, run)
}

#[test]
fn a_run_is_resumed_by_the_beginning_of_its_id_and_only_once() {
    let (project, run) = failed();
    project.write("p.rhai", BEFORE);
    let refused = project.run(&["play", "p.rhai"]).exits(6);
    assert!(refused.stderr.contains(&format!("runner resume {run}")) && refused.stderr.contains("--fresh"), "{}", refused.stderr);
    let resumed = project.run(&["resume", &run[..2]]).ok();
    assert!(resumed.stdout.contains("replayed=2"), "{}", resumed.stdout);
    let over = project.run(&["resume", &run]).exits(64);
    assert!(over.stderr.contains("is done") && over.stderr.contains("runner play"), "{}", over.stderr);
    let none = project.run(&["resume"]).exits(64);
    assert!(none.stderr.contains("every run is done"), "{}", none.stderr);
}

#[test]
fn fresh_puts_an_earlier_run_aside() {
    let (project, run) = failed();
    project.write("p.rhai", BEFORE);
    let fresh = project.run(&["play", "p.rhai", "--fresh"]).ok();
    assert!(fresh.stdout.contains("changed=0") && fresh.stdout.contains("replayed=0"), "{}", fresh.stdout);
    let over = project.run(&["resume", &run]).exits(64);
    assert!(over.stderr.contains("superseded"), "{}", over.stderr);
}

#[test]
fn a_run_that_did_nothing_stands_in_no_way() {
    let project = Project::new();
    project.write("p.rhai", "fail(\"at once\");\n");
    project.run(&["play", "p.rhai"]).exits(1);
    project.write("p.rhai", BEFORE);
    project.run(&["play", "p.rhai"]).ok();
    let none = project.run(&["resume"]).exits(64);
    assert!(none.stderr.contains("every run is done"), "{}", none.stderr);
}

#[test]
fn a_playbook_that_is_gone_is_to_be_put_back() {
    let (project, run) = failed();
    fs::remove_file(project.path("p.rhai")).unwrap();
    let gone = project.run(&["resume", &run]).exits(64);
    assert!(gone.stderr.contains("`p.rhai` of run") && gone.stderr.contains("git checkout -- p.rhai"), "{}", gone.stderr);
}

#[test]
fn what_was_done_in_another_organisation_is_not_replayed() {
    let (project, run) = failed();
    project.write("p.rhai", BEFORE);
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(project.path(&format!(".runner/sandbox/world.sqlite{suffix}")));
    }
    let refused = project.run(&["resume", &run]).exits(1);
    assert!(refused.stderr.contains("in none now") && refused.stderr.contains("--fresh"), "{}", refused.stderr);
    let fresh = project.run(&["play", "p.rhai", "--fresh"]).ok();
    assert!(fresh.stdout.contains("changed=2"), "{}", fresh.stdout);
    // With its world, a reset takes the journals away.
    project.run(&["sandbox", "reset"]).ok();
    project.run(&["resume", &run]).exits(64);
}
