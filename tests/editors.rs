//! What helps to write playbooks and runner.toml: `new`, `schema`, `definitions`.

use crate::project::{Project, repository};
use serde_json::Value;
use std::fs;

#[test]
fn every_template_can_be_played_at_once() {
    for (template, made) in [("empty", "changed=1"), ("one-account", "changed="), ("multi-account", "changed=")] {
        let project = Project::new();
        let told = project.run(&["new", "base", "--template", template]).ok().stdout;
        // What it says to type next works as it stands.
        let next: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("  ")).collect();
        assert_eq!(next, ["cd base", "runner check base.rhai", "runner play base.rhai"]);
        let words = |line: &'static str| line.split(' ').skip(1).chain(["-C", "base"]).collect::<Vec<_>>();
        project.run(&words("runner check base.rhai")).ok();
        let played = project.run(&words("runner play base.rhai")).ok();
        assert!(played.stdout.contains(made), "{template}: {}", played.stdout);
        let again = project.run(&words("runner play base.rhai")).ok();
        assert!(again.stdout.contains("changed=0"), "{template}: {}", again.stdout);
    }
}

#[test]
fn nothing_is_written_over() {
    let project = Project::new();
    project.write("base/base.rhai", "mine");
    let refused = project.run(&["new", "base"]).exits(64);
    assert!(refused.stderr.contains("file-exists"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(project.path("base/base.rhai")).unwrap(), "mine");
    assert!(!project.path("base/runner.toml").exists());
    project.run(&["new", ".."]).exits(64);
    project.run(&["new", "other", "--template", "none"]).exits(64);
}

#[test]
fn the_schema_is_the_one_in_docs() {
    let project = Project::new();
    let schema = project.run(&["schema"]).ok().stdout;
    assert_eq!(schema, fs::read_to_string(repository().join("docs/runner.schema.json")).unwrap());
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let keys: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["default_target", "environments", "hooks", "targets"]);
}

#[test]
fn definitions_are_printed_or_written_with_the_standard_modules() {
    let project = Project::new();
    let printed = project.run(&["definitions"]).ok().stdout;
    assert!(printed.contains("\nfn create_role(session: ?, name: ?, options: Map) -> ?;\n"), "{printed}");
    project.run(&["definitions", "defs"]).ok();
    assert_eq!(fs::read_to_string(project.path("defs/runner.d.rhai")).unwrap(), printed);
    assert!(fs::read_to_string(project.path("defs/std/policy.rhai")).unwrap().contains("fn trust("));
    project.run(&["definitions", "runner.toml"]).exits(1);
}
