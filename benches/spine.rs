//! Measures what the README promises and prints it; nothing is judged here. `cargo bench` runs it.

use runner::aws::{Base, Cloud, CloudConfig, StaticKeys, smithy};
use runner::sandbox::{Sandbox, Settings};
use runner::time::Time;
use std::fs;
use std::future::ready;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const RUNNER: &str = env!("CARGO_BIN_EXE_runner");

fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    version();
    five_accounts();
    two_hundred_accounts();
    sdk_call();
}

fn version() {
    let rounds = 20;
    let started = Instant::now();
    for _ in 0..rounds {
        let output = Command::new(RUNNER).arg("--version").output().expect("the binary starts");
        assert!(output.status.success());
    }
    row("runner --version", started.elapsed() / rounds, Duration::from_millis(20), None);
}

fn five_accounts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::copy(root.join("runner.toml"), folder.path().join("runner.toml")).expect("runner.toml is there");
    fs::copy(root.join("playbooks/multi-account.rhai"), folder.path().join("play.rhai")).expect("the playbook is there");
    let (first, memory) = play(folder.path());
    row("five accounts, first play", first, Duration::from_secs(1), Some((memory, 150)));
    let (second, memory) = play(folder.path());
    row("five accounts, nothing to do", second, Duration::from_secs(1), Some((memory, 150)));
}

/// 200 accounts with ten steps each: the account, its role with two policies, a group with two, a policy, a user in the group.
fn two_hundred_accounts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("runner.toml"), "[targets.sandbox]\nkind = \"sandbox\"\naccount_quota = 1000\n").expect("written");
    fs::write(folder.path().join("play.rhai"), TWO_HUNDRED).expect("written");
    let (wall, memory) = play(folder.path());
    row("200 accounts x 10 steps", wall, Duration::from_secs(20), Some((memory, 1024)));
}

const TWO_HUNDRED: &str = r#"
import "std/policy" as policy;
let org = organization();
org.create_organization();
let names = [];
for i in 0..200 { names.push(`account-${i}`); }
parallel(names, |name| {
    let account = org.create_account(name, #{ email: `aws+${name}@example.com` });
    account.create_role("deploy", #{ trust: policy::trust(org), managed: [policy::aws("ReadOnlyAccess")], inline: #{ read: policy::document([policy::allow("s3:Get*", "*")]) } });
    let group = account.create_group("people", #{ managed: [policy::aws("ReadOnlyAccess")], inline: #{ read: policy::document([policy::allow("s3:Get*", "*")]) } });
    account.create_policy("read", #{ document: policy::document([policy::allow("s3:List*", "*")]) });
    account.create_user("robot", #{ groups: [group] });
});
"#;

/// One call of the SDK through the sandbox in this process: signed, authorised, answered.
fn sdk_call() {
    let time = Time::real().expect("threads");
    let sandbox = Sandbox::open(Settings::default(), None).expect("a world");
    let key = sandbox.administrator();
    let keys = StaticKeys { access_key_id: key.access_key_id, secret_access_key: key.secret_access_key, session_token: None };
    let (world, clock) = (sandbox.clone(), time.clone());
    let http = smithy::in_process(Arc::new(move |request| Box::pin(ready(world.handle(request, clock.now())))));
    let cloud = Cloud::new(CloudConfig::new(time.clone(), http, Base::Static(keys)));
    let rounds = 2000;
    let took = time.block_on(async {
        let session = cloud.own_session().await.expect("a session");
        let iam = session.iam().await.expect("a client");
        iam.create_user().user_name("one").send().await.expect("created");
        let started = Instant::now();
        for _ in 0..rounds {
            iam.get_user().user_name("one").send().await.expect("found");
        }
        started.elapsed()
    });
    row("SDK call through the sandbox", took.expect("not stopped") / rounds, Duration::from_micros(100), None);
}

/// Plays `play.rhai` in the folder; wall time and peak memory in MiB, which is read while the process lives.
fn play(folder: &Path) -> (Duration, u64) {
    let started = Instant::now();
    let mut child = Command::new(RUNNER)
        .args(["play", "play.rhai"])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(fs::File::create(folder.join("talk")).expect("created"))
        .spawn()
        .expect("the binary starts");
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let status = loop {
        peak = peak.max(high_water_mark(&status_file));
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let wall = started.elapsed();
    assert!(status.success(), "{}", fs::read_to_string(folder.join("talk")).unwrap_or_default());
    (wall, peak)
}

fn high_water_mark(status_file: &str) -> u64 {
    let text = fs::read_to_string(status_file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).map_or(0, |kib| kib / 1024)
}

fn row(name: &str, wall: Duration, bar: Duration, memory: Option<(u64, u64)>) {
    let ratio = wall.as_secs_f64() / bar.as_secs_f64();
    let memory = memory.map_or(String::new(), |(mib, bar)| format!("   {mib} MiB of {bar}"));
    println!("{name:<32} {wall:>12.3?}   {ratio:.3} of the bar of {bar:?}{memory}");
}
