//! A tiny cloud with accounts (create-blind, asynchronous) and roles (create-named, with a text that converges).

use crate::error::{Error, Place};
use crate::event::{AccountLabel, Event};
use crate::step::schedule::{Branch, Slots, parallel};
use crate::step::{
    Answers, Ask, Attempt, BoxFuture, Call, Catalog, Change, Class, Engine, Failure, FailureClass, Freshness, Journal, Leaving, Only,
    Onward, Operation, Ports, RunStart, Selection, Settled, StepError, StepKey,
};
use crate::time::{Stop, Time};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// An account is usable this long after it was asked for.
const CREATION: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct World {
    /// Name, e-mail and since when it is there: a list, so that a duplicate shows.
    pub(super) accounts: Vec<(String, String, jiff::Timestamp)>,
    pub(super) roles: BTreeMap<String, String>,
    /// Every mutating call that arrived.
    pub(super) calls: Vec<String>,
    /// Calls (by number, from 0) whose reply is lost, and those that never arrive.
    pub(super) lose_reply: BTreeSet<usize>,
    pub(super) lose_request: BTreeSet<usize>,
    pub(super) refuse: BTreeSet<usize>,
    /// What the next calls answer instead, last first.
    pub(super) answers: Vec<Failure>,
    /// Lookups that settle a change fail so.
    pub(super) blind: Option<Failure>,
    /// Lists show nothing that is younger.
    pub(super) lag: Duration,
    pub(super) looks: usize,
}

impl World {
    /// What two worlds are compared by.
    pub(super) fn dump(&self) -> Value {
        let mut accounts: Vec<_> = self.accounts.iter().map(|(name, email, _)| format!("{name} {email}")).collect();
        accounts.sort();
        json!({"accounts": accounts, "roles": self.roles})
    }
}

pub(super) struct Toy {
    pub(super) world: Mutex<World>,
}

impl Toy {
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("world")
    }
}

/// One call of a primitive of the toy: `create_account`, `create_role` or the read `list_accounts`.
struct ToyOperation {
    time: Time,
    toy: Arc<Toy>,
    key: StepKey,
    input: Value,
}

impl ToyOperation {
    async fn latency(&self) {
        let wait = 10 + self.time.draw("latency") % 90;
        self.time.sleep(Duration::from_millis(wait)).await;
    }

    fn text(&self, field: &str) -> String {
        self.input[field].as_str().unwrap_or_default().to_owned()
    }

    fn exclusive(&self) -> bool {
        self.input["remove"] == json!(true)
    }

    fn find(&self, world: &World, lag: Duration) -> Value {
        match self.key.primitive.as_str() {
            "create_account" => {
                let there = |since: &jiff::Timestamp| self.time.now().duration_since(*since) >= lag.try_into().expect("lag");
                let found = world
                    .accounts
                    .iter()
                    .find(|(name, email, since)| *name == self.key.identity && *email == self.text("email") && there(since));
                found.map_or(Value::Null, |(name, email, _)| json!({"name": name, "email": email}))
            }
            "list_accounts" => world.accounts.len().into(),
            _ => world.roles.get(&self.key.identity).map_or(Value::Null, |text| json!({"text": text})),
        }
    }

    /// The moment of arrival in the world.
    fn arrive(&self, change: &Change) -> Result<(), Failure> {
        let mut world = self.toy.world();
        let number = world.calls.len();
        if world.lose_request.remove(&number) {
            return Err(Failure::new(FailureClass::Unknown, "lost", "the connection was cut"));
        }
        if world.refuse.remove(&number) {
            return Err(Failure::fatal("No", "no"));
        }
        if let Some(failure) = world.answers.pop() {
            return Err(failure);
        }
        world.calls.push(format!("{} {}", change.call, self.key.identity));
        let identity = self.key.identity.clone();
        match change.call.as_str() {
            "CreateAccount" => {
                let account = (identity, self.text("email"), self.time.now());
                world.accounts.push(account);
            }
            "CreateRole" => {
                world.roles.insert(identity, String::new());
            }
            "PutText" => {
                world.roles.insert(identity, self.text("text"));
            }
            _ => {
                world.roles.remove(&identity);
            }
        }
        if world.lose_reply.remove(&number) {
            return Err(Failure::new(FailureClass::Unknown, "lost", "the connection was cut"));
        }
        Ok(())
    }

    async fn available(&self, attempt: &dyn Attempt) -> Result<(), Failure> {
        loop {
            let since = self.toy.world().accounts.iter().find(|account| account.0 == self.key.identity).map(|account| account.2);
            let Some(since) = since else { return Err(Failure::fatal("gone", "no such account")) };
            if self.time.now().duration_since(since) >= CREATION.try_into().expect("creation") {
                return Ok(());
            }
            attempt.wait(Duration::from_secs(10), "the account is being created").await?;
        }
    }
}

fn change(call: &str, class: Class) -> Change {
    Change { call: call.into(), class, difference: String::new(), detail: Value::Null }
}

impl Operation for ToyOperation {
    fn key(&self) -> &StepKey {
        &self.key
    }
    fn account(&self) -> AccountLabel {
        AccountLabel { id: "1".into(), name: "main".into() }
    }
    fn label(&self) -> String {
        format!("{} {}", self.key.primitive, self.key.identity)
    }
    fn input(&self) -> &Value {
        &self.input
    }
    fn session(&self) -> Value {
        json!({"name": self.key.identity})
    }
    fn is_read(&self) -> bool {
        self.key.primitive == "list_accounts"
    }
    fn class(&self) -> Class {
        if self.key.primitive == "create_account" { Class::CreateBlind } else { Class::CreateNamed }
    }
    fn doubt(&self) {}
    fn lag(&self) -> Duration {
        Duration::from_mins(1)
    }
    fn look(&self, freshness: Freshness) -> BoxFuture<'_, Result<Value, Failure>> {
        Box::pin(async move {
            self.latency().await;
            let mut world = self.toy.world();
            world.looks += 1;
            let lag = if freshness == Freshness::Live || !self.is_read() { world.lag } else { Duration::ZERO };
            Ok(self.find(&world, lag))
        })
    }
    fn changes(&self, found: &Value) -> Result<Vec<Change>, Failure> {
        let create = |call, class| if found.is_null() { vec![change(call, class)] } else { vec![] };
        Ok(match self.key.primitive.as_str() {
            "create_account" => create("CreateAccount", Class::CreateBlind),
            _ if self.exclusive() => {
                if found.is_null() {
                    vec![]
                } else {
                    vec![change("DeleteRole", Class::Destructive)]
                }
            }
            _ => {
                let mut changes = create("CreateRole", Class::CreateNamed);
                if found["text"] != self.input["text"] {
                    changes.push(change("PutText", Class::Converge));
                }
                changes
            }
        })
    }
    fn apply<'a>(&'a self, change: &'a Change, attempt: &'a dyn Attempt) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            self.latency().await;
            self.arrive(change)?;
            self.latency().await;
            if change.call == "CreateAccount" {
                attempt.handle(json!(format!("car-{}", self.key.identity))).await?;
                self.available(attempt).await?;
            }
            Ok(())
        })
    }
    fn settle<'a>(
        &'a self,
        change: &'a Change,
        handle: Option<&'a Value>,
        _: Leaving,
        attempt: &'a dyn Attempt,
    ) -> BoxFuture<'a, Result<Settled, Failure>> {
        Box::pin(async move {
            self.latency().await;
            let (found, blind) = {
                let world = self.toy.world();
                (self.find(&world, Duration::ZERO), world.blind.clone())
            };
            if let Some(failure) = blind {
                return Err(failure);
            }
            let wanted = match change.call.as_str() {
                "PutText" => found["text"] == self.input["text"],
                "DeleteRole" => found.is_null(),
                _ => !found.is_null(),
            };
            assert!(handle.is_none() || wanted, "a handle was recorded for something that did not happen");
            if wanted && change.call == "CreateAccount" {
                self.available(attempt).await?;
            }
            Ok(if wanted { Settled::Happened } else { Settled::NotHappened })
        })
    }
    fn adopt<'a>(&'a self, _: &'a Change, id: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let there = self.toy.world().accounts.iter().any(|(name, ..)| *name == id && *name == self.key.identity);
            if there { Ok(()) } else { Err(Failure::needs_you("other", format!("`{id}` is another one"))) }
        })
    }
    fn output(&self, found: &Value) -> Result<Value, Failure> {
        Ok(found.clone())
    }
}

struct ToyCatalog {
    time: Time,
    toy: Arc<Toy>,
}

impl Catalog for ToyCatalog {
    fn rebuild(&self, primitive: &str, session: &Value, input: &Value) -> Result<Arc<dyn Operation>, Failure> {
        let identity = session["name"].as_str().unwrap_or_default().to_owned();
        let key = StepKey { account: "1".into(), primitive: primitive.into(), identity, id: None };
        Ok(Arc::new(ToyOperation { time: self.time.clone(), toy: Arc::clone(&self.toy), key, input: input.clone() }))
    }
}

/// Says the same to every question.
pub(super) struct Answer(pub(super) bool);

impl Ask for Answer {
    fn confirm(&self, _: &str) -> bool {
        self.0
    }
    fn decide(&self, _: &str) -> bool {
        self.0
    }
}

/// One process of the runner: everything but the world and the journal dies with it.
pub(super) struct Process {
    pub(super) time: Time,
    pub(super) toy: Arc<Toy>,
    pub(super) journal: Journal,
    pub(super) events: Arc<Mutex<Vec<Event>>>,
    pub(super) answer: bool,
    /// Given up front, at the survey.
    pub(super) answers: Answers,
}

pub(super) fn key(primitive: &str, identity: &str) -> StepKey {
    StepKey { account: "1".into(), primitive: primitive.into(), identity: identity.into(), id: None }
}

pub(super) fn place(line: usize) -> Place {
    Place { file: "toy.rhai".into(), line, column: 1, source_line: None }
}

pub(super) fn start() -> RunStart {
    RunStart {
        playbook: "toy.rhai".into(),
        text: "…".into(),
        modules: BTreeMap::new(),
        parameters: json!({}),
        tool_version: "0".into(),
        target: "toy".into(),
        account: "1".into(),
        environment: None,
        selection: Selection::default(),
        reason: None,
    }
}

impl Process {
    pub(super) fn first(seed: u64) -> Process {
        let toy = Arc::new(Toy { world: Mutex::default() });
        let journal = Journal::in_memory("toy/base").expect("journal");
        Process { time: Time::simulated(seed), toy, journal, events: Arc::default(), answers: Answers::new(), answer: false }
    }

    /// The next process, some time after this one ended.
    pub(super) fn next(&self, seed: u64) -> Process {
        let later = self.time.now() + jiff::SignedDuration::from_secs(60);
        let (toy, journal) = (Arc::clone(&self.toy), self.journal.clone());
        Process { time: Time::simulated_from(seed, later), toy, journal, events: Arc::default(), answers: Answers::new(), answer: false }
    }

    pub(super) fn ports(&self) -> Ports {
        let events = Arc::clone(&self.events);
        Ports {
            time: self.time.clone(),
            journal: self.journal.clone(),
            sink: Arc::new(move |event: &Event| events.lock().expect("events").push(event.clone())),
            ask: Arc::new(Answer(self.answer)),
            catalog: Arc::new(ToyCatalog { time: self.time.clone(), toy: Arc::clone(&self.toy) }),
            ready: Arc::new(|_| Ok(())),
            lease: None,
            resume: Arc::new(|run, onward| {
                Some(format!("runner {} {run}", if matches!(onward, Onward::Resume { .. }) { "resume" } else { "resolve" }))
            }),
        }
    }

    pub(super) fn play(&self) -> Engine {
        Engine::play(self.ports(), start(), false).expect("play")
    }

    /// Goes on with the only run, or begins it when it never was written down.
    pub(super) fn resume(&self) -> Result<Engine, Error> {
        self.resume_only(None)
    }

    pub(super) fn resume_only(&self, only: Option<Only>) -> Result<Engine, Error> {
        let selection = Selection { only, without: vec![] };
        match self.journal.find(None) {
            Ok(run) => Engine::resume(self.ports(), &run.id, RunStart { selection, ..start() }, self.answers.clone()),
            Err(_) => Engine::play(self.ports(), start(), false),
        }
    }

    pub(super) fn call(&self, engine: &Engine, line: usize, primitive: &str, identity: &str, input: Value) -> Result<Value, StepError> {
        let (time, toy) = (self.time.clone(), Arc::clone(&self.toy));
        let operation = ToyOperation { time, toy, key: key(primitive, identity), input };
        engine.perform(Arc::new(operation), Call { place: place(line), scope: vec![], id: None })
    }

    pub(super) fn account(&self, engine: &Engine, name: &str) -> Result<Value, StepError> {
        self.call(engine, 1, "create_account", name, json!({"email": format!("{name}@x.org")}))
    }

    pub(super) fn role(&self, engine: &Engine, name: &str, text: &str) -> Result<Value, StepError> {
        self.call(engine, 2, "create_role", name, json!({"text": text}))
    }

    /// Runs closures as branches `a`, `b`, `c`, … and gives the first error.
    pub(super) fn side_by_side<'a>(&self, work: Vec<Box<dyn FnOnce() -> Result<(), StepError> + Send + 'a>>) -> Result<(), StepError> {
        let branches = work.into_iter().zip('a'..).map(|(run, label)| Branch { label: label.into(), run }).collect();
        let results = parallel(&self.time, &Slots::new(8), branches);
        results.into_iter().try_for_each(|result| result.expect("no panic and no thread trouble"))
    }

    /// The playbook of the crash tests: three branches with an account and two roles each, one of them shared by all, and a read.
    pub(super) fn script(&self, engine: &Engine) -> Result<(), StepError> {
        let branch = |name: &'static str| -> Box<dyn FnOnce() -> Result<(), StepError> + Send + '_> {
            Box::new(move || {
                self.account(engine, name)?;
                self.role(engine, &format!("{name}-role"), "text")?;
                self.role(engine, "shared", "text").map(drop)
            })
        };
        self.side_by_side(vec![branch("dev"), branch("stage"), branch("prod")])?;
        let count = self.call(engine, 9, "list_accounts", "", json!({}))?;
        engine.output("accounts", &count)
    }

    pub(super) fn statuses(&self) -> Vec<(String, crate::event::Status)> {
        let events = self.events.lock().expect("events");
        events
            .iter()
            .filter_map(|event| match event {
                Event::StepFinished { label, status, .. } => Some((label.clone(), *status)),
                _ => None,
            })
            .collect()
    }
}

/// The run was killed: every branch sees that and nothing else.
pub(super) fn crashed(result: &Result<(), StepError>) -> bool {
    *result == Err(StepError::Stopped(Stop::Crash))
}
