//! What a playbook needs held against what there is and what AWS allows: plain arithmetic over a play on a copy of the world. Pure.
//!
//! | file | what |
//! |---|---|
//! | `known` | what goes in: who, the quota, the copy as the play left it, the steps of the play |
//! | `preflight` | what comes out, put together |
//! | `accounts` | accounts wanted, present and to be made; addresses and names; the quota |
//! | `changes` | calls by account, what cannot be taken back, the least time |
//! | `control` | service control policies above the accounts that are made or moved |
//! | `sizes` | policies near AWS's limits |
//! | `problems` | what will fail, and what is only known so far |

mod accounts;
mod changes;
mod control;
mod known;
#[expect(clippy::module_inception, reason = "one noun, one file")]
mod preflight;
mod problems;
mod sizes;
#[cfg(test)]
pub(crate) mod tests;

pub use accounts::{Accounts, Standing, Wanted};
pub use changes::Changes;
pub use control::{Control, above};
pub use known::{Known, Quota, Step};
pub use preflight::Preflight;
pub use sizes::Size;
