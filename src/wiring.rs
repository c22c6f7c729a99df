//! The one place where parts are joined: target, sessions, AWS or sandbox, engine, host.

use crate::aws::{Cloud, Say};
use crate::error::{Error, Kind};
use crate::estate::{Account, Organization};
use crate::event::{CallSink, Event, Sink};
use crate::host::{self, Playbook};
use crate::preflight::Preflight;
use crate::primitive::list;
use crate::project::{Environment, Project, Target};
use crate::step::{
    self, Answers, Ask, Continue, Engine, Failure, FailureClass, Journal, Lease, Lock, Onward, Ports, Ready, Recap, Retry, RunStart,
    RunStatus, RunView, Selection, StepError,
};
use crate::time::Time;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

mod lease;
mod preview;
mod rehearsal;
mod secrets;
mod survey;
mod target;
mod world;

pub use crate::aws::{Holder, TokenCode};
/// An estate as `diff` compares two: sorted, documents in one form, without the runner's own tags.
pub use crate::estate::canonical;
pub use crate::sandbox::Fault;
use lease::RunLease;
pub use lease::Unlock;
pub use rehearsal::{Rehearsal, Undisturbed};
use target::cloud;
pub use world::{Served, sandbox_estate, sandbox_operations, sandbox_reset, sandbox_serve};

/// Whether a run begins or goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    Play { fresh: bool },
    Resume { run: String, selection: Selection },
}

/// A playbook with all that it is given, and where it is played.
pub struct Work {
    pub project: Project,
    /// Pinned, if it is of kind `aws` and something may be changed.
    pub target: Target,
    pub environment: Option<Environment>,
    pub playbook: Arc<Playbook>,
    /// Its name in the project, which is part of the rollout.
    pub playbook_name: String,
    /// Resolved: names and kinds are those the playbook declares.
    pub params: Map<String, Value>,
    pub max_parallel: usize,
    pub time: Time,
    pub token_code: TokenCode,
}

/// What is known of a run on a real target before anything is changed.
pub enum Before {
    Play(Box<Preflight>),
    Resume {
        run: String,
        /// The ARN of the credentials.
        caller: String,
        view: Box<RunView>,
    },
}

/// Shows what is known and asks whether to go on; an error ends it there.
pub type Approve = Box<dyn FnOnce(&Before) -> Result<(), Error> + Send>;

/// One playing of a playbook on a target.
pub struct Request {
    pub work: Work,
    pub start: Start,
    /// Why, in the words of who plays; kept with the run.
    pub reason: Option<String>,
    pub sink: Sink,
    pub ask: Arc<dyn Ask>,
    /// Told of every call to AWS.
    pub calls: CallSink,
    /// Called on targets of kind `aws`, before anything is written there or in the journal.
    pub approve: Approve,
    /// Told what is about to begin, when nothing speaks against it any more; an error means that nothing is begun.
    pub ready: Begin,
    pub resume: Continue,
    /// Called once there is an engine, so that it can be drained.
    pub begun: Box<dyn FnOnce(Engine) + Send>,
}

/// Told what is about to begin; an error means that nothing is begun.
pub type Begin = Box<dyn Fn(&Beginning<'_>) -> Result<(), Error> + Send + Sync>;

/// A run that is about to begin, or to go on.
#[derive(Clone, Copy, Debug)]
pub struct Beginning<'a> {
    pub run: &'a str,
    /// The target's own account, and whose credentials they are.
    pub account: &'a str,
    pub caller: &'a str,
    /// Path of the journal.
    pub journal: &'a str,
}

/// How a run came to its end.
#[derive(Debug)]
pub struct Ended {
    pub recap: Recap,
    pub took: Duration,
    /// What ended the script, if something did; else the recap's status says how the steps ended.
    pub error: Option<Error>,
    /// What became of the lease, if it was not simply given back.
    pub warning: Option<String>,
}

/// Plays or resumes. An error means that no run was begun or went on; how a run ended is in `Ended`.
pub fn run(request: Request) -> Result<Ended, Error> {
    let Request { work, start, reason, sink, ask, calls, approve, resume, ready, begun } = request;
    let Work { project, target, time, .. } = &work;
    let state = project.state();
    state.create(&target.name)?;
    let _lock = Lock::acquire(&state.lock(&target.name), &target.name, time)?;
    let telling = Arc::clone(&sink);
    let say: Say = Arc::new(move |text| telling(&Event::Log { text: text.to_owned(), scope: Vec::new() }));
    let cloud = cloud(&work, Some(say))?;
    cloud.tell(calls);
    let caller = wait(time, cloud.caller())?;
    let environment = work.environment.as_ref().map(|environment| environment.name.as_str());
    let file = state.journal(&target.name, &work.playbook_name, environment);
    let open = || Journal::open(&file, &rollout(&work));
    // A play that is not approved makes none.
    let journal = if file.exists() { Some(open()?) } else { None };
    let mut written = RunStart { reason, ..run_start(&work, &caller.account) };
    let mut answers = Answers::new();
    let mut surveyed = None;
    if let (Start::Resume { run, selection }, Some(journal)) = (&start, &journal) {
        written.selection = selection.clone();
        // Settling assumes roles before there is an engine.
        cloud.begin(run);
        let view = RunView { start: written.clone(), ..Engine::may_resume(journal, run, &written)? };
        let organization = same_organization(&cloud, &view, time)?;
        let wanted = survey::wanted(&work, &caller, organization, run, &view)?;
        sink(&Event::Survey(step::survey(run, &view, &wanted)?));
        surveyed = Some((view, wanted));
    }
    if target.is_aws() {
        let before = match (&start, &journal) {
            (Start::Resume { run, .. }, Some(journal)) => {
                let view = Box::new(journal.view(run)?);
                Before::Resume { run: run.clone(), caller: caller.arn.clone(), view }
            }
            (start, journal) => {
                if let (Start::Play { fresh: false }, Some(journal)) = (start, journal) {
                    Engine::may_play(journal)?;
                }
                Before::Play(Box::new(preview::preflight(&work, &caller, &cloud)?))
            }
        };
        approve(&before)?;
    }
    if let (Start::Resume { run, .. }, Some((view, wanted))) = (&start, surveyed) {
        answers = survey::answered(&step::created_otherwise(run, &view, &wanted)?, ask.as_ref());
    }
    let journal = match journal {
        Some(journal) => journal,
        None => open()?,
    };
    let began = time.now();
    let (account, arn, file) = (caller.account.clone(), caller.arn.clone(), journal.file().to_owned());
    let ready: Ready = Arc::new(move |run| ready(&Beginning { run, account: &account, caller: &arn, journal: &file }));
    let lease = RunLease::new(&work, &cloud, &caller.account).map(Arc::new);
    let ports = Ports {
        time: time.clone(),
        journal: journal.clone(),
        sink,
        ask,
        catalog: Arc::new(list::Catalog::new(cloud.clone())),
        ready,
        lease: lease.clone().map(|lease| lease as Arc<dyn Lease>),
        resume,
    };
    let engine = match &start {
        Start::Play { fresh } => Engine::play(ports, written, *fresh)?,
        Start::Resume { run, .. } => Engine::resume(ports, run, written, answers)?,
    };
    cloud.begin(engine.run());
    begun(engine.clone());
    let error = host::play(&work.playbook, deps(&work, engine.clone(), cloud)).err();
    // Before the run is over in the journal: what is over is not resumed, and could not give it back any more.
    let warning = lease.and_then(|lease| if journal.broken().is_some() { lease.keep() } else { lease.give_back(time) });
    // A journal that takes no more entries is no reason to keep from the user how the run ended and how to go on.
    let (recap, unwritten) = match engine.finish(error.as_ref().map(|error| error.kind)) {
        Ok(recap) => (recap, None),
        Err(unwritten) => (engine.recap(RunStatus::Failed), Some(unwritten)),
    };
    let took = time.now().duration_since(began).try_into().unwrap_or_default();
    Ok(Ended { recap, took, error: error.or(unwritten), warning })
}

/// What the playbook would do and whether it fits. Nothing is changed on the target, and nothing is written.
pub fn preflight(work: &Work) -> Result<Preflight, Error> {
    if !work.target.is_aws() {
        return preview::preflight_of_sandbox(work);
    }
    let cloud = cloud(work, None)?;
    let caller = wait(&work.time, cloud.caller())?;
    preview::preflight(work, &caller, &cloud)
}

/// What tells the journals of a project apart.
fn rollout(work: &Work) -> String {
    let Work { target, playbook_name, .. } = work;
    match &work.environment {
        Some(environment) => format!("{}/{playbook_name}@{}", target.name, environment.name),
        None => format!("{}/{playbook_name}", target.name),
    }
}

fn run_start(work: &Work, account: &str) -> RunStart {
    RunStart {
        playbook: work.playbook_name.clone(),
        text: work.playbook.text().to_owned(),
        modules: modules(&work.playbook),
        parameters: Value::Object(work.params.clone()),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        target: work.target.name.clone(),
        account: account.to_owned(),
        environment: work.environment.as_ref().map(|environment| environment.name.clone()),
        selection: Selection::default(),
        reason: None,
    }
}

fn deps(work: &Work, engine: Engine, cloud: Cloud) -> host::Deps {
    host::Deps {
        engine,
        time: work.time.clone(),
        cloud,
        params: work.params.clone(),
        environment: environment_map(work.environment.as_ref()),
        max_parallel: work.max_parallel,
    }
}

/// A run replays what it did in its organisation, so it goes on only in that one: not in a world made anew since, nor after the
/// organisation was deleted. Gives the organisation, if the run has made one.
fn same_organization(cloud: &Cloud, run: &RunView, time: &Time) -> Result<Option<(Organization, Vec<Account>)>, Error> {
    let mut made = run.steps.iter().filter(|(key, _)| run.is_unfinished() && key.primitive == "create_organization");
    let Some(was) = made.find_map(|(_, step)| step.finished.as_ref()?.output["id"].as_str()) else { return Ok(None) };
    let now = wait(time, again(time, || preview::organization(cloud)))?;
    if now.as_ref().is_some_and(|(now, _)| now.id == was) {
        return Ok(now);
    }
    let now = now.map_or_else(|| "in none".to_owned(), |(now, _)| format!("in `{}`", now.id));
    let message = format!("the run worked in the organisation `{was}`, but the account is {now} now, so its steps cannot be replayed");
    Err(Error::failed("other-organization", message).hint("look at everything afresh: `runner play` the playbook with --fresh"))
}

/// Imported modules by name.
fn modules(playbook: &Playbook) -> BTreeMap<String, String> {
    let imported = playbook.sources().filter(|(name, _)| *name != playbook.file());
    imported.map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
}

/// What `environment()` gives: its name and its parameters; nothing without one.
fn environment_map(environment: Option<&Environment>) -> Map<String, Value> {
    let Some(Environment { name, params }) = environment else { return Map::new() };
    Map::from_iter([("name".to_owned(), json!(name)), ("params".to_owned(), Value::Object(params.clone()))])
}

/// Reads something outside a run, again while AWS does not answer well.
async fn again<T, F: Future<Output = Result<T, Failure>>>(time: &Time, read: impl Fn() -> F) -> Result<T, Failure> {
    let mut retry = Retry::default();
    loop {
        match read().await {
            Err(failure) => match retry.next(failure.class, time.draw("retry")) {
                Some(wait) => time.sleep(wait).await,
                None => return Err(failure),
            },
            value => return value,
        }
    }
}

/// Waits for something of AWS outside a run.
fn wait<T>(time: &Time, future: impl Future<Output = Result<T, Failure>>) -> Result<T, Error> {
    let result = time.block_on(future).map_err(|stop| StepError::Stopped(stop).to_error())?;
    result.map_err(before_begun)
}

/// A failure of AWS before there was a run.
fn before_begun(failure: Failure) -> Error {
    // The command is the one that was typed, be it a play, a preflight or a resume.
    let again = |onward: Onward<'_>| matches!(onward, Onward::Resume { without: None }).then(|| "the same command again".to_owned());
    let failure = failure.completed(None, None, None, again);
    let kind = if failure.class == FailureClass::NeedsYou { Kind::Credentials } else { Kind::Failed };
    let error = Error::new(kind, failure.code, failure.message);
    if failure.hints.is_empty() {
        return error.hint("nothing was begun: try again in a while");
    }
    failure.hints.into_iter().fold(error, Error::hint)
}
