//! Branches side by side: one thread each, a bounded number running, the same code over real and simulated time.

use crate::time::{Stop, Time};
use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Deep scripts need it (measured: 60 nested calls in a debug build); it is address space, not memory.
const STACK: usize = 8 << 20;

thread_local! {
    /// What lets this branch run.
    static SLOT: RefCell<Option<OwnedSemaphorePermit>> = const { RefCell::new(None) };
}

/// How many branches may run at a time, over all nested `parallel`s of a run. Clones share it.
#[derive(Clone)]
pub struct Slots {
    free: Arc<Semaphore>,
}

impl Slots {
    /// At least one.
    #[must_use]
    pub fn new(count: usize) -> Slots {
        Slots { free: Arc::new(Semaphore::new(count.clamp(1, Semaphore::MAX_PERMITS))) }
    }

    fn take(&self, time: &Time) -> Result<(), Stop> {
        let permit = time.block_on(Arc::clone(&self.free).acquire_owned())?;
        // The semaphore is never closed, so there is always a permit.
        SLOT.set(permit.ok());
        Ok(())
    }
}

/// One branch: its label (unique among its siblings) and what it does.
pub struct Branch<'a, T> {
    pub label: String,
    pub run: Box<dyn FnOnce() -> T + Send + 'a>,
}

/// Why a branch has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BranchError {
    /// A bug: what the panic said.
    Panicked(String),
    /// It never started, or its thread could not be made.
    Stopped(Stop),
    NoThread(String),
}

/// Runs all branches to their ends and gives the results in input order. A branch that waits here for its own children holds no slot.
pub fn parallel<T: Send>(time: &Time, slots: &Slots, branches: Vec<Branch<'_, T>>) -> Vec<Result<T, BranchError>> {
    let held = SLOT.take();
    let had_slot = held.is_some();
    drop(held);
    let labels: Vec<&str> = branches.iter().map(|branch| branch.label.as_str()).collect();
    let forks = time.fork(&labels);
    let results = std::thread::scope(|scope| {
        let threads: Vec<_> = branches
            .into_iter()
            .zip(forks)
            .map(|(branch, fork)| {
                let builder = std::thread::Builder::new().name(branch.label.replace('\0', "")).stack_size(STACK);
                builder.spawn_scoped(scope, move || {
                    // Moved in first, so that it is dropped last: the branch ends when all else of it is gone.
                    let fork = fork;
                    fork.enter().and_then(|()| slots.take(time)).map_err(BranchError::Stopped)?;
                    let result = catch_unwind(AssertUnwindSafe(branch.run)).map_err(|panic| BranchError::Panicked(words(panic.as_ref())));
                    drop(SLOT.take());
                    result
                })
            })
            .collect();
        // A stop shows in what each branch returns.
        let _ = time.join();
        threads
            .into_iter()
            .map(|thread| match thread {
                Ok(thread) => thread.join().unwrap_or_else(|panic| Err(BranchError::Panicked(words(panic.as_ref())))),
                Err(error) => Err(BranchError::NoThread(error.to_string())),
            })
            .collect()
    });
    if had_slot {
        // On a stop the branch goes on without a slot, only to be stopped at its next step.
        let _ = slots.take(time);
    }
    results
}

fn words(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}
