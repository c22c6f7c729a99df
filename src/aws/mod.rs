//! AWS through its SDK: sessions, clients, pacing, error classification, estate reader, smithy adapter.

mod cloud;
pub mod failure;
mod organization;
mod pacing;
mod session;
pub mod smithy;
mod snapshot;

pub use cloud::{Base, Caller, Cloud, CloudConfig, FurtherAccount, StaticKeys, TokenCode, is_account_id};
pub(crate) use organization::unit;
pub use organization::{Member, OrganizationView, UnitView};
pub use session::{DEFAULT_ACCESS_ROLE, Reach, Session, SessionSpec, Terms};
