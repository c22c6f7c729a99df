//! Tests that drive the real wire.

pub(crate) mod client;

mod assume;
mod creation;
mod faults;
mod junk;
mod mfa;
mod organization;
mod recorded;
mod serve;
mod signing;
mod storage;
