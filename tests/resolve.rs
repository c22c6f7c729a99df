//! `runner resolve`: a person decides what no lookup can tell, and the resume goes by it.

use crate::project::Project;
use serde_json::Value;

/// Whoever plays may ask for accounts, but not what became of the requests.
const BLINDED: &str = r#"
let org = organization();
org.create_organization();
org.put_user_policy("admin", "blind", #{ Version: "2012-10-17", Statement: [#{
    Effect: "Deny", Resource: "*",
    Action: ["organizations:DescribeCreateAccountStatus", "organizations:ListCreateAccountStatus"],
}] });
"#;

const PLAYBOOK: &str = r#"
let org = organization();
parallel(["dev", "people"], |label| {
    if label == "dev" { org.create_account("dev", #{ email: "aws+dev@example.com" }); } else { org.create_group("people"); }
});
"#;

/// A project whose run waits for an answer, the run's id, and that of the account which was made.
fn asked() -> (Project, String, String) {
    let project = Project::new();
    project.write("blinded.rhai", BLINDED);
    project.write("p.rhai", PLAYBOOK);
    project.run(&["play", "blinded.rhai"]).ok();
    let paused = project.run(&["play", "p.rhai"]).exits(6);
    let run = paused.stdout.split_whitespace().nth(1).unwrap().to_owned();
    assert!(paused.stdout.contains("paused=1") && paused.stdout.contains("changed=1"), "the group is made: {}", paused.stdout);
    let answers = format!("/create_account:dev --retry --run {run}, then: runner resume {run}");
    assert!(paused.stderr.contains(&answers) && paused.stderr.contains("--adopt ID"), "{}", paused.stderr);
    let id = accounts(&project).into_iter().find(|(_, name)| name == "dev").unwrap().0;
    (project, run, id)
}

fn accounts(project: &Project) -> Vec<(String, String)> {
    let estate: Value = serde_json::from_str(&project.run(&["sandbox", "show", "--output", "json"]).ok().stdout).unwrap();
    let accounts = estate["accounts"].as_object().unwrap();
    accounts.iter().map(|(id, account)| (id.clone(), account["name"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn an_account_that_fits_is_taken_over_and_another_is_refused_with_the_difference() {
    let (project, run, id) = asked();
    let management = accounts(&project).into_iter().find(|(_, name)| name == "management").unwrap().0;
    project.run(&["resolve", "dev", "--adopt", &management]).ok();
    let shown = project.run(&["show"]).ok().stdout;
    assert!(shown.contains(&format!("decided: it made {management}, which the resume checks")), "{shown}");
    let refused = project.run(&["resume"]).exits(6);
    assert!(refused.stderr.contains("has the address `management@example.com`, not `aws+dev@example.com`"), "{}", refused.stderr);
    let told = project.run(&["resolve", "create_account dev", "--adopt", &id, "--output", "json"]).ok().stdout;
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["type"], &told["run"], &told["resolution"]["id"]), (&"resolve".into(), &run.clone().into(), &id.into()));
    let done = project.run(&["resume", &run]).ok();
    assert!(done.stdout.contains("paused=0") && done.stdout.contains("replayed=1"), "{}", done.stdout);
    assert_eq!(accounts(&project).len(), 2);
    let exported = project.run(&["journal", "export"]).ok().stdout;
    assert!(exported.contains(r#""kind":"resolved""#) && exported.contains(r#""result":"undecided""#), "{exported}");
}

#[test]
fn what_is_to_be_tried_again_is_looked_for_first() {
    let (project, _, _) = asked();
    project.run(&["resolve", "dev", "--retry"]).ok();
    let done = project.run(&["resume"]).ok();
    assert!(done.stdout.contains("changed=0"), "{}", done.stdout);
    assert_eq!(accounts(&project).len(), 2);
    let over = project.run(&["resolve", "dev", "--retry"]).exits(64);
    assert!(over.stderr.contains("error[nothing-to-resume]"), "{}", over.stderr);
}

#[test]
fn what_cannot_be_decided_is_refused() {
    let (project, run, _) = asked();
    for (arguments, code) in [
        (&["resolve", "people", "--retry"] as &[&str], "no-question"),
        (&["resolve", "nobody", "--retry"], "unknown-step"),
        (&["resolve", "dev", "--retry", "--run", "zzzz"], "unknown-run"),
    ] {
        let refused = project.run(arguments).exits(64);
        assert!(refused.stderr.contains(&format!("error[{code}]")), "{arguments:?}: {}", refused.stderr);
    }
    for arguments in [&["resolve", "dev"] as &[&str], &["resolve", "dev", "--retry", "--adopt", "1"]] {
        let refused = project.run(arguments).exits(64);
        assert!(refused.stderr.contains("error[no-resolution]"), "{arguments:?}: {}", refused.stderr);
    }
    let shown = project.run(&["show", &run]).ok().stdout;
    assert!(
        shown.contains("open: what became of CreateAccount is not known: create_account dev") && !shown.contains("decided:"),
        "{shown}"
    );
}
