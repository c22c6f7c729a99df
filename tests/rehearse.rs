//! `runner rehearse`, from the real binary.

use crate::preflight::{Pair, changing};
use crate::project::{Ended, Project};
use serde_json::Value;
use std::collections::BTreeMap;

const PLAYBOOK: &str = "playbooks/multi-account.rhai";
const FAULTS: [&str; 7] = ["crash", "duplicate", "lag", "late", "lost-reply", "stale", "throttle"];

fn lines(ended: &Ended) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// By seed, all that is told of it: the hash of its journal among it.
fn played(ended: &Ended) -> BTreeMap<u64, Value> {
    let of_type = |line: &Value| line["type"] == "played";
    lines(ended).into_iter().filter(of_type).map(|line| (line["seed"].as_u64().unwrap(), line)).collect()
}

fn rehearse(project: &Project, more: &[&str]) -> Ended {
    project.run(&[&["rehearse", PLAYBOOK, "--output", "json"], more].concat())
}

#[test]
fn seeds_of_all_faults_end_as_an_undisturbed_play_and_twice_the_same() {
    let project = Project::with_playbooks();
    let first = rehearse(&project, &["--runs", "20"]).ok();
    let told = lines(&first);
    assert_eq!((&told[0]["type"], &told[0]["format"]), (&"version".into(), &1.into()));
    assert_eq!((&told[1]["type"], &told[1]["undisturbed"]["accounts"]), (&"rehearsal".into(), &5.into()));
    let recap = told.last().unwrap();
    assert_eq!(
        (&recap["type"], &recap["runs"], &recap["questions"], &recap["accounts"]),
        (&"recap".into(), &20.into(), &0.into(), &100.into())
    );
    // It went through something.
    for fault in FAULTS {
        assert!(recap["faults"][fault].as_u64().unwrap() > 0, "{recap}");
    }
    assert!(recap["crashes"].as_u64().unwrap() >= 10 && recap["resumes"].as_u64() >= recap["crashes"].as_u64(), "{recap}");
    println!("{recap}");
    // Another two at the same time, so that the order of threads is another one.
    std::thread::scope(|scope| {
        let beside = scope.spawn(|| rehearse(&project, &["--runs", "10", "--seed", "11"]).ok());
        let second = rehearse(&project, &["--runs", "10"]).ok();
        let mut again = played(&second);
        again.extend(played(&beside.join().unwrap()));
        assert_eq!(played(&first), again);
    });
    let journals: std::collections::BTreeSet<String> = played(&first).values().map(|played| played["journal"].to_string()).collect();
    assert_eq!(journals.len(), 20);
    assert!(!project.path(".runner").exists());
}

#[test]
fn a_single_seed_is_told_whole() {
    let project = Project::with_playbooks();
    let told = project.run(&["rehearse", PLAYBOOK, "--seed", "3", "--runs", "1", "--faults", "crash,lost-reply"]).ok();
    for word in
        ["seed 3\n", "undisturbed: ", "faults: lost-reply, crash", "   crash the runner dies here; resumed ", "replayed ", "under way"]
    {
        assert!(told.stderr.contains(word), "{word}: {}", told.stderr);
    }
    for word in ["runs       1\n", "crashes    ", "every run came to the end of an undisturbed play\n"] {
        assert!(told.stdout.contains(word), "{word}: {}", told.stdout);
    }
    let told = rehearse(&project, &["--seed", "3", "--runs", "1"]).ok();
    let types: Vec<Value> = lines(&told).into_iter().map(|mut line| line["type"].take()).collect();
    for kind in ["run", "step-finished", "fault", "died", "played"] {
        assert!(types.contains(&kind.into()), "{kind}: {types:?}");
    }
    assert_eq!((types.first().unwrap(), types.last().unwrap()), (&"version".into(), &"recap".into()));
}

#[test]
fn only_the_faults_asked_for_are_met() {
    let project = Project::with_playbooks();
    let told = rehearse(&project, &["--runs", "4", "--faults", "throttle"]).ok();
    let recap = lines(&told).pop().unwrap();
    let met: Vec<&String> = recap["faults"].as_object().unwrap().keys().collect();
    assert_eq!(met, ["throttle"]);
    assert_eq!((&recap["crashes"], &recap["resumes"]), (&0.into(), &recap["failed"]));
    project.run(&["rehearse", PLAYBOOK, "--faults", "rain"]).exits(64);
}

#[test]
fn a_playbook_that_does_not_play_is_told_first() {
    let project = Project::new();
    project.write("no.rhai", "organization().create_organization();\nfail(\"not today\");\n");
    let told = project.run(&["rehearse", "no.rhai"]).exits(1);
    assert!(
        told.stderr.contains("not today") && told.stderr.contains("no.rhai:2") && told.stderr.contains("nothing was rehearsed"),
        "{}",
        told.stderr
    );
    assert_eq!(told.stdout, "");
    assert!(!project.path(".runner").exists());
}

#[test]
fn it_begins_from_a_copy_of_what_was_played() {
    let project = Project::with_playbooks();
    project.run(&["play", PLAYBOOK]).ok();
    let world = project.world();
    let told = rehearse(&project, &["--runs", "2"]).ok();
    let told = lines(&told);
    assert_eq!((&told[1]["world"], &told[1]["undisturbed"]["accounts"]), (&"a copy of its world".into(), &0.into()));
    assert_eq!(project.world(), world);
}

#[test]
fn an_aws_is_read_once_and_rehearsed_on_a_world_that_stands_for_it() {
    let pair = Pair::new("");
    let mail = ["-p", "mail=aws@example.com"];
    let told = pair.client.run(&[&["rehearse", PLAYBOOK, "--target", "live", "--runs", "2", "--output", "json"], &mail[..]].concat()).ok();
    assert_eq!(pair.door.take(), ["GetCallerIdentity", "DescribeOrganization"]);
    let recap = lines(&told).pop().unwrap();
    assert_eq!((&recap["accounts"], &recap["violated"]), (&10.into(), &serde_json::json!([])));
    // What is there is there in the world, too.
    pair.client.run(&[&["play", PLAYBOOK, "--target", "live", "--yes"], &mail[..]].concat()).ok();
    pair.door.take();
    let told = pair.client.run(&[&["rehearse", PLAYBOOK, "--target", "live", "--runs", "1", "--output", "json"], &mail[..]].concat()).ok();
    let asked = pair.door.take();
    assert!(asked.contains(&"ListAccounts".to_owned()) && changing(&asked).is_empty(), "{asked:?}");
    assert_eq!(lines(&told).pop().unwrap()["accounts"], 0);
}
