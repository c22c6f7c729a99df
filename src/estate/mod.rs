//! Plain organisation and IAM data (pure): the types, ARNs, and the canonical form two worlds are compared in.

pub mod arn;
mod canonical;
mod types;

pub use canonical::canonical;
pub use types::*;
