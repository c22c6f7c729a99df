//! AWS through its SDK: sessions, clients, pacing, error classification, estate reader, smithy adapter.

mod base;
mod cloud;
pub mod failure;
mod organization;
mod pacing;
mod session;
pub mod smithy;
mod snapshot;

pub use base::{Base, StaticKeys};
pub use cloud::{Caller, Cloud, CloudConfig, FurtherAccount, TokenCode, is_account_id};
pub(crate) use organization::unit;
pub use organization::{Member, OrganizationView, UnitView};
pub use session::{Reach, Session, SessionSpec, Terms};
