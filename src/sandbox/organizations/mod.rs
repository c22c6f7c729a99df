//! Organizations of the sandbox.

mod accounts;
mod attachments;
mod creation;
mod directory;
mod organization;
mod policies;
mod tags;
mod units;

use super::service::Operation;

pub(crate) use creation::settle;

/// One table per noun.
pub(crate) const OPERATIONS: &[&[Operation]] = &[
    accounts::OPERATIONS,
    attachments::OPERATIONS,
    creation::OPERATIONS,
    organization::OPERATIONS,
    policies::OPERATIONS,
    tags::OPERATIONS,
    units::OPERATIONS,
];
