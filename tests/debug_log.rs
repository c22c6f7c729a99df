//! The debug log of a run: every call, and nothing that could be a secret.

use crate::project::Project;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const EXTERNAL_ID: &str = "agreed-in-secret-7391";

const PLAYBOOK: &str = r#"
let org = organization();
org.create_organization();
let dev = org.create_account("dev", #{ email: "x+dev@example.com" });
let role = dev.create_role("audit", #{ trust: #{ Version: "2012-10-17", Statement: [#{
    Effect: "Allow", Principal: #{ AWS: org.id }, Action: "sts:AssumeRole",
    Condition: #{ StringEquals: #{ "sts:ExternalId": "agreed-in-secret-7391" } },
}] }, managed: ["arn:aws:iam::aws:policy/AdministratorAccess"] });
let session = assume(role.arn, #{ external_id: "agreed-in-secret-7391" });
session.create_group("readers-of-secret-things");
"#;

/// `call ACCOUNT SERVICE:ACTION CODE MILLISECONDSms REQUEST`, `wait ACCOUNT CODE SECONDSs`, `play|resume RUN`, `draining`; each behind a time.
fn is_line(line: &str) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    let code = |word: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let account = |word: &str| word == "-" || (word.len() == 12 && word.bytes().all(|b| b.is_ascii_digit()));
    words[0].len() == "2026-01-02T03:04:05.678Z".len()
        && match &words[1..] {
            ["call", id, action, outcome, took, request] => {
                account(id)
                    && action.split_once(':').is_some_and(|(service, name)| code(service) && code(name))
                    && code(outcome)
                    && took.ends_with("ms")
                    && code(request)
            }
            ["wait", id, why, seconds] => account(id) && code(why) && seconds.ends_with('s'),
            ["play" | "resume", run] => code(run),
            ["draining"] => true,
            _ => false,
        }
}

fn log_of(project: &Project) -> String {
    let shown: Value = serde_json::from_str(&project.run(&["show", "--output", "json"]).ok().stdout).unwrap();
    let path = shown["log"].as_str().unwrap();
    assert!(project.run(&["show"]).ok().stdout.contains(path));
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(project.path(".runner/sandbox/logs")).unwrap().permissions().mode() & 0o777, 0o700);
    fs::read_to_string(path).unwrap()
}

#[test]
fn it_has_a_line_for_every_call_and_no_argument_or_credential() {
    let project = Project::new();
    project.write("p.rhai", PLAYBOOK);
    project.run(&["play", "p.rhai"]).ok();
    let log = log_of(&project);
    for line in log.lines() {
        assert!(is_line(line), "{line}");
    }
    for called in ["sts:GetCallerIdentity ok", "organizations:CreateAccount ok", "sts:AssumeRole ok", "iam:CreateGroup ok"] {
        assert!(log.contains(called), "{called}\n{log}");
    }
    for kept in [EXTERNAL_ID, "readers-of-secret-things", "example.com", "audit", "AdministratorAccess"] {
        assert!(!log.contains(kept), "{kept}\n{log}");
    }
}

#[test]
fn a_resume_adds_to_it_and_it_goes_with_its_run() {
    let project = Project::new();
    let before = "organization().create_organization();\n";
    project.write("p.rhai", &format!("{before}fail(\"enough\");\n"));
    project.run(&["play", "p.rhai"]).exits(1);
    let first = log_of(&project);
    project.write("p.rhai", before);
    project.run(&["resume"]).ok();
    let both = log_of(&project);
    assert!(both.starts_with(&first) && both.contains(" resume "), "{both}");
    project.run(&["runs", "prune", "--keep", "0", "--yes"]).ok();
    assert_eq!(fs::read_dir(project.path(".runner/sandbox/logs")).unwrap().count(), 0);
    project.run(&["play", "p.rhai"]).ok();
    project.run(&["sandbox", "reset"]).ok();
    assert!(!project.path(".runner/sandbox/logs").exists());
}

#[test]
fn with_v_its_path_and_that_of_the_journal_are_said_first() {
    let project = Project::new();
    project.write("p.rhai", "organization().create_organization();\n");
    let ended = project.run(&["play", "p.rhai", "-v"]).ok();
    let lines: Vec<&str> = ended.stderr.lines().take(2).collect();
    assert!(lines[0].starts_with("journal ") && lines[0].ends_with(".journal"), "{}", ended.stderr);
    assert!(lines[1].starts_with("log ") && lines[1].contains("/logs/"), "{}", ended.stderr);
}
