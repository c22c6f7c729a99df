//! The main job from the real binary: play, play again, drift, kill and resume, edit and resume, two runners, Ctrl-C.

use crate::other_client::Served;
use crate::project::{Project, talk_of};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, Read};
use std::process::{Command, Stdio};

const PLAYBOOK: &str = "playbooks/multi-account.rhai";

#[test]
fn the_first_play_makes_five_accounts_and_the_second_changes_nothing() {
    let project = Project::with_playbooks();
    let first = project.run(&["play", PLAYBOOK]).ok();
    let kept: Vec<_> = fs::read_dir(project.path(".runner/sandbox")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        kept.iter().all(|name| !name.to_string_lossy().contains("sqlite-") && !name.to_string_lossy().contains("journal-")),
        "{kept:?}"
    );
    let world: Value = serde_json::from_str(&project.world()).unwrap();
    let names: Vec<&str> = world["accounts"].as_object().unwrap().values().map(|a| a["name"].as_str().unwrap()).collect();
    for name in ["security", "mgmt", "dev", "stage", "prod"] {
        assert!(names.contains(&name), "{name} is missing in {names:?}");
    }
    assert!(recap(&first.stdout, "changed") > 20, "{}", first.stdout);
    assert!(!project.world().contains("runner:"), "the runner's own tags are no part of the canonical form");

    let before = project.world();
    let second = project.run(&["play", PLAYBOOK]).ok();
    assert_eq!(recap(&second.stdout, "changed"), 0, "{}", second.stdout);
    assert_eq!(before, project.world());
}

#[test]
fn what_another_client_changed_is_put_right_and_nothing_else() {
    let project = Project::with_playbooks();
    project.run(&["play", PLAYBOOK]).ok();
    let before = project.world();
    let world: Value = serde_json::from_str(&before).unwrap();
    let id = |name: &str| {
        world["accounts"].as_object().unwrap().values().find(|a| a["name"] == name).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let policy = world["accounts"][id("security")]["iam"]["groups"]["ro-external-accounts"]["inline"]
        .as_object()
        .unwrap()
        .keys()
        .next()
        .unwrap()
        .clone();
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]});

    let served = Served::start(&project);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let security = served.iam(served.inside(&id("security")).await);
        security.delete_group_policy().group_name("ro-external-accounts").policy_name(policy).send().await.unwrap();
        let dev = served.iam(served.inside(&id("dev")).await);
        let role = "allow-admin-from-security-account";
        dev.update_assume_role_policy().role_name(role).policy_document(trust.to_string()).send().await.unwrap();
    });
    drop(served);
    assert_ne!(before, project.world());

    let again = project.run(&["play", PLAYBOOK]).ok();
    assert_eq!(recap(&again.stdout, "changed"), 2, "{}", again.stdout);
    assert_eq!(before, project.world());
}

#[test]
fn killed_at_twenty_places_and_resumed_the_world_is_the_same() {
    let undisturbed = Project::with_playbooks();
    let lines = undisturbed.run(&["play", PLAYBOOK]).ok().stderr.lines().count();
    let wanted = undisturbed.world();
    let mut killed = 0;
    for place in 0..20 {
        let project = Project::with_playbooks();
        if project.kill_after(&["play", PLAYBOOK], lines * place / 20) {
            killed += 1;
        }
        resume_or_play(&project);
        assert_eq!(wanted, project.world(), "killed after line {} of {lines}", lines * place / 20);
    }
    assert!(killed >= 15, "only {killed} of 20 runs were still alive when they were to be killed");
}

#[test]
fn edited_between_kill_and_resume_the_world_is_that_of_the_edited_playbook() {
    let before = "let org = organization();\norg.create_organization();\n\
        let a = org.create_account(\"a\", #{ email: \"x+a@example.com\" });\n\
        a.create_group(\"one\");\na.create_group(\"two\");\na.create_group(\"three\");\n\
        let b = org.create_account(\"b\", #{ email: \"x+b@example.com\" });\n\
        b.create_group(\"four\");\nb.create_group(\"five\");\n";
    // A step inserted before the stop point, and two others swapped.
    let after = before
        .replace("a.create_group(\"one\");\na.create_group(\"two\");", "a.create_group(\"two\");\na.create_group(\"one\");")
        .replace("let b =", "a.create_group(\"inserted\");\nlet b =");
    let undisturbed = Project::new();
    undisturbed.write("p.rhai", &after);
    undisturbed.run(&["play", "p.rhai"]).ok();
    let wanted = undisturbed.world();
    for place in 1..10 {
        let project = Project::new();
        project.write("p.rhai", before);
        project.kill_after(&["play", "p.rhai"], place);
        project.write("p.rhai", &after);
        if project.run(&["resume"]).code != Some(0) {
            project.run(&["play", "p.rhai"]).ok();
        }
        assert_eq!(wanted, project.world(), "killed after line {place}");
    }
}

#[test]
fn a_second_runner_is_refused_and_ctrl_c_drains() {
    let project = Project::new();
    // Creations that never end within the test: the first runner waits until it is told to stop.
    project.write("runner.toml", "[targets.sandbox]\nkind = \"sandbox\"\ncreation_seconds = 3600\n");
    project.write(
        "p.rhai",
        "let org = organization();\norg.create_organization();\norg.create_account(\"a\", #{ email: \"x+a@example.com\" });\n",
    );
    let mut child = project.command(&["play", "p.rhai"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut talk = talk_of(&mut child);
    let mut line = String::new();
    while !line.contains("create_organization") {
        line.clear();
        assert_ne!(talk.read_line(&mut line).unwrap(), 0, "the play ended before its first step");
    }

    let second = project.run(&["play", "p.rhai"]).exits(7);
    assert!(second.stderr.contains(&format!("pid {}", child.id())), "{}", second.stderr);

    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    let mut rest = String::new();
    talk.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    let last = format!("{rest}{out}").lines().last().unwrap_or_default().to_string();
    assert!(last.contains("runner resume "), "the last line must be the way on:\n{rest}\n{out}");
}

/// A run that was killed before its first intent left nothing to resume.
fn resume_or_play(project: &Project) {
    if project.run(&["resume"]).code != Some(0) {
        project.run(&["play", PLAYBOOK]).ok();
    }
}

/// A count of the recap's total line.
fn recap(stdout: &str, what: &str) -> usize {
    let total = stdout.lines().find(|line| line.trim_start().starts_with("total")).unwrap_or_else(|| panic!("no total in:\n{stdout}"));
    let field = total.split_whitespace().find_map(|word| word.strip_prefix(what)?.strip_prefix('='));
    field.unwrap_or_else(|| panic!("no {what} in {total}")).parse().unwrap()
}
