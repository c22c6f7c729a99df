//! What is on the playbook's objects beside what it named, from the real binary.

use crate::project::Project;
use serde_json::{Value, json};

const MANAGED: &str = "managed: [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]";

/// A group with a policy and a member that `p.rhai` does not name.
fn project(exclusive: bool) -> Project {
    let project = Project::new();
    project.write(
        "before.rhai",
        &format!("let o = organization();\no.create_user(\"old\");\no.create_group(\"staff\", #{{ {MANAGED}, members: [\"old\"] }});\n"),
    );
    project.run(&["play", "before.rhai"]).ok();
    project.write("p.rhai", &format!("organization().create_group(\"staff\", #{{ exclusive: {exclusive} }});\n"));
    project
}

#[test]
fn what_is_beside_is_told_and_not_counted() {
    let project = project(false);
    let before = project.world();
    let played = project.run(&["play", "p.rhai"]).ok();
    let told = "beside   management: policy `ReadOnlyAccess` on group `staff` is not of this playbook\n\
        beside   management: user `old` in group `staff` is not of this playbook\n";
    assert!(played.stdout.contains(told) && played.stdout.contains("changed=0"), "{}", played.stdout);
    let played = project.run(&["play", "p.rhai", "--output", "json"]).ok();
    let lines: Vec<Value> = played.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<&Value> = lines.iter().filter(|line| line["type"] == "found-beside").collect();
    assert_eq!((&events[1]["extra"], &events[1]["value"], &events[1]["name"]), (&json!("member"), &json!("old"), &json!("staff")));
    let recap = lines.last().unwrap();
    assert_eq!((recap["beside"].as_array().unwrap().len(), &recap["beside"][0]["extra"]), (2, &json!("managed-policy")));
    assert_eq!(before, project.world());
}

#[test]
fn exclusive_waits_for_a_yes_and_then_takes_away() {
    let project = project(true);
    let before = project.world();
    let paused = project.run(&["play", "p.rhai"]).exits(6);
    assert!(paused.stdout.contains("`exclusive group/staff` in `management` takes something away"), "{}", paused.stdout);
    assert!(paused.stdout.contains("RemoveUserFromGroup: old") && paused.stdout.contains("--yes"), "{}", paused.stdout);
    assert_eq!(before, project.world());
    let resumed = project.run(&["resume", "--yes"]).ok();
    assert!(resumed.stdout.contains("changed=1") && resumed.stdout.contains("replayed=1"), "{}", resumed.stdout);
    let world = project.world();
    assert!(world.contains("\"staff\"") && !world.contains("arn:aws:iam::aws:policy/ReadOnlyAccess"), "{world}");
    let again = project.run(&["play", "p.rhai"]).ok();
    assert!(again.stdout.contains("changed=0") && !again.stdout.contains("beside"), "{}", again.stdout);
}

#[test]
fn how_many_branches_were_tolerated_is_told() {
    let project = Project::new();
    let end = "let r = parallel([\"a\", \"b\", \"c\"], |n| if n == \"c\" { n } else { fail(`not ${n}`) }, #{ tolerate: 2 });\noutput(\"r\", r);\n";
    project.write("p.rhai", end);
    let played = project.run(&["play", "p.rhai"]).ok();
    assert!(played.stdout.contains("tolerated: 2 branches failed: a, b\n"), "{}", played.stdout);
    assert!(played.stderr.contains("tolerated: branch `a` failed: not a"), "{}", played.stderr);
    let played = project.run(&["play", "p.rhai", "--output", "json"]).ok();
    let recap: Value = serde_json::from_str(played.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&recap["tolerated"], &recap["status"], &recap["outputs"]["r"]),
        (&json!(["a", "b"]), &json!("done"), &json!([null, null, "c"]))
    );
    project.write("p.rhai", &end.replace("tolerate: 2", "tolerate: 1"));
    project.run(&["play", "p.rhai"]).exits(1);
}
