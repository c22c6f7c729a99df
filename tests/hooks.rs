//! Commands before and after a play.

use crate::project::{Project, talk_of};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, Read};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

const PLAYBOOK: &str = "let org = organization();\norg.create_organization();\n";

/// With these hooks, and a script `tell.sh` that keeps what it is told in `told-WORD` and talks.
fn project(hooks: &str) -> Project {
    let project = Project::new();
    project.write("runner.toml", &format!("[hooks]\n{hooks}\n"));
    project.write("p.rhai", PLAYBOOK);
    script(&project, "tell.sh", "cat > told-$1\necho the hook says $1");
    project
}

fn script(project: &Project, name: &str, text: &str) {
    let path = project.write(name, &format!("#!/bin/sh\nPATH=/bin:/usr/bin\n{text}\n"));
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn told(project: &Project, name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(project.path(name)).unwrap()).unwrap()
}

fn runs(project: &Project) -> Value {
    serde_json::from_str::<Value>(&project.run(&["runs", "--output", "json"]).ok().stdout).unwrap()["runs"].clone()
}

#[test]
fn both_are_told_of_the_run_and_talk_on_standard_error() {
    let mut project = project("before = [\"./tell.sh\", \"before\"]\nafter = [\"./tell.sh\", \"after\"]");
    project.environment.push(("USER", "ana".to_owned()));
    fs::create_dir(project.path("below")).unwrap();
    let ended = project.run(&["play", "../p.rhai", "-C", "below", "--reason", "ticket 7", "--output", "json"]).ok();
    let recap: Value = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
    let before = told(&project, "told-before");
    for (key, value) in [("type", "before"), ("playbook", "p.rhai"), ("target", "sandbox"), ("user", "ana"), ("reason", "ticket 7")] {
        assert_eq!(before[key], value, "{before}");
    }
    assert_eq!((&before["run"], &before["resumed"]), (&recap["run"], &Value::Bool(false)));
    assert_eq!(before["account"].as_str().unwrap().len(), 12);
    assert!(before["caller"].as_str().unwrap().starts_with("arn:aws:iam::"), "{before}");
    assert_eq!(told(&project, "told-after"), recap);
    assert_eq!(ended.stderr, "the hook says before\nthe hook says after\n");
}

#[test]
fn one_that_fails_or_is_missing_stops_the_play_before_anything_is_done() {
    for (hook, said) in [("[\"false\"]", "exit status: 1"), ("[\"./none.sh\"]", "No such file"), ("[\"no-such-program\"]", "No such file")]
    {
        let mut project = project(&format!("before = {hook}"));
        project.environment.push(("PATH", "/bin:/usr/bin".to_owned()));
        let ended = project.run(&["play", "p.rhai"]).exits(1);
        assert!(ended.stderr.contains("error[hook-failed]") && ended.stderr.contains(said), "{}", ended.stderr);
        assert!(ended.stderr.contains("nothing was done"), "{}", ended.stderr);
        // No run is left behind, unfinished or not.
        assert_eq!(runs(&project), Value::Array(vec![]));
        project.write("runner.toml", "");
        let played = project.run(&["play", "p.rhai"]).ok();
        assert!(played.stdout.contains("changed=1"), "{}", played.stdout);
    }
}

#[test]
fn a_refused_fresh_play_or_resume_leaves_the_earlier_run_as_it_was() {
    let project = project("");
    project.write("p.rhai", &format!("{PLAYBOOK}fail(\"enough\");\n"));
    project.run(&["play", "p.rhai"]).exits(1);
    let before = runs(&project);
    project.write("runner.toml", "[hooks]\nbefore = [\"/bin/false\"]\n");
    project.run(&["play", "p.rhai", "--fresh"]).exits(1);
    project.run(&["resume"]).exits(1);
    assert_eq!(runs(&project), before);
    // A play that is refused anyway tells no hook.
    project.write("runner.toml", "[hooks]\nbefore = [\"./tell.sh\", \"before\"]\n");
    project.run(&["play", "p.rhai"]).exits(6);
    assert!(!project.path("told-before").exists());
    project.run(&["resume"]).exits(1);
    assert_eq!(told(&project, "told-before")["resumed"], true);
}

#[test]
fn one_that_fails_afterwards_is_a_warning() {
    let project = project("after = [\"/bin/false\"]");
    let ended = project.run(&["play", "p.rhai"]).ok();
    assert!(ended.stderr.contains("warning: the hook `/bin/false` after the play failed: exit status: 1"), "{}", ended.stderr);
    project.write("runner.toml", "[hooks]\nafter = [\"./tell.sh\", \"after\"]\n");
    project.write("p.rhai", &format!("{PLAYBOOK}fail(\"enough\");\n"));
    project.run(&["play", "p.rhai"]).exits(1);
    assert_eq!((&told(&project, "told-after")["status"], &told(&project, "told-after")["exit_code"]), (&"failed".into(), &1.into()));
}

#[test]
fn one_that_reads_nothing_is_no_error() {
    let project = project("before = [\"/bin/true\"]\nafter = [\"/bin/true\"]");
    let ended = project.run(&["play", "p.rhai"]).ok();
    assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
}

#[test]
fn one_that_hangs_is_ended_by_an_interrupt() {
    let project = project("before = [\"./hang.sh\"]");
    // Reading what never comes, in this process itself.
    script(&project, "hang.sh", "mkfifo never; echo hanging; exec cat never");
    let mut child = project.command(&["play", "p.rhai"]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut talk = talk_of(&mut child);
    let mut line = String::new();
    talk.read_line(&mut line).unwrap();
    assert_eq!(line, "hanging\n");
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let mut rest = String::new();
    // Ends only when the hook, which has the same stream, is gone, too.
    talk.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    assert!(rest.contains("was interrupted"), "{rest}");
    assert_eq!(runs(&project), Value::Array(vec![]));
}
