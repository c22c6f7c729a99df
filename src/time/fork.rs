//! The place of a new branch in the order of things, made before its thread is.

use super::clock::Stop;
use super::scheduler::Scheduler;
use std::sync::Arc;

/// Dropping it ends the branch.
pub struct Fork {
    simulated: Option<(Arc<Scheduler>, usize)>,
}

impl Fork {
    pub(super) fn real() -> Fork {
        Fork { simulated: None }
    }

    pub(super) fn simulated(scheduler: Arc<Scheduler>, id: usize) -> Fork {
        Fork { simulated: Some((scheduler, id)) }
    }

    /// To be called first on the branch's own thread: waits for its turn in simulated time.
    pub fn enter(&self) -> Result<(), Stop> {
        match &self.simulated {
            None => Ok(()),
            Some((scheduler, id)) => scheduler.enter(*id),
        }
    }
}

impl Drop for Fork {
    fn drop(&mut self) {
        if let Some((scheduler, id)) = &self.simulated {
            scheduler.leave(*id);
        }
    }
}
