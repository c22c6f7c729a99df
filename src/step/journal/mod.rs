//! The memory of runs: what is written down (`entry`), what it amounts to (`fold`), where it is kept (`store`, `file`, `chain`, `schema`) and
//! how it is read by people's commands (`runs`, `prune`).

mod chain;
mod entry;
mod file;
mod fold;
mod prune;
mod runs;
mod schema;
mod store;
#[cfg(test)]
mod tests;

pub use entry::{Entry, Intent, Outcome, PrunedRun, Record, RunStart, RunStatus, StepEnd};
pub use fold::{Finished, OpenChange, RunView, StepView, fold};
pub use runs::{RunSummary, Sound};
pub use store::{Journal, WriteError};
