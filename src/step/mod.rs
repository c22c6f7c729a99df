//! Steps: key, decide, journal, retry, lock, schedule.

mod failure;
mod hash;
pub mod journal;
mod key;
mod operation;
pub mod schedule;

pub use failure::{Failure, FailureClass};
pub use key::StepKey;
pub use operation::{Attempt, BoxFuture, Catalog, Change, Class, Freshness, Operation, Settled};
