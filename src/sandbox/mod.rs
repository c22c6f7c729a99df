//! An AWS that lives in this process: `handle(request, now) -> response`.
//!
//! A request is authenticated, routed to the account of its access key, met by a fault if a rule says so, authorised by
//! `crate::access` and performed by an operation on the world; the rows it touched are stored.
//!
//! | file | what |
//! |---|---|
//! | `sandbox`, `settings` | the sandbox and what a target says about it; the way of a request |
//! | `signature`, `request`, `params`, `wire` | Signature Version 4; what a request asks for; the two protocols |
//! | `service`, `call`, `authorise`, `page`, `error` | operations, what one sees, what it must be allowed, lists in pages, refusals |
//! | `iam`, `sts`, `organizations` | the operations, one file per noun |
//! | `world`, `genesis`, `ids`, `mfa`, `storage` | the state, its beginning, ids out of seed and name, MFA codes, rows of SQLite |
//! | `copy` | a world that stands for another AWS, told of it as it is asked for |
//! | `faults`, `seeded`, `throttle` | what goes wrong by rule, and by seed; AWS's published rates |
//! | `serve` | the sandbox on a socket |

mod authorise;
mod call;
mod copy;
mod error;
pub mod faults;
mod genesis;
mod iam;
mod ids;
mod mfa;
mod organizations;
mod page;
mod params;
mod request;
#[expect(clippy::module_inception, reason = "one noun, one file")]
mod sandbox;
mod seeded;
mod serve;
mod service;
mod settings;
mod signature;
mod storage;
mod sts;
mod throttle;
mod wire;
mod world;

pub use copy::{Told, Unknown};
pub use sandbox::{AccessKey, Delivery, Sandbox};
pub use seeded::{Fault, Met, Seeded};
pub use serve::serve;
pub use settings::{ForeignAccount, Settings};

#[cfg(test)]
mod tests;
