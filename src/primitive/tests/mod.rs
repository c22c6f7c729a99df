//! Primitives through the engine and the SDK against the sandbox, in simulated time.

mod accounts;
mod crash;
mod exclusive;
mod identities;
mod organization;
mod pacing;
mod sessions;
mod world;
