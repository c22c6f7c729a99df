//! The engine performs steps: look, then for each change intent → call → outcome, all of it written down.

mod attempt;
mod change;
mod converge;
mod core;
mod created;
mod error;
mod perform;
mod recap;
mod settle;
mod shared;
mod start;
#[cfg(test)]
mod tests;

pub use core::{Answers, Ask, Call, Continue, Engine, Ports, Ready};
pub use error::StepError;
pub use recap::{Counts, Recap};
