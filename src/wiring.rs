//! The one place where parts are joined: target, sessions, AWS or sandbox, engine, host.

use crate::aws::{Base, Cloud, CloudConfig, FurtherAccount, Say, SourceIdentity, StaticKeys, smithy};
use crate::error::{Error, Kind};
use crate::estate::{Account, Estate, Organization};
use crate::event::{CallSink, Event, Sink};
use crate::host::{self, Playbook};
use crate::preflight::Preflight;
use crate::primitive::list;
use crate::project::{self, Aws, Environment, Project, Target, TargetKind};
use crate::sandbox::{self, AccessKey, ForeignAccount, Sandbox};
use crate::step::{
    self, Answers, Ask, Continue, Engine, Failure, FailureClass, Journal, Lease, Lock, Onward, Ports, Ready, Recap, Retry, RunStart,
    RunStatus, RunView, Selection, StepError,
};
use crate::time::Time;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::future::{Future, ready};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

mod lease;
mod preview;
mod rehearsal;
mod survey;

pub use crate::aws::{Holder, TokenCode};
/// An estate as `diff` compares two: sorted, documents in one form, without the runner's own tags.
pub use crate::estate::canonical;
pub use crate::sandbox::Fault;
use lease::RunLease;
pub use lease::Unlock;
pub use rehearsal::{Rehearsal, Undisturbed};

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
    let lease = RunLease::new(&work, &cloud).map(Arc::new);
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

fn cloud(work: &Work, say: Option<Say>) -> Result<Cloud, Error> {
    let Work { project, target, time, token_code, .. } = work;
    let mut config = match &target.kind {
        TargetKind::Sandbox(_) => {
            let sandbox = open_world(project, target)?;
            let (answering, clock) = (sandbox.clone(), time.clone());
            let http = smithy::in_process(Arc::new(move |request| Box::pin(ready(answering.handle(request, clock.now())))));
            sandbox_config(&sandbox, target, http, time)?
        }
        TargetKind::Aws(aws) => live_config(aws, target, time)?,
    };
    config.access_role.clone_from(&target.role);
    config.token_code = Some(token_code.clone());
    config.say = say;
    Ok(Cloud::new(config))
}

fn live_config(aws: &Aws, target: &Target, time: &Time) -> Result<CloudConfig, Error> {
    let mut config = CloudConfig::new(time.clone(), smithy::https(), Base::Default { profile: aws.profile.clone() });
    config.endpoint_url.clone_from(&aws.endpoint_url);
    set_deadlines(&mut config, aws);
    let known = config.base.clone();
    if let Some(region) = aws.region.clone().or(wait(time, async { Ok(known.region().await) })?) {
        config.region = region;
    }
    config.source_identity = match &aws.source_identity {
        Some(project::SourceIdentity::Caller(true)) => Some(SourceIdentity::Caller),
        Some(project::SourceIdentity::Name(name)) => Some(SourceIdentity::Name(name.clone())),
        Some(project::SourceIdentity::Caller(false)) | None => None,
    };
    config.account_id.clone_from(&aws.account_id);
    // An endpoint of one's own is an emulator or a proxy; AWS's rates are AWS's.
    config.paced = aws.endpoint_url.is_none();
    for (name, account) in &target.accounts {
        let Some(id) = account.account_id.clone() else {
            let message = format!("the account `{name}` of the target `{}` has no `account_id`", target.name);
            return Err(Error::usage("bad-config", message)
                .hint(format!("add account_id = \"…\" to [targets.{}.accounts.{name}] in runner.toml", target.name)));
        };
        let base = account.profile.clone().map(|profile| Base::Default { profile: Some(profile) });
        config.accounts.push(further(id, name, base, account));
    }
    Ok(config)
}

/// How long what AWS has done may not be seen yet, as far as the target says it.
fn set_deadlines(config: &mut CloudConfig, aws: &Aws) {
    config.settle_window = aws.settle_seconds.map_or(config.settle_window, Duration::from_secs_f64);
    config.role_lag = aws.role_lag_seconds.map_or(config.role_lag, Duration::from_secs_f64);
    config.new_account = aws.new_account_minutes.map_or(config.new_account, |minutes| Duration::from_secs_f64(minutes * 60.0));
}

fn sandbox_config(sandbox: &Sandbox, target: &Target, http: smithy::Http, time: &Time) -> Result<CloudConfig, Error> {
    let mut config = CloudConfig::new(time.clone(), http, keys(sandbox.administrator()));
    // Its lists never lag, and its roles only if told to.
    let usual_lag = config.role_lag;
    config.settle_window = Duration::ZERO;
    config.role_lag = Duration::ZERO;
    if let TargetKind::Sandbox(written) = &target.kind {
        config.paced = written.throttle.unwrap_or_default();
        if written.iam_lag_seconds.is_some_and(|seconds| seconds > 0.0) {
            config.role_lag = usual_lag;
        }
    }
    let estate = sandbox.estate();
    for (name, account) in &target.accounts {
        let known = |known: &&crate::estate::Account| {
            Some(&known.id) == account.account_id.as_ref() || Some(&known.email) == account.email.as_ref()
        };
        let Some(id) = estate.accounts.values().find(known).map(|known| known.id.clone()) else {
            return Err(Error::failed("world-other", format!("the sandbox's world has no account `{name}`"))
                .hint(format!("make the world anew: runner sandbox reset --target {}", target.name)));
        };
        let base = sandbox.profile_key(&id).map(keys);
        config.accounts.push(further(id, name, base, account));
    }
    Ok(config)
}

fn further(id: String, name: &str, base: Option<Base>, account: &project::FurtherAccount) -> FurtherAccount {
    let project::FurtherAccount { role, external_id, mfa, .. } = account.clone();
    FurtherAccount { id, name: name.to_owned(), base, role, external_id, mfa }
}

fn keys(key: AccessKey) -> Base {
    let AccessKey { access_key_id, secret_access_key } = key;
    Base::Static(StaticKeys { access_key_id, secret_access_key, session_token: None })
}

/// The world of a sandbox target, made if there is none.
fn open_world(project: &Project, target: &Target) -> Result<Sandbox, Error> {
    let state = project.state();
    state.create(&target.name)?;
    Sandbox::open(sandbox_settings(target)?, Some(&state.world(&target.name)))
}

fn sandbox_settings(target: &Target) -> Result<sandbox::Settings, Error> {
    let TargetKind::Sandbox(written) = &target.kind else {
        return Err(Error::usage("not-a-sandbox", format!("the target `{}` is not a sandbox", target.name))
            .hint("name a sandbox with --target sandbox"));
    };
    let mut settings = sandbox::Settings::default();
    let seconds = |seconds: Option<f64>, default| seconds.map_or(default, Duration::from_secs_f64);
    settings.seed = written.seed.unwrap_or(settings.seed);
    settings.partition = written.partition.clone().unwrap_or(settings.partition);
    settings.management_name = written.management_name.clone().unwrap_or(settings.management_name);
    settings.management_email = written.management_email.clone().unwrap_or(settings.management_email);
    settings.account_quota = written.account_quota.unwrap_or(settings.account_quota);
    settings.creation = seconds(written.creation_seconds, settings.creation);
    settings.iam_lag = seconds(written.iam_lag_seconds, settings.iam_lag);
    settings.throttle = written.throttle.unwrap_or(settings.throttle);
    for (name, account) in &target.accounts {
        let Some(email) = account.email.clone() else {
            let message = format!("the account `{name}` of the sandbox target `{}` has no `email`", target.name);
            return Err(Error::usage("bad-config", message)
                .hint(format!("add email = \"…\" to [targets.{}.accounts.{name}] in runner.toml", target.name)));
        };
        settings.accounts.push(ForeignAccount { id: account.account_id.clone(), name: name.clone(), email });
    }
    Ok(settings)
}

/// What is in a sandbox's world: the stored one, else the one a first run would find.
pub fn sandbox_estate(project: &Project, target: &Target) -> Result<Estate, Error> {
    let settings = sandbox_settings(target)?;
    let world = project.state().world(&target.name);
    if world.exists() { Sandbox::read(&world) } else { Ok(Sandbox::open(settings, None)?.estate()) }
}

/// The AWS operations that any sandbox offers: service and name.
pub fn sandbox_operations() -> Vec<(&'static str, &'static str)> {
    Sandbox::operations()
}

/// Takes a sandbox's world away, and with it the journals of the runs on it; gives the number of journals.
pub fn sandbox_reset(project: &Project, target: &Target, time: &Time) -> Result<usize, Error> {
    sandbox_settings(target)?;
    let state = project.state();
    let _lock = Lock::acquire(&state.lock(&target.name), &target.name, time)?;
    let journals = state.journals(Some(&target.name))?;
    let unwritable = |path: &Path, error: std::io::Error| {
        let message = format!("cannot remove `{}`", path.display());
        Error::failed("unwritable-state", message).cause(error).hint("make the state folder writable for you")
    };
    let files = journals.iter().map(|(_, path)| path.clone()).chain([state.world(&target.name)]);
    for file in files {
        for suffix in ["", "-wal", "-shm"] {
            let mut path = file.clone().into_os_string();
            path.push(suffix);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(unwritable(Path::new(&path), error)),
                _ => {}
            }
        }
    }
    let logs = state.logs(&target.name);
    match fs::remove_dir_all(&logs) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(unwritable(&logs, error)),
        _ => Ok(journals.len()),
    }
}

/// A sandbox that answers on a socket of this machine.
pub struct Served {
    pub endpoint_url: String,
    pub access_key_id: String,
    pub secret_access_key: String,
}

/// Offers a sandbox on loopback until it is interrupted; `ready` is told how to reach it. Port 0 takes a free one.
pub fn sandbox_serve(project: &Project, target: &Target, time: &Time, port: u16, ready: impl FnOnce(&Served)) -> Result<(), Error> {
    let state = project.state();
    let _lock = Lock::acquire(&state.lock(&target.name), &target.name, time)?;
    let sandbox = open_world(project, target)?;
    let failed = |error: std::io::Error| {
        Error::failed("cannot-serve", format!("cannot serve on port {port}")).cause(error).hint("choose another port with --port")
    };
    let key = sandbox.administrator();
    let clock = time.clone();
    let serving = async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let AccessKey { access_key_id, secret_access_key } = key;
        ready(&Served { endpoint_url: format!("http://{address}"), access_key_id, secret_access_key });
        sandbox::serve(sandbox, listener, move || clock.now(), std::future::pending()).await.map_err(failed)
    };
    time.block_on(serving).map_err(|stop| StepError::Stopped(stop).to_error())?
}
