//! What a shell sees: exit codes, the two streams, JSON, a reader that goes away.

use crate::project::Project;
use serde_json::Value;
use std::io::Read;
use std::process::Stdio;

const PLAYBOOK: &str = "let org = organization();\norg.create_organization();\n\
    let a = org.create_account(\"a\", #{ email: param(\"mail\", #{ kind: \"email\", help: \"root address\" }) });\n\
    output(\"id\", a.id);\nlog(\"two\\nlines\\x1b[2J\");\n";

fn project() -> Project {
    let project = Project::new();
    project.write("runner.toml", "[environments.stage.params]\nmail = \"x+a@example.com\"\n");
    project.write("p.rhai", PLAYBOOK);
    project
}

#[test]
fn usage_errors_exit_64_and_name_the_way_on() {
    let project = project();
    project.write("broken/runner.toml", "[targets.a]\nkind = \"aws\"\nacount_id = \"1\"\n");
    for (args, said) in [
        (&["paly", "p.rhai"][..], "'play'"),
        (&["play", "p.rhai"], "-p mail=NAME@EXAMPLE.COM   root address"),
        (&["play", "p.rhai", "-p", "mial=x"], "did you mean `mail`?"),
        (&["play", "p.rhai", "-p", "mail=x"], "an e-mail address"),
        (&["play", "p.rhai", "--target", "sandbax"], "did you mean `sandbox`?"),
        (&["play", "p.rhai", "--env", "stge"], "did you mean `stage`?"),
        (&["play", "q.rhai"], "runner list"),
        (&["resume"], "runner play"),
        (&["show", "zz"], "runner runs"),
        (&["runs", "-C", "broken"], "--> runner.toml:3:1"),
        (&["runs", "-C", "nowhere"], "-C"),
    ] {
        let ended = project.run(args).exits(64);
        assert!(ended.stderr.contains(said) && ended.stdout.is_empty(), "{args:?}: {}", ended.stderr);
    }
}

#[test]
fn aws_is_never_touched_without_pin_and_yes() {
    let project = project();
    project.write("runner.toml", "[targets.live]\nkind = \"aws\"\naccount_id = \"111122223333\"\n[targets.loose]\nkind = \"aws\"\n");
    for (args, said) in [
        (&["play", "p.rhai", "-p", "mail=x@example.com", "--target", "live"][..], "--yes"),
        (&["play", "p.rhai", "-p", "mail=x@example.com", "--target", "loose", "--yes"], "account_id"),
    ] {
        let ended = project.run(args).exits(64);
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
    }
    assert!(!project.path(".runner").exists());
}

#[test]
fn json_is_pure_with_the_version_first_and_the_recap_last() {
    let project = project();
    let ended = project.run(&["--output", "json", "play", "p.rhai", "--env", "stage"]).ok();
    assert_eq!(ended.stderr, "");
    assert!(!ended.stdout.contains('\u{1b}'));
    let lines: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["type"], &lines[0]["format"]), (&"version".into(), &1.into()));
    let recap = lines.last().unwrap();
    assert_eq!((&recap["type"], &recap["ok"], &recap["changed"], &recap["exit_code"]), (&"recap".into(), &2.into(), &2.into(), &0.into()));
    let run = recap["run"].as_str().unwrap();
    assert_eq!(project.run(&["output", &run[..2], "id"]).ok().stdout.trim(), recap["outputs"]["id"].as_str().unwrap());
    for args in [&["runs"][..], &["show"], &["output"], &["list"], &["check", "p.rhai"], &["sandbox", "show"]] {
        let args = [args, &["--output", "json"]].concat();
        let document: Result<Value, _> = serde_json::from_str(&project.run(&args).ok().stdout);
        assert!(document.is_ok_and(|document| document.is_object()), "{args:?}");
    }
    let error: Value = serde_json::from_str(&project.run(&["show", "zz", "--output", "json"]).exits(64).stdout).unwrap();
    assert_eq!((&error["type"], &error["code"]), (&"error".into(), &"unknown-run".into()));
}

#[test]
fn what_ends_a_run_is_in_the_recap_and_its_last_line_continues_it() {
    let project = project();
    project.write("p.rhai", &format!("{PLAYBOOK}fail(\"enough\");\n"));
    let ended = project.run(&["play", "p.rhai", "--env", "stage", "-C", "."]).exits(1);
    assert!(ended.stderr.contains("     log two\nlines\\u{1b}[2J\n"), "{}", ended.stderr);
    assert!(ended.stdout.contains("enough") && ended.stdout.contains("--> p.rhai:6:"), "{}", ended.stdout);
    let run = ended.stdout.split_whitespace().nth(1).unwrap();
    for stream in [&ended.stdout, &ended.stderr] {
        assert_eq!(stream.lines().last(), Some(format!("  runner resume {run} -C .").as_str()));
    }
    project.write("p.rhai", PLAYBOOK);
    let resumed = project.run(&["resume", run]).ok();
    assert!(resumed.stdout.contains("replayed=2"), "{}", resumed.stdout);
}

#[test]
fn a_reader_that_goes_away_makes_no_noise() {
    let project = project();
    let mut child = project.command(&["--help"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut talk = String::new();
    child.stderr.take().unwrap().read_to_string(&mut talk).unwrap();
    assert_eq!((child.wait().unwrap().code(), talk.as_str()), (Some(0), ""));

    let mut child = project.command(&["play", "p.rhai", "--env", "stage"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut talk = String::new();
    child.stderr.take().unwrap().read_to_string(&mut talk).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{talk}");
    assert!(!talk.contains("panicked"), "{talk}");
}

#[test]
fn accounts_are_made_with_the_role_by_which_the_target_enters_them() {
    let project = Project::new();
    project.write("runner.toml", "[targets.sandbox]\nkind = \"sandbox\"\nrole = \"Bootstrap\"\n");
    let playbook = "let org = organization();\norg.create_organization();\n\
        let dev = org.create_account(\"dev\", #{ email: \"x+dev@example.com\" });\ndev.create_group(\"readers\");\n";
    project.write("p.rhai", playbook);
    project.run(&["play", "p.rhai"]).ok();
    let world: Value = serde_json::from_str(&project.world()).unwrap();
    let dev = world["accounts"].as_object().unwrap().values().find(|account| account["name"] == "dev").unwrap();
    assert_eq!(dev["iam"]["roles"].as_object().unwrap().keys().collect::<Vec<_>>(), ["Bootstrap"]);
    assert!(dev["iam"]["groups"]["readers"].is_object());
}
