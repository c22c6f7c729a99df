//! The machine that a rehearsed run works on: one process after the other, and what outlives each of them.

use super::Rehearsal;
use super::network::Network;
use crate::aws::{Cloud, CloudConfig, Secrets};
use crate::error::{Error, Kind};
use crate::event::{Event, Sink};
use crate::host;
use crate::primitive::list;
use crate::sandbox::Sandbox;
use crate::step::journal::{Entry, Outcome};
use crate::step::{Answers, Ask, Engine, Journal, Ports, RunStatus, StepError};
use crate::time::{Stop, Time};
use crate::wiring::target::sandbox_config;
use crate::wiring::{Work, deps, rollout, run_start, same_organization, secrets, wait};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How a process ended.
pub(super) enum End {
    Done,
    Crashed,
    /// As a user would have read it, with the error if one ended the script.
    Stopped(RunStatus, Option<Error>),
}

pub(super) struct Machine<'r> {
    rehearsal: &'r Rehearsal,
    pub(super) world: Sandbox,
    pub(super) journal: Journal,
    network: Network,
    sink: Sink,
    questions: Arc<Questions>,
    secrets: Arc<dyn Secrets>,
    began: Timestamp,
    now: Timestamp,
}

/// Says yes to what takes something away, as `--yes` does; what only a person can know is written down and gets no answer.
#[derive(Default)]
struct Questions(Mutex<Vec<String>>);

impl Ask for Questions {
    fn confirm(&self, _: &str) -> bool {
        true
    }

    fn decide(&self, question: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(question.to_owned());
        false
    }
}

impl<'r> Machine<'r> {
    pub(super) fn new(rehearsal: &'r Rehearsal, world: Sandbox, sink: Sink) -> Result<Machine<'r>, Error> {
        let journal = Journal::in_memory(&rollout(&rehearsal.work))?;
        let network = Network::new(world.clone(), sink.clone());
        // What a stored world holds was made before.
        let now = Time::simulated(0).now().max(world.latest() + SignedDuration::from_hours(1));
        Ok(Machine {
            rehearsal,
            world,
            journal,
            network,
            sink,
            questions: Arc::default(),
            secrets: secrets::of_copy(&rehearsal.work),
            began: now,
            now,
        })
    }

    /// One process: begins the run, or goes on with it; dies at an entry of its journal if one is given.
    pub(super) fn process(&mut self, seed: u64, crash: Option<u64>) -> End {
        let time = Time::simulated_from(seed, self.now);
        if let Some(entry) = crash {
            time.crash_at(entry);
        }
        let played = self.play(&time);
        self.now = time.now();
        match (time.alive(), played) {
            (Err(Stop::Crash), _) => End::Crashed,
            (Err(stop), _) => End::Stopped(RunStatus::Failed, Some(StepError::Stopped(stop).to_error())),
            (Ok(()), Ok((RunStatus::Done, _))) => End::Done,
            (Ok(()), Ok((status, error))) => End::Stopped(status, error),
            (Ok(()), Err(error)) if error.kind == Kind::Paused => End::Stopped(RunStatus::Paused, Some(error)),
            (Ok(()), Err(error)) => End::Stopped(RunStatus::Failed, Some(error)),
        }
    }

    /// As `wiring::run` does it; an error means that no run was begun or went on.
    fn play(&self, time: &Time) -> Result<(RunStatus, Option<Error>), Error> {
        let work = &self.rehearsal.work;
        let cloud = self.cloud(work, time)?;
        let caller = wait(time, cloud.caller())?;
        let ports = Ports {
            time: time.clone(),
            journal: self.journal.clone(),
            sink: self.sink.clone(),
            ask: self.questions.clone(),
            catalog: Arc::new(list::Catalog::new(cloud.clone())),
            ready: Arc::new(|_| Ok(())),
            resume: Arc::new(|_, _| None),
            lease: None,
        };
        let start = run_start(work, &caller.account);
        let engine = match self.journal.runs()?.pop() {
            None => Engine::play(ports, start, false)?,
            Some(run) => {
                cloud.begin(&run.id);
                same_organization(&cloud, &self.journal.view(&run.id)?, time)?;
                Engine::resume(ports, &run.id, start, Answers::new())?
            }
        };
        cloud.begin(engine.run());
        let deps = host::Deps { time: time.clone(), ..deps(work, engine.clone(), cloud) };
        let error = host::play(&work.playbook, deps).err();
        let recap = engine.finish(error.as_ref().map(|error| error.kind))?;
        Ok((recap.status, error))
    }

    fn cloud(&self, work: &Work, time: &Time) -> Result<Cloud, Error> {
        let http = self.network.http(time);
        let mut config = sandbox_config(&self.world, &work.target, http.clone(), time)?;
        // Here lists and new principals may lag behind, as those of AWS do.
        let usual = CloudConfig::new(time.clone(), http, config.base.clone());
        config.settle_window = usual.settle_window;
        config.role_lag = usual.role_lag;
        config.new_account = usual.new_account;
        config.access_role.clone_from(&work.target.role);
        config.secrets = self.secrets.clone();
        let (world, clock) = (self.world.clone(), time.clone());
        config.token_code = Some(Arc::new(move |serial, _| Some(world.mfa_code(serial, clock.now()))));
        Ok(Cloud::new(config))
    }

    /// Nothing runs for a while; what a process that died had sent may arrive.
    pub(super) fn rest(&mut self, how: &'static str, plan: &Time) {
        let seconds = 1 + plan.draw("rest") % 240;
        self.network.orphan(self.now, || plan.draw("orphan").is_multiple_of(2));
        self.now += Duration::from_secs(seconds);
        (self.sink)(&Event::Died { how, seconds: f64::from(u32::try_from(seconds).unwrap_or(u32::MAX)) });
    }

    /// Lets all that is still under way come to its end.
    pub(super) fn come_to_rest(&mut self) {
        self.now = self.network.drain(self.now) + SignedDuration::from_hours(1);
        self.world.settle(self.now);
    }

    /// Since the run began.
    pub(super) fn accounts_made(&self) -> usize {
        self.world.accounts_made() - self.rehearsal.world.accounts_made()
    }

    /// Since the run began.
    pub(super) fn accounts_asked_again(&self) -> usize {
        self.world.accounts_asked_again() - self.rehearsal.world.accounts_asked_again()
    }

    pub(super) fn calls(&self) -> u64 {
        self.network.calls()
    }

    pub(super) fn entries(&self) -> Result<u64, Error> {
        Ok(self.journal.verify()?.entries as u64)
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.now.duration_since(self.began).unsigned_abs()
    }

    /// What a person was asked, each question once. That AWS gave no answer to a lookup is none: a resume asks it again.
    pub(super) fn questions(&self) -> Result<BTreeSet<String>, Error> {
        let mut questions: BTreeSet<String> = self.questions.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
        let Some(run) = self.journal.runs()?.pop() else { return Ok(questions) };
        for record in self.journal.entries(&run.id)? {
            if let Entry::Outcome { outcome: Outcome::Undecided { problem }, .. } = record.entry
                && problem.code != "unanswered"
            {
                questions.insert(problem.message);
            }
        }
        Ok(questions)
    }
}
