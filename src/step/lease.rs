//! What a run holds before it changes anything, so that no other run changes the same.

use super::engine::StepError;
use super::operation::BoxFuture;

/// Taken before the first intent is written, so that a run with nothing to do takes none.
pub trait Lease: Send + Sync {
    /// Makes sure that it is held; called before each intent, so it is quick once it is. An error means that nothing may be changed.
    fn take(&self) -> BoxFuture<'_, Result<(), StepError>>;
}
