//! Rehearsals: a playbook played on throw-away worlds, under faults drawn from seeds and in simulated time, and resumed until it is done.

use super::target::cloud;
use super::world::sandbox_settings;
use super::{Work, preview, wait};
use crate::error::{Error, Kind};
use crate::estate::canonical;
use crate::event::{Event, Sink};
use crate::rehearsal::{Played, Violation, differences};
use crate::sandbox::{Fault, Sandbox, Seeded, Settings};
use crate::step::RunStatus;
use crate::time::Time;
use machine::{End, Machine};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

mod machine;
mod network;

/// So often a run is resumed before it counts as one that cannot be brought to its end.
const PROCESSES: usize = 40;
/// Only the first processes die at an entry of their journal; any may die behind a call.
const DYING: usize = 4;
/// As deep as the branches of a run: the script runs on it.
const STACK: usize = 8 << 20;

/// A playbook on a world to begin from, and what comes of it undisturbed.
pub struct Rehearsal {
    work: Work,
    faults: BTreeSet<Fault>,
    settings: Settings,
    world: Sandbox,
    undisturbed: Undisturbed,
}

/// A play without faults.
#[derive(Clone, Debug)]
pub struct Undisturbed {
    /// In canonical form.
    pub estate: Value,
    pub accounts: usize,
    pub calls: u64,
    /// Of the journal.
    pub entries: u64,
    /// Simulated.
    pub took: Duration,
}

impl Rehearsal {
    /// Makes the world, and plays on it undisturbed. On a target of kind `aws` the world stands for it and is told of it what the playbook
    /// asks for; that is only read, and now. A playbook that does not come to its end fails as it failed.
    pub fn new(work: Work, faults: BTreeSet<Fault>) -> Result<Rehearsal, Error> {
        let world = if work.target.is_aws() {
            let cloud = cloud(&work, None)?;
            let caller = wait(&work.time, cloud.caller())?;
            preview::copy_of_aws(&work, &caller, &cloud)?
        } else {
            preview::copy_of_sandbox(&work, sandbox_settings(&work.target)?)?
        };
        let settings = world.settings().clone();
        let nothing = Undisturbed { estate: Value::Null, accounts: 0, calls: 0, entries: 0, took: Duration::ZERO };
        let mut rehearsal = Rehearsal { work, faults, settings, world, undisturbed: nothing };
        rehearsal.undisturbed = rehearsal.undisturbed()?;
        Ok(rehearsal)
    }

    fn undisturbed(&self) -> Result<Undisturbed, Error> {
        let problems: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&problems);
        let sink: Sink = Arc::new(move |event| {
            if let Event::StepFinished { label, error: Some(error), .. } = event {
                seen.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{label}: {} ({})", error.message, error.code));
            }
        });
        let mut machine = Machine::new(self, self.world.apart(self.settings.clone()), sink)?;
        let hint = "nothing was rehearsed: a rehearsal needs a playbook that comes to its end undisturbed";
        match machine.process(0, None) {
            End::Done => {}
            End::Stopped(_, Some(error)) => return Err(Error { kind: Kind::Failed, ..error }.hint(hint)),
            End::Stopped(..) | End::Crashed => {
                let problems = problems.lock().unwrap_or_else(PoisonError::into_inner).join("; ");
                return Err(Error::failed("not-rehearsed", format!("undisturbed, the play does not come to its end: {problems}"))
                    .hint("play it, or `runner preflight` it, and correct what is said"));
            }
        }
        Ok(Undisturbed {
            estate: canonical(&machine.world.estate()),
            accounts: machine.accounts_made(),
            calls: machine.calls(),
            entries: machine.entries()?,
            took: machine.elapsed(),
        })
    }

    #[must_use]
    pub fn before(&self) -> &Undisturbed {
        &self.undisturbed
    }

    /// Plays one seed and tells of it event by event. The same seed gives the same journal, byte for byte.
    pub fn play(&self, seed: u64, sink: Sink) -> Result<Played, Error> {
        let plan = Time::simulated(seed);
        let seeded = Seeded::new(seed, &self.faults);
        let mut settings = self.settings.clone();
        settings.iam_lag = settings.iam_lag.max(seeded.iam_lag());
        if settings.creation.is_zero() {
            settings.creation = Duration::from_secs(5 + plan.draw("creation") % 56);
        }
        settings.seeded = Some(seeded);
        let mut machine = Machine::new(self, self.world.apart(settings), sink)?;
        let mut played = Played { seed, ..Played::default() };
        let mut last = String::new();
        let done = (0..PROCESSES).any(|number| {
            let crash = self.crash(number, &plan);
            let end = machine.process(plan.draw("process"), crash);
            let how = match end {
                End::Done => return true,
                End::Crashed => {
                    played.crashes += 1;
                    "crash"
                }
                End::Stopped(RunStatus::Paused, error) => {
                    played.paused += 1;
                    last = error.map(|error| error.message).unwrap_or_default();
                    "paused"
                }
                End::Stopped(_, error) => {
                    played.failed += 1;
                    last = error.map(|error| error.message).unwrap_or_default();
                    "failed"
                }
            };
            played.resumes += 1;
            machine.rest(how, &plan);
            false
        });
        if !done {
            played.violations.push(Violation::Unfinished { processes: PROCESSES, last });
        }
        Ok(self.judge(machine, played))
    }

    /// At which entry of its journal a process dies, if it does.
    fn crash(&self, number: usize, plan: &Time) -> Option<u64> {
        let (dies, at) = (plan.draw("dies").is_multiple_of(2), plan.draw("at"));
        let entries = self.undisturbed.entries >> number.min(2);
        (self.faults.contains(&Fault::Crash) && number < DYING && dies).then_some(at % entries.max(8))
    }

    /// Holds what is there at the end against what should be.
    fn judge(&self, mut machine: Machine<'_>, mut played: Played) -> Played {
        played.calls = machine.calls();
        played.took = machine.elapsed();
        played.journal = machine.journal.head();
        machine.come_to_rest();
        played.faults = machine.world.met().into_iter().map(|(fault, count)| (fault.name(), count)).collect();
        played.accounts = machine.accounts_made();
        let differences = differences(&self.undisturbed.estate, &canonical(&machine.world.estate()));
        if !differences.is_empty() {
            played.violations.push(Violation::OtherEnd { differences });
        }
        if played.accounts > self.undisturbed.accounts {
            played.violations.push(Violation::Accounts { made: played.accounts, wanted: self.undisturbed.accounts });
        }
        match machine.accounts_asked_again() {
            0 => {}
            requests => played.violations.push(Violation::AskedAgain { requests }),
        }
        // A journal that cannot be read is a violation, too.
        match machine.journal.verify().and_then(|_| machine.questions()) {
            Ok(questions) => {
                played.questions = questions.len();
                played.violations.extend(questions.into_iter().map(|question| Violation::Question { question }));
            }
            Err(error) => played.violations.push(Violation::Journal { problem: error.message }),
        }
        played
    }

    /// Plays the seeds from `first`, as many at a time as there are cores, and tells of each when it is done.
    pub fn play_all(&self, first: u64, runs: u64, told: &(dyn Fn(&Played) + Sync)) -> Result<(), Error> {
        let next = AtomicU64::new(0);
        let work = |core: usize| {
            stay_on(core);
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= runs {
                    return Ok(());
                }
                told(&self.play(first.wrapping_add(number), Arc::new(|_| {}))?);
            }
        };
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        thread::scope(|scope| {
            let work = &work;
            let spawn = |core| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, move || work(core));
            let threads: Vec<_> = (0..cores).map(spawn).collect();
            threads.into_iter().try_for_each(|thread| {
                let internal = |what: String| Error::failed("internal", what).hint("nothing was done; please report it");
                let thread = thread.map_err(|error| internal(format!("no thread for the rehearsal: {error}")))?;
                thread.join().unwrap_or_else(|_| Err(internal("a rehearsed run panicked".to_owned())))
            })
        })
    }
}

/// Keeps this thread, and the branches it will start, on the `number`th of the cores there are: only one branch of a run is at work at a
/// time, and to wake one on another core takes ten times as long. Where that cannot be had, it only takes longer.
fn stay_on(number: usize) {
    let Ok(allowed) = sched_getaffinity(None) else { return };
    let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
    let Some(core) = cores.nth(number) else { return };
    let mut own = CpuSet::new();
    own.set(core);
    let _ = sched_setaffinity(None, &own);
}

#[cfg(test)]
mod tests;
