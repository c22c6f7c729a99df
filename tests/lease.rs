//! Two projects on one account of AWS, as on two machines: one at a time changes it.

use crate::aws_target::{PLAY, Pair};
use crate::counting::Counting;
use crate::other_client::Served;
use crate::project::{Ended, Project};
use crate::proxy::Proxy;
use serde_json::Value;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;

const ON_LIVE: [&str; 3] = ["--target", "live", "--yes"];

fn play(playbook: &str) -> Vec<&str> {
    [&["play", playbook], &ON_LIVE[..]].concat()
}

fn unlocked(project: &Project) -> Value {
    serde_json::from_str(&project.run(&[&["unlock", "--output", "json"], &ON_LIVE[..]].concat()).ok().stdout).unwrap()
}

/// Asserts that nobody holds it.
#[track_caller]
fn free(pair: &Pair) {
    let told = pair.another().run(&["unlock", "--target", "live"]).ok();
    assert!(told.stdout.starts_with("nobody holds the lease of account "), "{}", told.stdout);
}

/// The holder's play, killed before the reply to its third change has come.
fn killed(pair: &Pair) {
    let proxy = Proxy::start(&pair.aws.endpoint, Some(2));
    pair.by_way_of(&proxy.endpoint);
    let mut holder = pair.client.command(&PLAY).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let held = proxy.held();
    let (other, before) = (pair.another(), pair.world());
    let refused = other.run(&PLAY).exits(7);
    let told = ["error[lease-held]", "`live/playbooks/multi-account.rhai`, by admin on ", "runner unlock --target live"];
    assert!(told.iter().all(|told| refused.stdout.contains(told)), "{}", refused.stdout);
    assert!(refused.stdout.contains(&format!("(pid {})", holder.id())), "{}", refused.stdout);
    assert_eq!(pair.world(), before);
    holder.kill().unwrap();
    assert_eq!(holder.wait().unwrap().code(), None);
    drop(held);
    pair.by_way_of(&pair.aws.endpoint);
}

#[test]
fn the_killed_holders_own_project_goes_on_and_nobody_else() {
    let pair = Pair::new();
    killed(&pair);
    let other = pair.another();
    other.run(&PLAY).exits(7);
    // The lease is nothing that a world is made of, so it is not shown.
    assert!(!pair.world().contains("runner-lease"));
    pair.client.run(&["resume", "--yes"]).ok();
    free(&pair);
    let resumed = other.run(&["resume", "--yes"]).ok();
    assert!(resumed.stdout.contains("changed=0"), "{}", resumed.stdout);
}

#[test]
fn unlock_shows_who_holds_it_and_takes_it_away() {
    let pair = Pair::new();
    killed(&pair);
    let other = pair.another();
    let asked = other.run(&["unlock", "--target", "live"]).exits(64);
    assert!(asked.stderr.contains("is held by run `") && asked.stderr.contains("error[not-confirmed]"), "{}", asked.stderr);
    let before = pair.world();
    let told = unlocked(&other);
    assert_eq!((&told["removed"], &told["holder"]["user"]), (&Value::Bool(true), &"admin".into()));
    assert_eq!(pair.world(), before);
    free(&pair);
    let told = unlocked(&other);
    assert_eq!((&told["removed"], &told["holder"]), (&Value::Bool(false), &Value::Null));
    other.run(&PLAY).ok();
    // Whoever lost it has to take it anew, as anybody.
    pair.client.run(&["resume", "--yes"]).ok();
    free(&pair);
    let none = other.run(&["unlock"]).exits(64);
    assert!(none.stderr.contains("error[not-leased]"), "{}", none.stderr);
}

#[test]
fn it_is_taken_before_the_first_change_and_not_for_nothing() {
    let pair = Pair::new();
    let door = Counting::before(&pair.aws.endpoint);
    pair.by_way_of(&door.endpoint);
    let changes = || door.requests().into_iter().filter(|sent| !sent.is_read()).map(|sent| sent.operation).collect::<Vec<_>>();
    pair.client.run(&PLAY).ok();
    let first = changes();
    assert_eq!((&*first[0], &*first[1], first.last().map(String::as_str)), ("CreatePolicy", "CreateOrganization", Some("DeletePolicy")));
    pair.client.run(&PLAY).ok();
    assert_eq!(changes(), [""; 0]);
    let text = std::fs::read_to_string(pair.client.path("runner.toml")).unwrap();
    pair.client.write("runner.toml", &format!("{text}lease = false\n"));
    pair.client.write("group.rhai", "organization().create_group(\"staff\");\n");
    pair.client.run(&play("group.rhai")).ok();
    assert_eq!(changes(), ["CreateGroup"]);
}

#[test]
fn it_is_given_back_however_a_run_ends() {
    let pair = Pair::new();
    let account = &pair.account;
    pair.client.write("before.rhai", "organization().create_group(\"there\", #{ path: \"/a/\" });\n");
    pair.client.run(&play("before.rhai")).ok();
    // What AWS has is not known before the play, and nobody is there for a code.
    let failed = "organization().create_group(\"there\");\n".to_owned();
    let paused = format!("assume(\"arn:aws:iam::{account}:role/r\", #{{ mfa: \"arn:aws:iam::{account}:mfa/x\" }}).create_group(\"h\");\n");
    for (name, rest, code) in [("failed", failed, 1), ("paused", paused, 6)] {
        let playbook = format!("{name}.rhai");
        pair.client.write(&playbook, &format!("organization().create_group(\"{name}\");\n{rest}"));
        let ended = pair.client.run(&play(&playbook)).exits(code);
        assert!(ended.stdout.contains("changed=1"), "{}", ended.stdout);
        free(&pair);
    }
    let proxy = Proxy::start(&pair.aws.endpoint, Some(1));
    pair.by_way_of(&proxy.endpoint);
    pair.client.write("interrupted.rhai", "let o = organization();\no.create_group(\"g\");\no.create_group(\"never\");\n");
    let mut child = pair.client.command(&play("interrupted.rhai")).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let held = proxy.held();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let mut talk = crate::project::talk_of(&mut child);
    let mut line = String::new();
    while !line.contains("interrupt") {
        line.clear();
        assert_ne!(std::io::BufRead::read_line(&mut talk, &mut line).unwrap(), 0, "it ended without a word of the interrupt");
    }
    drop(held);
    drop(talk);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(proxy.changes(), ["CreatePolicy", "CreateGroup", "DeletePolicy"]);
    free(&pair);
}

/// Keys of an administrator who may make no policy below `/runner/`.
async fn keys_of_ana(aws: &Served) -> (String, String) {
    let iam = aws.iam(aws.administrator());
    iam.create_user().user_name("ana").send().await.unwrap();
    iam.attach_user_policy().user_name("ana").policy_arn("arn:aws:iam::aws:policy/AdministratorAccess").send().await.unwrap();
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:CreatePolicy","Resource":"arn:aws:iam::*:policy/runner/*"}]}"#;
    iam.put_user_policy().user_name("ana").policy_name("no-lease").policy_document(document).send().await.unwrap();
    let made = iam.create_access_key().user_name("ana").send().await.unwrap().access_key.unwrap();
    (made.access_key_id, made.secret_access_key)
}

#[tokio::test]
async fn without_the_permission_nothing_is_changed() {
    let pair = Pair::new();
    let (key, secret) = keys_of_ana(&pair.aws).await;
    let mut client = pair.another();
    client.environment = vec![("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret)];
    let before = pair.world();
    let refused = client.run(&PLAY).exits(1);
    let told = ["error[no-lease]", "user/ana` the call `iam:CreatePolicy`", "lease = false in [targets.live]"];
    assert!(told.iter().all(|told| refused.stdout.contains(told)), "{}", refused.stdout);
    assert_eq!(pair.world(), before);
    let text = std::fs::read_to_string(client.path("runner.toml")).unwrap();
    client.write("runner.toml", &format!("{text}lease = false\n"));
    client.run(&PLAY).ok();
}

#[test]
fn of_two_that_start_at_once_one_wins() {
    let pair = Pair::new();
    let clients = [pair.another(), pair.another()];
    let mut wins = [0, 0];
    for round in 0..20 {
        // Whoever has it stays at its change until the other one is over.
        let proxy = Proxy::holding(&pair.aws.endpoint, |_, name| name == "CreateGroup");
        let (sender, ended) = channel();
        for turn in [round % 2, 1 - round % 2] {
            let client = &clients[turn];
            pair.lead(client, &proxy.endpoint);
            client.write("race.rhai", &format!("organization().create_group(\"round-{round}-{turn}\");\n"));
            let (mut command, sender) = (client.command(&play("race.rhai")), sender.clone());
            std::thread::spawn(move || sender.send((turn, Ended::of(command.output().unwrap()))));
        }
        let held = proxy.held();
        let (loser, refused) = ended.recv().unwrap();
        refused.exits(7);
        drop(held);
        let (winner, won) = ended.recv().unwrap();
        assert_ne!(winner, loser);
        won.ok();
        wins[winner] += 1;
    }
    println!("lease: 20 races, one winner each ({} and {})", wins[0], wins[1]);
    free(&pair);
}
