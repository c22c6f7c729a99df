//! The only door to clock, sleep, randomness and ids.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

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

#[derive(Clone)]
pub struct Time {
    runtime: Arc<tokio::runtime::Runtime>,
}

impl Time {
    pub fn real() -> io::Result<Time> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        Ok(Time { runtime: Arc::new(runtime) })
    }

    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    pub fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        tokio::time::sleep(duration)
    }

    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output, Stop> {
        Ok(self.runtime.block_on(future))
    }
}
