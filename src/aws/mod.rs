//! AWS through its SDK: sessions, clients, pacing, error classification, lease, estate reader, smithy adapter.

mod base;
mod cloud;
mod config;
mod constraint;
mod creations;
mod credentials;
mod denial;
pub mod failure;
mod lease;
mod mfa;
mod newborn;
mod organization;
mod own;
mod pacing;
mod pages;
mod profile;
mod rate;
mod secrets;
mod session;
pub mod smithy;
mod snapshot;
mod watched;

pub use base::{Base, StaticKeys};
pub use cloud::{Cloud, is_account_id};
pub use config::{CloudConfig, FurtherAccount, Say, SourceIdentity, TokenCode};
pub use creations::Standing;
pub use lease::{Asked, Holder, Lease};
pub(crate) use organization::unit;
pub use organization::{Member, OrganizationView, UnitView};
pub use own::Caller;
pub use pacing::least_time;
pub use secrets::{Remembered, Secrets};
pub use session::{Reach, Session, SessionSpec, Terms};
