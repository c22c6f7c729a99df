//! AWS through its SDK: sessions, clients, pacing, error classification, estate reader, smithy adapter.

mod base;
mod cloud;
mod creations;
pub mod failure;
mod organization;
mod pacing;
mod rate;
mod session;
pub mod smithy;
mod snapshot;

pub use base::{Base, StaticKeys};
pub use cloud::{Caller, Cloud, CloudConfig, FurtherAccount, TokenCode, is_account_id};
pub use creations::Standing;
pub(crate) use organization::unit;
pub use organization::{Member, OrganizationView, UnitView};
pub use pacing::least_time;
pub use session::{Reach, Session, SessionSpec, Terms};
