//! STS of the sandbox.

mod identity;

use super::service::Operation;

pub(crate) const OPERATIONS: &[&[Operation]] = &[identity::OPERATIONS];
