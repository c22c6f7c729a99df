//! A target of kind `aws`: the real HTTP client against `runner sandbox serve` of another project, and against servers that are of no use.

use crate::other_client::Served;
use crate::project::{Project, talk_of};
use crate::proxy::Message;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const PLAYBOOK: &str = "playbooks/multi-account.rhai";
pub(crate) const PLAY: [&str; 7] = ["play", PLAYBOOK, "--target", "live", "-p", "mail=aws@example.com", "--yes"];

/// A sandbox that is served, and a project that knows it only as an AWS endpoint.
pub(crate) struct Pair {
    pub(crate) aws: Served,
    server: Project,
    pub(crate) client: Project,
    /// The id of its management account.
    pub(crate) account: String,
}

impl Pair {
    pub(crate) fn new() -> Pair {
        let server = Project::new();
        let aws = Served::start(&server);
        let mut client = Project::with_playbooks();
        client.environment = aws.environment();
        let account = management(&server);
        target(&client, &aws.endpoint, &account);
        Pair { aws, server, client, account }
    }

    pub(crate) fn world(&self) -> String {
        self.server.world()
    }

    /// Another project that knows the same one, as on another machine.
    pub(crate) fn another(&self) -> Project {
        let mut client = Project::with_playbooks();
        client.environment = self.aws.environment();
        self.lead(&client, &self.aws.endpoint);
        client
    }

    /// Lets the client reach it by way of something else.
    pub(crate) fn by_way_of(&self, endpoint: &str) {
        self.lead(&self.client, endpoint);
    }

    /// The same for any client.
    pub(crate) fn lead(&self, client: &Project, endpoint: &str) {
        target(client, endpoint, &self.account);
    }
}

/// The only account there is at first.
fn management(server: &Project) -> String {
    let world: Value = serde_json::from_str(&server.world()).unwrap();
    world["accounts"].as_object().unwrap().keys().next().unwrap().clone()
}

fn target(client: &Project, endpoint: &str, account: &str) {
    let text = format!("[targets.live]\nkind = \"aws\"\naccount_id = \"{account}\"\nendpoint_url = \"{endpoint}\"\nsettle_seconds = 0\n");
    client.write("runner.toml", &text);
}

#[test]
fn the_main_job_on_an_aws_target_and_again_and_after_a_kill() {
    let pair = Pair::new();
    let empty = pair.world();
    // Off a terminal nothing begins without --yes.
    pair.client.run(&PLAY[..6]).exits(64);
    assert_eq!(pair.world(), empty);
    assert!(!pair.client.path(".runner").exists());

    // What is answered with no leaves no journal.
    let declined = pair.client.on_terminal(&PLAY[..6], "no\n").exits(3);
    assert!(declined.stdout.contains("Only `yes` goes on: ") && declined.stdout.contains("nothing was done"), "{}", declined.stdout);
    assert_eq!(pair.world(), empty);
    let left: Vec<_> = std::fs::read_dir(pair.client.path(".runner/live")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"]);

    let first = pair.client.run(&PLAY).ok();
    let wanted = pair.world();
    assert_ne!(wanted, empty);
    let second = pair.client.run(&PLAY).ok();
    assert!(second.stdout.contains("changed=0"), "{}", second.stdout);
    assert_eq!(pair.world(), wanted);

    let lines = first.stderr.lines().count();
    for place in [lines / 2, lines * 4 / 5] {
        let pair = Pair::new();
        assert!(pair.client.kill_after(&PLAY, place), "the play was over before line {place} of {lines}");
        pair.client.run(&["resume", "--yes"]).ok();
        assert_eq!(pair.world(), wanted, "killed after line {place}");
    }
}

#[test]
fn another_account_than_the_pinned_one_is_left_alone() {
    let pair = Pair::new();
    let empty = pair.world();
    target(&pair.client, &pair.aws.endpoint, "999999999999");
    let ended = pair.client.run(&PLAY).exits(4);
    assert!(ended.stderr.contains("pinned to 999999999999") && ended.stderr.contains("runner.toml"), "{}", ended.stderr);
    assert_eq!(pair.world(), empty);
}

#[test]
fn without_credentials_nothing_is_called() {
    let requests = useless("500 Internal Server Error", "");
    let mut client = Project::with_playbooks();
    client.environment = vec![("AWS_EC2_METADATA_DISABLED", "true".into())];
    target(&client, &requests.endpoint, "111122223333");
    let ended = client.run(&PLAY).exits(4);
    assert!(ended.stderr.contains("no credentials from the default chain"), "{}", ended.stderr);
    assert_eq!(requests.count(), 0);
}

#[test]
fn a_service_that_is_down_is_asked_four_times_before_it_begins() {
    let requests = useless("503 Service Unavailable", "busy");
    let client = keyed(&requests);
    let ended = client.run(&PLAY).exits(1);
    assert!(ended.stderr.contains("503") && ended.stderr.contains("try again"), "{}", ended.stderr);
    // By us, with growing waits: the SDK sends each request once.
    assert_eq!(requests.count(), 4);
}

#[test]
fn expired_credentials_end_it_before_it_begins() {
    let error = "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code>\
        <Message>The security token included in the request is expired</Message></Error></ErrorResponse>";
    let requests = useless("403 Forbidden", error);
    let client = keyed(&requests);
    let ended = client.run(&PLAY).exits(4);
    assert!(ended.stderr.contains("is expired") && ended.stderr.contains("aws sso login"), "{}", ended.stderr);
    assert_eq!(requests.count(), 1);
}

#[test]
fn a_world_is_read_while_it_is_held_and_free_as_soon_as_its_holder_is_gone() {
    let project = Project::with_playbooks();
    project.write("runner.toml", "[targets.sandbox]\nkind = \"sandbox\"\ncreation_seconds = 3600\n");
    let account = "let org = organization();\norg.create_organization();\norg.create_account(\"a\", #{ email: \"x+a@example.com\" });\n";
    project.write("held.rhai", account);
    project.write("other.rhai", "organization().create_group(\"other\");\n");
    let mut holder = project.command(&["play", "held.rhai"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut talk = talk_of(&mut holder);
    let mut line = String::new();
    while !line.contains("create_organization") {
        line.clear();
        assert_ne!(talk.read_line(&mut line).unwrap(), 0, "the play ended before its first step");
    }
    let world: Value = serde_json::from_str(&project.world()).unwrap();
    assert!(world["organization"].is_object(), "{world}");
    let refused = project.run(&["play", "other.rhai"]).exits(7);
    assert!(refused.stderr.contains(&format!("pid {}", holder.id())), "{}", refused.stderr);
    holder.kill().unwrap();
    holder.wait().unwrap();
    project.run(&["play", "other.rhai"]).ok();
}

/// A server that gives one answer to everything, and counts.
pub(crate) struct Useless {
    pub(crate) endpoint: String,
    requests: Arc<AtomicUsize>,
}

impl Useless {
    pub(crate) fn count(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

pub(crate) fn useless(status: &'static str, body: &'static str) -> Useless {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    // Ends with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            Message::read(&mut BufReader::new(&stream)).unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        }
    });
    Useless { endpoint, requests }
}

/// A project with some keys, on such a server.
fn keyed(server: &Useless) -> Project {
    let mut client = Project::with_playbooks();
    client.environment = vec![("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE".into()), ("AWS_SECRET_ACCESS_KEY", "secret".into())];
    target(&client, &server.endpoint, "111122223333");
    client
}
