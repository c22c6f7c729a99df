//! An AWS that lives in this process: `handle(request, now) -> response`.
//!
//! A request is authenticated ([`signature`]), routed to the account of its access key, authorised by `crate::access`
//! ([`authorise`]) and performed by an [`service::Operation`] on the [`world`]; the rows it touched are stored.

mod authorise;
mod call;
mod error;
pub mod faults;
mod genesis;
mod iam;
mod ids;
mod mfa;
mod organizations;
mod page;
mod params;
mod request;
#[expect(clippy::module_inception, reason = "one noun, one file")]
mod sandbox;
mod serve;
mod service;
mod settings;
mod signature;
mod storage;
mod sts;
mod throttle;
mod wire;
mod world;

pub use sandbox::{AccessKey, Sandbox};
pub use serve::serve;
pub use settings::{ForeignAccount, Settings};

#[cfg(test)]
mod tests;
