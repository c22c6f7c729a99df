//! The only door to clock, sleep, randomness and ids: real, or simulated and drawn from a seed.
//!
//! Simulated time is a deterministic executor whose tasks happen to be OS threads: one branch at a time holds the baton, a
//! pending future gives it up, and who goes on is drawn uniformly from the seed. Time moves only when nobody can go on.
//! `Time::block_on` is the only place where a branch waits; nothing may be held across it by a lock that is not asynchronous
//! (`NoYield` finds such places in tests).

mod clock;
mod fork;
mod no_yield;
mod real;
mod rng;
mod scheduler;
mod sleep;
#[cfg(test)]
mod tests;

pub use clock::{Stop, Time};
pub use fork::Fork;
pub use no_yield::NoYield;
pub use sleep::Sleep;
