//! Plain organisation and IAM data (pure): the types, ARNs, and the canonical form two worlds are compared in.

mod canonical;
mod types;

pub use crate::policy::arn;
pub use canonical::canonical;
pub use types::*;
