//! Primitives through the engine and the SDK against the sandbox, in simulated time.

mod accounts;
mod identities;
mod organization;
mod sessions;
mod world;
