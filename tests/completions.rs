//! What a shell offers on TAB, and the man pages.

use crate::project::Project;
use std::fs;

/// What bash is offered for the last of these words.
fn offered(project: &Project, words: &[&str]) -> Vec<String> {
    let mut command = project.command(&[&["--", "runner"], words].concat());
    command.env("RUNNER_COMPLETE", "bash").env("_CLAP_IFS", "\n").env("_CLAP_COMPLETE_INDEX", words.len().to_string());
    let output = command.output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn tab_offers_runs_playbooks_targets_and_environments() {
    let project = Project::new();
    project.write("runner.toml", "[targets.live]\nkind = \"aws\"\n[environments.stage.params]\n");
    project.write("playbooks/base.rhai", "organization().create_organization();\n");
    let ended = project.run(&["play", "playbooks/base.rhai"]).ok();
    let run = ended.stdout.split_whitespace().nth(1).unwrap();
    for command in ["resume", "show", "output"] {
        assert!(offered(&project, &[command, &run[..1]]).contains(&run.to_owned()), "{command}");
    }
    assert_eq!(offered(&project, &["play", "pl"]), ["playbooks/base.rhai"]);
    assert_eq!(offered(&project, &["runs", "--target", "l"]), ["live"]);
    assert_eq!(offered(&project, &["play", "x", "--env", "s"]), ["stage"]);
    assert_eq!(offered(&project, &["compl"]), ["completions"]);
}

#[test]
fn where_nothing_can_be_read_nothing_is_offered() {
    let project = Project::new();
    project.write("runner.toml", "kind = ");
    assert!(offered(&project, &["runs", "--target", "l"]).is_empty());
}

#[test]
fn every_shell_gets_a_script_that_calls_back() {
    let project = Project::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = project.run(&["completions", shell]).ok().stdout;
        assert!(script.contains("RUNNER_COMPLETE") && script.contains("runner"), "{shell}: {script}");
    }
    project.run(&["completions", "tcsh"]).exits(64);
}

#[test]
fn every_command_has_a_man_page_with_its_examples() {
    let project = Project::new();
    let page = project.run(&["man"]).ok().stdout;
    for said in [".TH runner 1", ".SH SYNOPSIS", "runner\\-play(1)", "Exit codes:", "runner resume"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    project.run(&["man", "pages"]).ok();
    assert!(fs::read_to_string(project.path("pages/runner-sandbox-serve.1")).unwrap().contains("RUNNER_PORT"));
    assert!(fs::read_to_string(project.path("pages/runner-show.1")).unwrap().contains("Examples:"));
    assert!(!project.path("pages/runner-help.1").exists());
    project.run(&["man", "runner.toml"]).exits(1);
}
