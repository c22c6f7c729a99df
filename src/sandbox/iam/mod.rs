//! IAM of the sandbox.

use super::service::Operation;

/// One table per noun.
pub(crate) const OPERATIONS: &[&[Operation]] = &[];
