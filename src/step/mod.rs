//! Steps: key, decide, selection, survey, journal, retry, lock, lease, schedule, and the engine that performs them.

mod decide;
mod engine;
mod failure;
mod hash;
pub mod journal;
mod key;
mod lease;
mod lock;
mod operation;
mod resolve;
mod retry;
pub mod schedule;
mod selection;
mod survey;
mod waiting;

pub use engine::{Answers, Ask, Call, Continue, Counts, Engine, Ports, Ready, Recap, StepError};
pub use failure::{Failure, FailureClass, Onward, Then, Way};
pub use hash::{canonical, difference, input_hash};
pub use journal::{Journal, RunStart, RunStatus, RunSummary, RunView, Sound};
pub use key::StepKey;
pub use lease::Lease;
pub use lock::{Lock, host};
pub use operation::{Attempt, BoxFuture, Catalog, Change, Class, Freshness, Leaving, Operation, Settled};
pub use resolve::{Question, Resolution, resolve};
pub use retry::Retry;
pub use selection::{Only, Selection};
pub use survey::{CreatedOtherwise, Wanted, created_otherwise, survey};
pub use waiting::{Notice, may_leave, say, until};
