//! One sandbox, and processes of the runner that work on it one after the other.

use crate::aws::{Base, Cloud, CloudConfig, FurtherAccount, Remembered, Secrets, Session, StaticKeys, smithy};
use crate::error::{Error, Place};
use crate::event::Event;
use crate::primitive::list::{self, Catalog};
use crate::sandbox::faults::{Kind, Rule};
use crate::sandbox::{AccessKey, Sandbox, Settings};
use crate::step::schedule::{Branch, Slots, parallel};
use crate::step::{Answers, Ask, Call, Engine, Failure, Journal, Onward, Ports, Resolution, RunStart, Selection, StepError, resolve};
use crate::time::{Stop, Time};
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Says yes to what is destructive, and no to what only a person can know.
struct Yes;

impl Ask for Yes {
    fn confirm(&self, _: &str) -> bool {
        true
    }
    fn decide(&self, _: &str) -> bool {
        false
    }
}

pub(super) struct World {
    pub(super) sandbox: Sandbox,
    pub(super) cloud: Cloud,
    pub(super) engine: Engine,
    pub(super) time: Time,
    pub(super) secrets: Arc<dyn Secrets>,
    journal: Journal,
    /// AWS's names of the calls sent, in order.
    calls: Arc<Mutex<Vec<String>>>,
    events: Arc<Mutex<Vec<Event>>>,
}

pub(super) fn fault(operation: &str, nth: u64, kind: Kind) -> Settings {
    let rule = Rule { operation: operation.into(), nth: Some(nth), kind };
    Settings { faults: vec![rule], ..Settings::default() }
}

pub(super) fn keys(key: AccessKey) -> Base {
    Base::Static(StaticKeys { access_key_id: key.access_key_id, secret_access_key: key.secret_access_key, session_token: None })
}

/// A cloud over a sandbox whose calls take 20 ms each way, and the names of the calls as they arrive.
pub(super) fn cloud(sandbox: &Sandbox, time: &Time, adjust: impl FnOnce(&mut CloudConfig)) -> (Cloud, Arc<Mutex<Vec<String>>>) {
    cloud_under(sandbox, time, |_| false, (&[], Duration::ZERO), adjust)
}

/// The same, where calls are refused for their rate while `throttles` says so, and some lists lag: of accounts and requests for them they show
/// nothing that is younger, of all else what they showed first.
fn cloud_under(
    sandbox: &Sandbox,
    time: &Time,
    throttles: fn(&Time) -> bool,
    (lists, lag): (&'static [&'static str], Duration),
    adjust: impl FnOnce(&mut CloudConfig),
) -> (Cloud, Arc<Mutex<Vec<String>>>) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let (aws, clock, seen, first) = (sandbox.clone(), time.clone(), calls.clone(), Arc::new(FirstSeen::default()));
    let http = smithy::in_process(Arc::new(move |request| {
        let (aws, clock, seen, first) = (aws.clone(), clock.clone(), seen.clone(), first.clone());
        Box::pin(async move {
            clock.sleep(Duration::from_millis(20)).await;
            let (name, asked) = (name(&request), request.body().clone());
            seen.lock().expect("calls").push(name.clone());
            let mut reply = if throttles(&clock) { Some(throttled(&request)) } else { aws.handle(request, clock.now()) };
            if lists.contains(&name.as_str()) {
                reply = reply.map(|reply| match name.as_str() {
                    "ListAccounts" | "ListCreateAccountStatus" => without_younger(reply, clock.now() - lag),
                    _ => as_first_seen(&first, (name, asked), reply, (clock.now(), lag)),
                });
            }
            clock.sleep(Duration::from_millis(20)).await;
            reply
        })
    }));
    let mut config = CloudConfig::new(time.clone(), http, keys(sandbox.administrator()));
    adjust(&mut config);
    (Cloud::new(config), calls)
}

/// The first answer to each question, and when it was given.
type FirstSeen = Mutex<BTreeMap<(String, Bytes), (jiff::Timestamp, http::Response<Bytes>)>>;

/// An answer as it lags behind: for so long after a question was first asked, what was said then.
fn as_first_seen(
    first: &FirstSeen,
    question: (String, Bytes),
    reply: http::Response<Bytes>,
    (now, lag): (jiff::Timestamp, Duration),
) -> http::Response<Bytes> {
    let mut first = first.lock().expect("first answers");
    let (since, then) = first.entry(question).or_insert_with(|| (now, reply.clone()));
    if now < *since + lag { then.clone() } else { reply }
}

/// AWS's answer to too many calls, in the protocol of the call.
fn throttled(request: &http::Request<Bytes>) -> http::Response<Bytes> {
    let body = if request.headers().contains_key("x-amz-target") {
        r#"{"__type":"TooManyRequestsException","Message":"Too many requests."}"#
    } else {
        "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"
    };
    http::Response::builder().status(400).body(Bytes::from_static(body.as_bytes())).expect("a response")
}

/// A page of accounts, of requests for them, or of access keys, as a list shows it that lags behind: with those alone of before `then`.
fn without_younger(reply: http::Response<Bytes>, then: jiff::Timestamp) -> http::Response<Bytes> {
    reply.map(|body| {
        if body.starts_with(b"<") {
            return older_members(&String::from_utf8_lossy(&body), then).into();
        }
        let mut page: Value = serde_json::from_slice(&body).expect("a page");
        for (list, since) in [("Accounts", "JoinedTimestamp"), ("CreateAccountStatuses", "RequestedTimestamp")] {
            if let Some(rows) = page[list].as_array_mut() {
                rows.retain(|row| row[since].as_f64().is_none_or(|since| since <= then.as_duration().as_secs_f64()));
            }
        }
        page.to_string().into()
    })
}

fn older_members(page: &str, then: jiff::Timestamp) -> String {
    let is_older = |member: &str| {
        let made = member.split_once("<CreateDate>").and_then(|(_, rest)| rest.split_once("</CreateDate>"));
        made.is_none_or(|(made, _)| made.parse::<jiff::Timestamp>().is_ok_and(|made| made <= then))
    };
    let mut members = page.split("<member>");
    let mut older = members.next().unwrap_or_default().to_owned();
    for member in members {
        let (inside, after) = member.split_once("</member>").expect("a member's end");
        if is_older(inside) {
            older.extend(["<member>", inside, "</member>"]);
        }
        older += after;
    }
    older
}

fn name(request: &http::Request<Bytes>) -> String {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    if let Some((_, name)) = target.and_then(|target| target.split_once('.')) {
        return name.to_owned();
    }
    let body = String::from_utf8_lossy(request.body());
    body.split('&').find_map(|pair| pair.strip_prefix("Action=")).unwrap_or("?").to_owned()
}

/// A place for secrets that outlives processes.
pub(super) fn secrets() -> Arc<dyn Secrets> {
    Arc::new(Remembered::default())
}

impl World {
    pub(super) fn new(settings: Settings) -> World {
        let sandbox = Sandbox::open(settings, None).expect("a sandbox");
        let journal = Journal::in_memory("sandbox/test").expect("a journal");
        let time = Time::simulated(7);
        World::over(sandbox, journal, &secrets(), time, |ports| Engine::play(ports, start(), true)).expect("a run")
    }

    /// With an organisation, and its making not counted.
    pub(super) fn organized(settings: Settings) -> World {
        World::new(settings).with_organization()
    }

    /// As `organized`, where these lists lag.
    pub(super) fn lagging(settings: Settings, lists: &'static [&'static str], lag: Duration) -> World {
        let mut world = World::new(settings);
        let secrets = Arc::clone(&world.secrets);
        (world.cloud, world.calls) = cloud_under(&world.sandbox, &world.time, |_| false, (lists, lag), |config| config.secrets = secrets);
        world.with_organization()
    }

    /// As `organized`, its calls held to AWS's rates.
    pub(super) fn paced(settings: Settings) -> World {
        World::paced_under(settings, |_| false)
    }

    /// As `paced`, its calls refused for their rate while `throttles` says so.
    pub(super) fn paced_under(settings: Settings, throttles: fn(&Time) -> bool) -> World {
        let mut world = World::new(settings);
        (world.cloud, world.calls) =
            cloud_under(&world.sandbox, &world.time, throttles, (&[], Duration::ZERO), |config| config.paced = true);
        world.with_organization()
    }

    /// From now on calls go through a cloud that is set up so; the operations of open changes still go through the first.
    pub(super) fn reconfigure(&mut self, adjust: impl FnOnce(&mut CloudConfig)) {
        (self.cloud, self.calls) = cloud(&self.sandbox, &self.time, adjust);
    }

    fn with_organization(self) -> World {
        self.org("create_organization", json!({})).expect("an organisation");
        self.calls();
        self
    }

    /// A process on an AWS, a journal and what it keeps, if its run begins or goes on.
    pub(super) fn over(
        sandbox: Sandbox,
        journal: Journal,
        secrets: &Arc<dyn Secrets>,
        time: Time,
        begin: impl FnOnce(Ports) -> Result<Engine, Error>,
    ) -> Result<World, Error> {
        let (cloud, calls) = cloud(&sandbox, &time, |config| config.secrets = Arc::clone(secrets));
        let events = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&events);
        let ports = Ports {
            time: time.clone(),
            journal: journal.clone(),
            sink: Arc::new(move |event: &Event| seen.lock().expect("events").push(event.clone())),
            ask: Arc::new(Yes),
            catalog: Arc::new(Catalog::new(cloud.clone())),
            ready: Arc::new(|_| Ok(())),
            lease: None,
            resume: Arc::new(|run, onward| {
                Some(format!("runner {} {run}", if matches!(onward, Onward::Resume { .. }) { "resume" } else { "resolve" }))
            }),
        };
        let engine = begin(ports)?;
        Ok(World { sandbox, cloud, engine, time, secrets: Arc::clone(secrets), journal, calls, events })
    }

    fn later(&self) -> Time {
        Time::simulated_from(8, self.time.now() + jiff::SignedDuration::from_secs(60))
    }

    /// A new process that plays anew on the same AWS.
    pub(super) fn play(&self) -> World {
        let (sandbox, journal) = (self.sandbox.clone(), self.journal.clone());
        World::over(sandbox, journal, &self.secrets, self.later(), |ports| Engine::play(ports, start(), true)).expect("a run")
    }

    /// A new process that resumes the run.
    pub(super) fn resume(&self) -> World {
        let (sandbox, journal) = (self.sandbox.clone(), self.journal.clone());
        let run = self.engine.run().to_owned();
        World::over(sandbox, journal, &self.secrets, self.later(), |ports| Engine::resume(ports, &run, start(), Answers::new()))
            .expect("a run")
    }

    /// Answers the question of the one step whose key ends so.
    pub(super) fn resolve(&self, step: &str, resolution: Resolution) {
        resolve(&self.journal, &self.time, self.engine.run(), step, resolution).expect("a question");
    }

    /// What is written of the run, an entry per line of JSON.
    pub(super) fn written(&self) -> String {
        let entries = self.journal.entries(self.engine.run()).expect("entries");
        entries.iter().map(|record| json!(record.entry).to_string() + "\n").collect()
    }

    /// What was told of the run, as text.
    pub(super) fn events(&self) -> String {
        format!("{:?}", self.events.lock().expect("events"))
    }

    /// Calls `one` and, beside it, `other` some time later; gives what `one` came to.
    pub(super) fn beside<T: Send>(&self, one: impl FnOnce() -> T + Send, later: Duration, other: impl FnOnce() + Send) -> T {
        let first = || Some(one());
        let second = || {
            self.wait(self.time.sleep(later));
            other();
            None
        };
        let branches = vec![
            Branch { label: "one".into(), run: Box::new(first) as Box<dyn FnOnce() -> Option<T> + Send + '_> },
            Branch { label: "other".into(), run: Box::new(second) },
        ];
        let mut results = parallel(&self.time, &Slots::new(8), branches).into_iter();
        results.next().and_then(Result::ok).flatten().expect("a result")
    }

    pub(super) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.time.block_on(future).expect("not stopped")
    }

    pub(super) fn management(&self) -> Session {
        self.wait(self.cloud.own_session()).expect("the management account")
    }

    /// Calls a primitive on the management account.
    pub(super) fn org(&self, primitive: &str, arguments: Value) -> Result<Value, StepError> {
        self.on(&self.management(), primitive, arguments)
    }

    /// As `org`, where the process may be killed on the way: whether it was not.
    pub(super) fn crashing(&self, primitive: &str, arguments: Value) -> bool {
        let Ok(Ok(session)) = self.time.block_on(self.cloud.own_session()) else { return false };
        match self.on(&session, primitive, arguments) {
            Ok(_) => true,
            Err(StepError::Stopped(Stop::Crash)) => false,
            Err(error) => panic!("{error:?}"),
        }
    }

    /// Calls a primitive on a session, with its parts.
    pub(super) fn on(&self, session: &Session, primitive: &str, arguments: Value) -> Result<Value, StepError> {
        let spec = list::find(primitive).expect("a primitive");
        let bound = (spec.bind)(session, arguments).unwrap_or_else(|argument| panic!("{argument:?}"));
        let call = || Call { place: Place { file: "t.rhai".into(), line: 1, column: 1, source_line: None }, scope: vec![], id: None };
        let output = self.engine.perform(bound.operation, call())?;
        for part in bound.parts {
            self.engine.perform(part, call())?;
        }
        Ok(output)
    }

    /// The calls sent since this was last asked.
    pub(super) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.calls.lock().expect("calls"))
    }

    /// What was said in passing, in order.
    pub(super) fn said(&self) -> Vec<String> {
        let events = self.events.lock().expect("events");
        let text = |event: &Event| if let Event::Log { text, .. } = event { Some(text.clone()) } else { None };
        events.iter().filter_map(text).collect()
    }

    /// Why steps waited, in order.
    pub(super) fn waits(&self) -> Vec<String> {
        let events = self.events.lock().expect("events");
        let reason = |event: &Event| if let Event::StepWaiting { reason, .. } = event { Some(reason.clone()) } else { None };
        events.iter().filter_map(reason).collect()
    }

    /// Of the calls sent since last asked, those that change something.
    pub(super) fn changes(&self) -> Vec<String> {
        let reads = ["Get", "List", "Describe", "Assume"];
        self.calls().into_iter().filter(|call| !reads.iter().any(|read| call.starts_with(read))).collect()
    }
}

pub(super) fn further(id: &str, name: &str, base: Option<Base>) -> FurtherAccount {
    FurtherAccount { id: id.into(), name: name.into(), base, role: None, external_id: None, mfa: None }
}

pub(super) fn start() -> RunStart {
    RunStart {
        playbook: "t.rhai".into(),
        text: String::new(),
        modules: BTreeMap::new(),
        parameters: json!({}),
        tool_version: "0".into(),
        target: "sandbox".into(),
        account: "1".into(),
        environment: None,
        selection: Selection::default(),
        reason: None,
    }
}

/// The question a call was paused with.
pub(super) fn question(result: Result<Value, StepError>) -> Failure {
    match result {
        Err(StepError::Paused { failure, .. }) => *failure,
        other => panic!("not paused: {other:?}"),
    }
}

/// Why a call failed.
pub(super) fn code(result: Result<Value, StepError>) -> String {
    match result {
        Err(StepError::Failed { failure, .. }) => failure.code,
        other => panic!("{other:?}"),
    }
}
