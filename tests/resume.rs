//! `resume` and `--fresh` where a run cannot simply go on.

use crate::aws_target::Pair;
use crate::counting::Counting;
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

#[test]
fn what_a_resume_finds_is_told_before_anything_else() {
    let project = Project::new();
    let steps = |action: &str| {
        let statement = format!("#{{ Effect: \"Allow\", Action: \"{action}\", Resource: \"*\" }}");
        format!(
            "{BEFORE}org.put_group_policy(\"one\", \"p\", #{{ Version: \"2012-10-17\", Statement: [{statement}] }});\norg.create_group(\"two\");\n"
        )
    };
    project.write("p.rhai", &format!("{}fail(\"enough\");\n", steps("iam:ListUsers")));
    project.run(&["play", "p.rhai"]).exits(1);
    let edited = steps("iam:ListRoles").replace("org.create_group(\"two\");", "org.create_group(\"three\");");
    project.write("p.rhai", &format!("{edited}fail(\"again\");\n"));
    let early = project.run(&["resume", "--output", "json"]).exits(1);
    let survey = &objects(&early, "survey").next().unwrap();
    assert!(survey["ended_by"].as_str().unwrap().starts_with("again"), "{survey}");
    assert_eq!((&survey["replayed"], &survey["no_longer_reached"]), (&2.into(), &serde_json::json!([])), "{survey}");
    let changed = &survey["changed"][0];
    assert_eq!((&changed["label"], &changed["place"]["line"]), (&"put_group_policy one/p".into(), &4.into()), "{survey}");
    let difference = changed["difference"].as_str().unwrap().to_lowercase();
    assert!(difference.contains("iam:listusers") && difference.contains("-> ") && difference.contains("iam:listroles"), "{difference}");
    project.write("p.rhai", &edited.replace("three", "four"));
    let resumed = project.run(&["resume", "--output", "json"]);
    let types: Vec<Value> = resumed.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["type"].clone()).collect();
    assert_eq!(types[..3], ["version", "survey", "run"]);
    let survey = objects(&resumed, "survey").next().unwrap();
    let labels = |list: &str| -> Vec<String> {
        survey[list].as_array().unwrap().iter().map(|step| step["label"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(labels("new"), ["create_group four"]);
    assert_eq!(labels("no_longer_reached"), ["create_group three", "create_group two"]);
    assert_eq!((labels("changed"), labels("again"), &survey["replayed"]), (vec![], vec![], &3.into()), "{survey}");
}

#[test]
fn pinned_plays_the_text_of_then_with_the_parameters_of_then() {
    let project = Project::new();
    project.write("lib/names.rhai", "fn first() { \"one\" }\n");
    let text = "import \"lib/names\" as names;\nlet name = param(\"name\", #{ kind: \"string\" });\nlet org = organization();\n\
        org.create_organization();\norg.create_group(names::first());\norg.attach_group_policy(\"nobody\", \"arn:aws:iam::aws:policy/ReadOnlyAccess\");\n\
        org.create_group(name);\n";
    project.write("p.rhai", text);
    project.run(&["play", "p.rhai", "-p", "name=two"]).exits(1);
    fs::remove_file(project.path("p.rhai")).unwrap();
    fs::remove_dir_all(project.path("lib")).unwrap();
    let gone = project.run(&["resume"]).exits(64);
    assert!(gone.stderr.contains("--pinned"), "{}", gone.stderr);
    for refused in [["-p", "name=x"], ["--params", "no.toml"]] {
        let refused = project.run(&["resume", "--pinned", refused[0], refused[1]]).exits(64);
        assert!(refused.stderr.contains("pinned-parameters"), "{}", refused.stderr);
    }
    // The same stop, with the place in the text of then, and the command to continue that says it again.
    let again = project.run(&["resume", "--pinned"]).exits(1);
    assert!(again.stdout.contains("p.rhai:6:5") && again.stdout.contains("org.attach_group_policy(\"nobody\""), "{}", again.stdout);
    assert!(again.stdout.ends_with(" --pinned\n"), "{}", again.stdout);
    // What stands there now is another playbook; the pinned one goes on.
    project.write("p.rhai", "let org = organization();\norg.create_organization();\norg.create_group(\"nobody\");\nfail(\"no\");\n");
    project.run(&["resume"]).exits(1);
    let other = project.run(&["resume", "--pinned"]).exits(1);
    assert!(other.stdout.contains("error[failed]: no"), "the run was last resumed with this text: {}", other.stdout);
}

#[test]
fn to_tell_what_it_will_meet_costs_no_call() {
    let pair = Pair::new();
    let counting = Counting::before(&pair.aws.endpoint);
    pair.by_way_of(&counting.endpoint);
    let accounts = "let unit = org.create_organizational_unit(\"Workloads\");\n\
        let dev = org.create_account(\"dev\", #{ email: \"aws+dev@example.com\", ou: unit, tags: #{ team: \"a\" } });\n\
        dev.create_group(\"staff\");\n";
    let made = format!("let org = organization();\norg.create_organization();\n{accounts}");
    let live = ["--target", "live", "--yes"];
    let play = |name: &str, text: &str, resume: &[&str]| {
        // What only AWS knows to be wrong.
        let stop = "org.attach_group_policy(\"nobody\", \"arn:aws:iam::aws:policy/ReadOnlyAccess\");\n";
        pair.client.write(name, &format!("{text}{stop}"));
        let played = pair.client.run(&[&["play", name][..], &live].concat()).exits(1);
        let run = played.stdout.split_whitespace().nth(1).unwrap().to_owned();
        pair.client.write(name, &format!("{text}{}", resume.concat()));
        counting.take();
        let resumed = pair.client.run(&[&["resume", &run, "--output", "json"][..], &live].concat()).ok();
        (objects(&resumed, "survey").next().unwrap(), counting.take())
    };
    // Before a run goes on, its organisation is looked at.
    let organization = ["GetCallerIdentity", "DescribeOrganization", "ListRoots", "ListAccounts"];
    let (survey, calls) = play("a.rhai", &made, &[]);
    assert_eq!((&survey["replayed"], &survey["ended_by"], calls), (&4.into(), &Value::Null, organization.map(str::to_owned).to_vec()));
    let (survey, calls) = play("b.rhai", &made, &["dev.attach_group_policy(\"staff\", \"arn:aws:iam::aws:policy/ReadOnlyAccess\");\n"]);
    assert_eq!((&survey["new"][0]["label"], &survey["ended_by"]), (&"attach_group_policy staff/ReadOnlyAccess".into(), &Value::Null));
    // With the lease around the change.
    let work = ["AssumeRole", "GetAccountAuthorizationDetails", "CreatePolicy", "AttachGroupPolicy", "DeletePolicy"];
    assert_eq!(calls, [&organization[..], &work].concat());
    // A playbook that takes the organisation as it is: only `organization()` itself asks, and the copy knows what the run has written down.
    let taken = format!("let org = organization();\n{accounts}");
    let (survey, calls) = play("c.rhai", &taken, &[]);
    assert_eq!(
        (&survey["replayed"], &survey["ended_by"], calls),
        (&3.into(), &Value::Null, organization[..2].iter().map(ToString::to_string).collect())
    );
}
