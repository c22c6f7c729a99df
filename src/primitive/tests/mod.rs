//! Primitives through the engine and the SDK against the sandbox, in simulated time.

mod access_keys;
mod accounts;
mod consistency;
mod crash;
mod exclusive;
mod expiry;
mod identities;
mod mfa_devices;
mod organization;
mod ownership;
mod pacing;
mod reasons;
mod sessions;
mod world;
