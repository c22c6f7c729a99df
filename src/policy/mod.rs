//! Policy documents (pure): reading them strictly or as stored, comparing them, measuring them, and deciding which of their
//! statements speak to a request. No layer of AWS's authorisation is known here; `access` puts the layers together.
//!
//! | file | what |
//! |---|---|
//! | `arn` | ARNs, taken apart and put together |
//! | `document` | a document: the JSON as given and its statements, read once |
//! | `json`, `check`, `check_condition`, `check_principal` | what AWS refuses, with the path of the mistake |
//! | `canonical`, `difference` | one form for all spellings of the same policy; what changed, for people |
//! | `statement`, `pattern`, `condition`, `principal` | the parts of a statement and how each matches |
//! | `context`, `evaluate` | the keys of a request; which statement allows or denies it |
//! | `size` | what IAM and Organizations count, and their quotas |
//! | `managed` | AWS-managed policies |

pub mod arn;
mod canonical;
mod check;
mod check_condition;
mod check_principal;
mod condition;
mod context;
mod difference;
mod document;
mod evaluate;
mod json;
pub mod managed;
mod pattern;
mod principal;
pub mod size;
mod statement;

pub(crate) use canonical::sorted;
pub use check::Malformed;
pub use condition::Condition;
pub use context::Context;
pub use difference::difference;
pub use document::{Document, Kind};
pub use evaluate::{Outcome, Query, Trusts, evaluate};
pub use pattern::Pattern;
pub use principal::{Principals, Standing, Subject};
pub use size::characters;
pub use statement::{Effect, Patterns, Statement};

#[cfg(test)]
mod tests;
