use super::super::json as lines_of_json;
use super::super::recap::shell_word;
use super::*;
use crate::error::{Kind, Place};
use crate::event::{AccountLabel, StepProblem};
use crate::step::{Counts, Recap, RunStatus};
use std::collections::BTreeMap;
use std::time::Duration;

fn account(id: &str, name: &str) -> AccountLabel {
    AccountLabel { id: id.into(), name: name.into() }
}

fn finished(account: AccountLabel, label: &str, status: Status, error: Option<StepProblem>) -> Event {
    let place = Place { file: "multi-account.rhai".into(), line: 10, column: 12, source_line: None };
    let key = format!("{}/{label}", account.id);
    let changes = if status == Status::Changed { vec!["CreateRole".to_owned()] } else { vec![] };
    let took = Duration::from_millis(1500);
    Event::StepFinished { key, account, scope: vec![], label: label.into(), status, changes, error, place: Some(place), took }
}

fn taken() -> StepProblem {
    StepProblem { code: "email-taken".into(), message: "the address is taken\u{1b}".into(), hints: vec!["give another".into()] }
}

fn events() -> Vec<Event> {
    let (security, dev) = (account("026445672617", "security"), account("111122223333", "111122223333"));
    vec![
        Event::Run {
            run: "7k2q".into(),
            playbook: "multi-account.rhai".into(),
            target: "prod".into(),
            account: "123456789012".into(),
            resumed: false,
            reason: None,
        },
        Event::StepStarted { key: "k".into(), account: security.clone(), scope: vec![], label: "create_role a".into() },
        finished(security.clone(), "create_role a", Status::Changed, None),
        finished(security.clone(), "create_role b", Status::Ok, None),
        beside(),
        beside(),
        finished(security, "create_role c", Status::Replayed, None),
        finished(dev.clone(), "create_account dev", Status::Paused, Some(taken())),
        finished(account("111122223333", "dev"), "create_user x", Status::Failed, Some(taken())),
        finished(dev, "create_user tried", Status::Failed, Some(taken())),
        Event::StepCaught { key: "111122223333/create_user tried".into() },
        Event::Output { name: "role".into(), value: json!("old") },
        Event::Output { name: "role".into(), value: json!("arn:aws:iam::1:role/a") },
        Event::Output { name: "n".into(), value: json!({"a": [1, 2]}) },
        Event::NoLongerReached { keys: vec!["026445672617/create_role:d".into()] },
    ]
}

fn beside() -> Event {
    let (on, name, value) = ("role".to_owned(), "a".to_owned(), "x".to_owned());
    Event::FoundBeside { account: account("026445672617", "security"), on, name, extra: "inline-policy", value }
}

fn recap(status: RunStatus) -> Recap {
    let dev = Counts { failed: 1, caught: 1, ..Counts::default() };
    let accounts = BTreeMap::from([
        (account("026445672617", "security"), Counts { ok: 3, changed: 1, replayed: 1, ..Counts::default() }),
        (account("111122223333", "111122223333"), Counts { paused: 1, ..Counts::default() }),
        (account("111122223333", "dev"), dev),
    ]);
    let total = Counts { ok: 3, changed: 1, failed: 1, paused: 1, replayed: 1, caught: 1 };
    Recap { run: "7k2q".into(), status, total, accounts, left_out: ["dev".to_owned()].into(), tolerated: vec!["b".to_owned()] }
}

fn tally() -> Tally {
    let mut tally = Tally::default();
    for event in &events() {
        tally.add(event);
    }
    tally
}

#[test]
fn whole_recap() {
    let recap = recap(RunStatus::Failed);
    let end = End { recap: &recap, took: Duration::from_secs(112), error: None, next: Some("runner resume 7k2q") };
    let expected = "\
play 7k2q multi-account.rhai  target prod 123456789012  1m52s
dev       111122223333  ok=0 changed=0 failed=1 paused=1 replayed=0 caught=1
security  026445672617  ok=3 changed=1 failed=0 paused=0 replayed=1
total                   ok=3 changed=1 failed=1 paused=1 replayed=1 caught=1
outputs:
  role  arn:aws:iam::1:role/a
  n
    a
      1
      2
left out: dev
tolerated: 1 branch failed: b
beside   security: policy `x` on role `a` is not of this playbook
no longer reached by the playbook (nothing was taken away):
  026445672617/create_role:d

paused[email-taken] 111122223333: create_account dev  multi-account.rhai:10:12
  the address is taken\\u{1b}
  help: give another

error[email-taken] dev: create_user x  multi-account.rhai:10:12
  the address is taken\\u{1b}
  help: give another
explain: runner explain email-taken

to continue:
  runner resume 7k2q
";
    assert_eq!(end.text(&tally(), Paint::OFF), expected);
}

#[test]
fn the_scripts_own_error_stands_for_the_steps_entry() {
    let error = Error::failed("email-taken", "dev: the address is taken\u{1b}");
    let recap = recap(RunStatus::Failed);
    let end = End { recap: &recap, took: Duration::ZERO, error: Some(&error), next: Some("runner resume 7k2q") };
    let text = end.text(&tally(), Paint::OFF);
    assert!(!text.contains("create_account dev"), "{text}");
    let ends = "\nerror[email-taken]: dev: the address is taken\\u{1b}\nexplain: runner explain email-taken\n\nto continue:\n  runner resume 7k2q\n";
    assert!(text.ends_with(ends), "{text}");
}

#[test]
fn the_last_json_line_is_the_recap() {
    let expected = json!({
        "type": "recap", "run": "7k2q", "status": "paused", "exit_code": 6, "next": "runner resume 7k2q",
        "ok": 3, "changed": 1, "failed": 1, "paused": 1, "replayed": 1, "caught": 1,
        "accounts": {
            "026445672617": {"name": "security", "ok": 3, "changed": 1, "failed": 0, "paused": 0, "replayed": 1, "caught": 0},
            "111122223333": {"name": "dev", "ok": 0, "changed": 0, "failed": 1, "paused": 1, "replayed": 0, "caught": 1},
        },
        "outputs": {"role": "arn:aws:iam::1:role/a", "n": {"a": [1, 2]}}, "left_out": ["dev"], "tolerated": ["b"],
        "beside": [{"account": {"id": "026445672617", "name": "security"}, "on": "role", "name": "a", "extra": "inline-policy", "value": "x"}],
    });
    let recap = recap(RunStatus::Paused);
    let end = End { recap: &recap, took: Duration::ZERO, error: None, next: Some("runner resume 7k2q") };
    assert_eq!(lines_of_json::recap(&tally(), &end), expected);
}

#[test]
fn json_lines_escape_what_a_terminal_would_obey() {
    let line = lines_of_json::line(&json!({"a": "x\u{1b}\u{9b}\u{202e}é"}));
    assert_eq!(line, "{\"a\":\"x\\u001b\\u009b\\u202eé\"}\n");
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), json!({"a": "x\u{1b}\u{9b}\u{202e}é"}));
}

#[test]
fn events_have_their_json_form() {
    let started = Event::StepStarted { key: "k".into(), account: account("1", "dev"), scope: vec!["s".into()], label: "l".into() };
    let expected = json!({"type": "step-started", "key": "k", "account": {"id": "1", "name": "dev"}, "scope": ["s"], "label": "l"});
    assert_eq!(json!(started), expected);
}

fn reporter(verbosity: i8) -> Reporter {
    Reporter::new(Settings {
        output: Output::Text,
        progress: Progress::None,
        verbosity,
        stdout: Paint::OFF,
        stderr: Paint::OFF,
        stdout_is_terminal: false,
        stderr_is_terminal: false,
        resume_flags: vec!["-C".into(), shell_word("my dir")],
    })
    .unwrap()
}

#[test]
fn what_scrolls_past() {
    let spoken = |verbosity: i8| -> Vec<String> {
        let reporter = reporter(verbosity);
        let events = events().into_iter().chain([
            Event::Log { text: "two\nlines\u{7}".into(), scope: vec![] },
            Event::StepWaiting { key: "k".into(), account: account("1", "dev"), reason: "throttled".into(), seconds: 2.0 },
            Event::Draining,
        ]);
        events
            .filter_map(|event| {
                reporter.sink()(&event);
                reporter.text(&event)
            })
            .collect()
    };
    let normal = spoken(0);
    assert_eq!(normal[0], "play 7k2q multi-account.rhai  target prod 123456789012\n");
    assert_eq!(normal[1], " changed [   1.5s] security      create_role a  CreateRole\n");
    assert_eq!(normal[7], "     log two\nlines\\u{7}\n");
    assert_eq!(normal[8], "finishing what is under way; press Ctrl-C again to stop now\ncontinue with: runner resume 7k2q -C 'my dir'\n");
    assert_eq!(spoken(-1).len(), 4, "three problems and the drain");
    assert!(spoken(1).contains(&" waiting [   2.0s] dev           throttled\n".to_owned()));
}

#[test]
fn words_for_a_shell() {
    for (word, quoted) in [("a-b/c.rhai", "a-b/c.rhai"), ("", "''"), ("my dir", "'my dir'"), ("it's", "'it'\\''s'"), ("$x", "'$x'")] {
        assert_eq!(shell_word(word), quoted);
    }
}

#[test]
fn an_error_in_json_keeps_its_exit_code() {
    let error = Error::new(Kind::Paused, "paused", "1 step waits for you");
    assert_eq!(error.json()["exit_code"], json!(6));
}
