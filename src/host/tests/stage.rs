//! A sandbox with an engine in front of it, to play texts on.

use super::super::{Deps, Playbook, describe, play};
use crate::aws::smithy::in_process;
use crate::aws::{Base, Cloud, CloudConfig, StaticKeys};
use crate::error::{Error, Kind};
use crate::event::Event;
use crate::primitive::list::Catalog;
use crate::project::params::{self, Source};
use crate::sandbox::{Sandbox, Settings};
use crate::step::{Ask, Engine, Journal, Onward, Ports, Recap, RunStart, Selection};
use crate::time::Time;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What came of a play.
pub(super) struct Played {
    pub(super) result: Result<(), Error>,
    pub(super) recap: Recap,
    pub(super) sandbox: Sandbox,
    pub(super) outputs: BTreeMap<String, Value>,
    pub(super) logs: Vec<String>,
    /// Keys of the finished steps, sorted.
    pub(super) steps: Vec<String>,
    /// Place of each finished step, by key.
    pub(super) places: BTreeMap<String, String>,
    /// What was found beside the playbook: `group staff: member ana`.
    pub(super) beside: Vec<String>,
    /// How many calls AWS was sent.
    pub(super) calls: usize,
}

impl Played {
    pub(super) fn error(&self) -> &Error {
        self.result.as_ref().expect_err("the play failed")
    }
}

/// Says yes to what is destructive, or nobody is there; nobody knows what only a person can know.
struct Answers(bool);

impl Ask for Answers {
    fn confirm(&self, _: &str) -> bool {
        self.0
    }

    fn decide(&self, _: &str) -> bool {
        false
    }
}

pub(super) fn on_sandbox(text: &str) -> Played {
    with(text, Map::new(), Path::new("."), Time::simulated(1))
}

pub(super) fn with(text: &str, given: Map<String, Value>, folder: &Path, time: Time) -> Played {
    let sandbox = Sandbox::open(Settings { account_quota: 500, ..Settings::default() }, None).unwrap();
    on(&sandbox, text, given, folder, time, false)
}

/// A play on a world where there were others before; `yes` answers what is destructive.
pub(super) fn again(sandbox: &Sandbox, text: &str, yes: bool) -> Played {
    on(sandbox, text, Map::new(), Path::new("."), Time::simulated(2), yes)
}

#[expect(clippy::needless_pass_by_value, reason = "tests write the map in place")]
fn on(sandbox: &Sandbox, text: &str, given: Map<String, Value>, folder: &Path, time: Time, yes: bool) -> Played {
    let playbook = Playbook::from_text("test.rhai", text.to_owned(), folder).unwrap_or_else(|error| panic!("{error:?}"));
    let sandbox = sandbox.clone();
    let served = sandbox.clone();
    let clock = time.clone();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let http = in_process(Arc::new(move |request| {
        counted.fetch_add(1, Ordering::SeqCst);
        let response = served.handle(request, clock.now());
        Box::pin(async move { response })
    }));
    let key = sandbox.administrator();
    let keys = StaticKeys { access_key_id: key.access_key_id, secret_access_key: key.secret_access_key, session_token: None };
    let cloud = Cloud::new(CloudConfig::new(time.clone(), http, Base::Static(keys)));
    let events: Arc<Mutex<Vec<Event>>> = Arc::default();
    let written = Arc::clone(&events);
    let ports = Ports {
        time: time.clone(),
        journal: Journal::in_memory("test").unwrap(),
        sink: Arc::new(move |event| written.lock().unwrap().push(event.clone())),
        ask: Arc::new(Answers(yes)),
        catalog: Arc::new(Catalog::new(cloud.clone())),
        ready: Arc::new(|_| Ok(())),
        lease: None,
        resume: Arc::new(|run, onward| {
            Some(format!("runner {} {run}", if matches!(onward, Onward::Resume { .. }) { "resume" } else { "resolve" }))
        }),
    };
    let start = RunStart {
        playbook: "test.rhai".to_owned(),
        text: text.to_owned(),
        modules: BTreeMap::new(),
        parameters: Value::Null,
        tool_version: "test".to_owned(),
        target: "sandbox".to_owned(),
        account: sandbox.management_account(),
        environment: None,
        selection: Selection::default(),
        reason: None,
    };
    let engine = Engine::play(ports, start, false).unwrap();
    let environment = Map::from_iter([("name".to_owned(), Value::from("test"))]);
    let result = params::resolve(&describe(&playbook).parameters, &[Source::File("test.json", &given)])
        .and_then(|params| play(&Arc::new(playbook), Deps { engine: engine.clone(), time, cloud, params, environment, max_parallel: 32 }));
    let recap = engine.finish(result.as_ref().err().map(|error| error.kind)).unwrap();
    let events = std::mem::take(&mut *events.lock().unwrap());
    Played { calls: calls.load(Ordering::SeqCst), ..played(result, recap, sandbox, events) }
}

fn played(result: Result<(), Error>, recap: Recap, sandbox: Sandbox, events: Vec<Event>) -> Played {
    let mut played = Played {
        result,
        recap,
        sandbox,
        outputs: BTreeMap::new(),
        logs: Vec::new(),
        steps: Vec::new(),
        places: BTreeMap::new(),
        beside: Vec::new(),
        calls: 0,
    };
    for event in events {
        match event {
            Event::Output { name, value } => drop(played.outputs.insert(name, value)),
            Event::Log { text, .. } => played.logs.push(text),
            Event::StepFinished { key, place, .. } => {
                played.places.extend(place.map(|place| (key.clone(), place.to_string())));
                played.steps.push(key);
            }
            Event::FoundBeside { on, name, extra, value, .. } => played.beside.push(format!("{on} {name}: {extra} {value}")),
            _ => (),
        }
    }
    played.steps.sort();
    played
}

/// The error of a playbook that fails, or cannot be loaded.
pub(super) fn failing(text: &str) -> Error {
    match Playbook::from_text("test.rhai", text.to_owned(), Path::new(".")) {
        Err(error) => error,
        Ok(_) => on_sandbox(text).error().clone(),
    }
}

#[test]
fn a_failed_script_is_kind_failed() {
    assert_eq!(failing("fail(`no`)").kind, Kind::Failed);
}
