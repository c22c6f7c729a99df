//! `resume` and `--fresh` where a run cannot simply go on.

use crate::project::{Ended, Project};
use serde_json::Value;
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

/// The shipped playbook where the address of its account `dev` belongs to somebody else: played to its stop; and the run's id.
fn stopped_at_dev() -> (Project, String) {
    let project = Project::with_playbooks();
    let taken =
        "[targets.sandbox.params]\nmail = \"cloud@example.com\"\n\n[targets.sandbox.accounts.legacy]\nemail = \"cloud+dev@example.com\"\n";
    project.write("runner.toml", &format!("[targets.sandbox]\nkind = \"sandbox\"\n\n{taken}"));
    let stopped = project.run(&["play", "playbooks/multi-account.rhai"]).exits(6);
    let run = stopped.stdout.split_whitespace().nth(1).unwrap().to_owned();
    (project, run)
}

/// The objects of `--output json`, by type.
fn objects<'e>(ended: &'e Ended, kind: &'e str) -> impl Iterator<Item = Value> + 'e {
    let lines = ended.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(move |object| object["type"] == kind)
}

#[test]
fn the_five_account_playbook_goes_on_without_one_account() {
    let (project, run) = stopped_at_dev();
    let resumed = project.run(&["resume", &run, "--without", "dev", "--output", "json"]).ok();
    let recap = objects(&resumed, "recap").next().unwrap();
    assert_eq!((&recap["status"], &recap["left_out"]), (&"done".into(), &serde_json::json!(["dev"])));
    let names: Vec<&String> = recap["outputs"]["accounts"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["mgmt", "prod", "security", "stage"]);
    let found = objects(&resumed, "found").next().unwrap();
    assert_eq!((&found["finished"], &found["paused"], &found["open"]), (&7.into(), &1.into(), &0.into()));
    let world: Value = serde_json::from_str(&project.world()).unwrap();
    let worked_in = |name: &str| {
        let roles = |account: &Value| account["iam"]["roles"].as_object().unwrap().contains_key("allow-admin-from-security-account");
        world["accounts"].as_object().unwrap().values().filter(|account| account["name"] == name).any(roles)
    };
    assert!(["mgmt", "prod", "stage"].iter().all(|name| worked_in(name)) && !worked_in("dev"));
    let shown = project.run(&["show", &run]).ok();
    assert!(shown.stdout.contains("left out: dev\n"), "{}", shown.stdout);
}

#[test]
fn what_is_left_out_stays_in_the_command_to_continue() {
    let (project, run) = stopped_at_dev();
    let playbook = fs::read_to_string(project.path("playbooks/multi-account.rhai")).unwrap();
    project.write("playbooks/multi-account.rhai", &format!("{playbook}\nfail(`no ${{work.dev}}`);\n"));
    let failed = project.run(&["resume", &run, "--without", "dev"]).exits(1);
    assert!(failed.stdout.ends_with(&format!("runner resume {run} --without dev\n")), "{}", failed.stdout);
    assert!(failed.stdout.contains("has to do without what was left out: `dev`"), "{}", failed.stdout);
    let shown = project.run(&["show", &run]).ok();
    assert!(shown.stdout.ends_with(&format!("runner resume {run} --without dev\n")), "{}", shown.stdout);
}

#[test]
fn a_label_of_nothing_is_refused_with_those_there_are() {
    let project = Project::new();
    let scopes =
        "scope(\"people\", || log(\"in\"));\noutput(\"left\", parallel([\"a\", \"b\"], |name| { org.create_group(name); name }));\n";
    project.write("p.rhai", &format!("{BEFORE}{scopes}fail(\"enough\");\n"));
    project.run(&["play", "p.rhai"]).exits(1);
    project.write("p.rhai", &format!("{BEFORE}{scopes}"));
    let refused = project.run(&["resume", "--without", "peple", "--without", "b"]).exits(64);
    assert!(refused.stdout.contains("did you mean `people`? The labels are `a`, `b`, `people`"), "{}", refused.stdout);
    assert!(refused.stdout.contains("left out: b\n"), "{}", refused.stdout);
    assert!(!refused.stdout.contains("no longer reached"), "what is left out was not meant to be reached: {}", refused.stdout);
    assert!(refused.stdout.ends_with(" --without b\n") && !refused.stdout.contains("--without peple\n"), "{}", refused.stdout);
    let resumed = project.run(&["resume", "--without", "people", "--output", "json"]).ok();
    assert!(objects(&resumed, "log").next().is_none(), "{}", resumed.stdout);
    assert_eq!(objects(&resumed, "recap").next().unwrap()["outputs"]["left"], serde_json::json!(["a", "b"]));
}

#[test]
fn only_one_kind_is_tried_again() {
    let (project, run) = stopped_at_dev();
    let nothing = project.run(&["resume", &run, "--only", "failed"]).exits(64);
    assert!(
        nothing.stderr.contains("(0 failed, 1 paused)") && nothing.stderr.contains(&format!("runner resume {run}")),
        "{}",
        nothing.stderr
    );
    // A second branch that fails; the paused one is left as it is, without another request to AWS.
    let playbook = "let org = organization();\norg.create_organization();\nparallel([\"dev\", \"wrong\"], |name| if name == \"dev\" {\n\
        org.create_account(name, #{ email: \"cloud+dev@example.com\" });\n} else {\n\
        org.attach_group_policy(\"nobody\", \"arn:aws:iam::aws:policy/ReadOnlyAccess\");\norg.create_group(\"after\");\n});\n";
    project.write("p.rhai", playbook);
    let both = project.run(&["play", "p.rhai"]).exits(6);
    assert!(both.stdout.contains("failed=1 paused=1"), "{}", both.stdout);
    let run = both.stdout.split_whitespace().nth(1).unwrap();
    project.write("p.rhai", &playbook.replace("org.attach", "org.create_group(\"nobody\");\norg.attach"));
    let resumed = project.run(&["resume", run, "--only", "failed"]).exits(6);
    assert!(resumed.stdout.contains("changed=3 failed=0 paused=1 replayed=1"), "{}", resumed.stdout);
    assert!(resumed.stderr.contains("only what failed is tried again"), "{}", resumed.stderr);
    assert!(resumed.stderr.contains("it was not tried again; leave --only out"), "{}", resumed.stderr);
}
