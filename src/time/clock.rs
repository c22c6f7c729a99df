//! `Time`: what the rest of the house sees of clock, sleep, randomness and waiting.

use super::fork::Fork;
use super::real::Real;
use super::scheduler::Scheduler;
use super::sleep::Sleep;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// Where simulated time begins: 2026-01-01T00:00:00Z, in seconds of Unix time.
const EPOCH: i64 = 1_767_225_600;
const ID_LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Why a branch must end without finishing: not an error of AWS or of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The simulated process died (tests).
    Crash,
    /// Ctrl-C: the run is being drained.
    Cancel,
    /// Simulated time only: every branch waits and no timer is left; the names of the waiting branches.
    Deadlock(Vec<String>),
}

/// Real time, or simulated time drawn from a seed. Clones share it.
#[derive(Clone)]
pub struct Time {
    backend: Backend,
}

#[derive(Clone)]
enum Backend {
    Real(Arc<Real>),
    Simulated(Arc<Scheduler>),
}

impl Time {
    pub fn real() -> io::Result<Time> {
        Ok(Time { backend: Backend::Real(Arc::new(Real::new()?)) })
    }

    #[must_use]
    pub fn simulated(seed: u64) -> Time {
        Time::simulated_from(seed, jiff::Timestamp::from_second(EPOCH).unwrap_or(jiff::Timestamp::UNIX_EPOCH))
    }

    /// Simulated time that begins where another one ended: the next process after a crash.
    #[must_use]
    pub fn simulated_from(seed: u64, start: jiff::Timestamp) -> Time {
        Time { backend: Backend::Simulated(Scheduler::new(seed, start)) }
    }

    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        match &self.backend {
            Backend::Real(_) => jiff::Timestamp::now(),
            Backend::Simulated(scheduler) => scheduler.now(),
        }
    }

    /// Counts from the call of `sleep`, not from the first poll.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        match &self.backend {
            Backend::Real(real) => {
                let _context = real.runtime.enter();
                Sleep::real(tokio::time::sleep(duration))
            }
            Backend::Simulated(scheduler) => Sleep::simulated(Arc::clone(scheduler), duration),
        }
    }

    /// Lets other branches go first in simulated time; nothing in real time, where they run anyway.
    pub fn yield_now(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut yielded = !self.is_simulated();
        std::future::poll_fn(move |context| {
            if std::mem::replace(&mut yielded, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
    }

    /// Runs a future to its end on the calling branch's thread (the main thread is a branch, too). Never call it inside a future.
    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output, Stop> {
        match &self.backend {
            Backend::Real(real) => Ok(real.runtime.block_on(future)),
            Backend::Simulated(scheduler) => scheduler.block_on(future),
        }
    }

    /// The next random number of the current branch.
    #[must_use]
    pub fn random(&self) -> u64 {
        self.draw("random")
    }

    /// The next random number of one purpose (`"latency"`, `"retry"`). In simulated time each purpose of each branch has its own
    /// stream, so that one more draw for one purpose moves no other.
    #[must_use]
    pub fn draw(&self, purpose: &'static str) -> u64 {
        match &self.backend {
            Backend::Real(_) => Real::random(),
            Backend::Simulated(scheduler) => scheduler.draw(purpose),
        }
    }

    /// Four characters of `a-z2-7`.
    #[must_use]
    pub fn run_id(&self) -> String {
        let random = self.draw("run-id");
        random.to_le_bytes().iter().take(4).map(|byte| char::from(ID_LETTERS[usize::from(byte % 32)])).collect()
    }

    /// The tokio runtime; `None` in simulated time, which has none.
    #[must_use]
    pub fn runtime(&self) -> Option<&tokio::runtime::Handle> {
        match &self.backend {
            Backend::Real(real) => Some(real.runtime.handle()),
            Backend::Simulated(_) => None,
        }
    }

    #[must_use]
    pub fn is_simulated(&self) -> bool {
        matches!(self.backend, Backend::Simulated(_))
    }

    /// Lets the simulated process die at its `event`th event, counted from 0: that event no longer happens. Nothing in real time.
    pub fn crash_at(&self, event: u64) {
        if let Backend::Simulated(scheduler) = &self.backend {
            scheduler.crash_at(event);
        }
    }

    /// Lets the simulated process die here. Nothing in real time.
    pub fn crash(&self) {
        if let Backend::Simulated(scheduler) = &self.backend {
            scheduler.crash();
        }
    }

    /// Called once for each event of a run, before it happens; an error says that the simulated process is dead.
    pub fn event(&self) -> Result<(), Stop> {
        match &self.backend {
            Backend::Real(_) => Ok(()),
            Backend::Simulated(scheduler) => scheduler.event(),
        }
    }

    /// An error once simulated time has come to its end (crash, deadlock).
    pub fn alive(&self) -> Result<(), Stop> {
        match &self.backend {
            Backend::Real(_) => Ok(()),
            Backend::Simulated(scheduler) => scheduler.alive(),
        }
    }

    /// One branch per label, in that order, below the current branch. Each must be entered on a thread of its own, or dropped.
    #[must_use]
    pub fn fork(&self, labels: &[&str]) -> Vec<Fork> {
        match &self.backend {
            Backend::Real(_) => labels.iter().map(|_| Fork::real()).collect(),
            Backend::Simulated(scheduler) => {
                scheduler.fork(labels).into_iter().map(|id| Fork::simulated(Arc::clone(scheduler), id)).collect()
            }
        }
    }

    /// Waits until every fork of the current branch is done (in real time that is left to joining the threads).
    pub fn join(&self) -> Result<(), Stop> {
        match &self.backend {
            Backend::Real(_) => Ok(()),
            Backend::Simulated(scheduler) => scheduler.join(),
        }
    }
}
