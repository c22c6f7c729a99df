//! STS of the sandbox.

mod assume_role;
mod identity;
mod session;
mod session_token;

use super::service::Operation;

pub(crate) const OPERATIONS: &[&[Operation]] = &[assume_role::OPERATIONS, identity::OPERATIONS, session_token::OPERATIONS];
