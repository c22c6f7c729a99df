//! One file per operation a script can call.
//!
//! | file | what |
//! |---|---|
//! | `contract` | the typed trait a primitive implements, and what turns it into an operation of the engine |
//! | `arguments` | argument types that take a string or an object, and AWS's rules for names, addresses, paths, tags |
//! | `list` | the one list |
//! | `iam`, `organizations` | what the primitives of a service share |
//! | all others | a primitive each |

pub mod arguments;
mod attach_policy;
pub mod contract;
mod create_account;
mod create_account_status;
mod create_role;
mod iam;
pub mod list;
mod organizations;
mod put_policy;
#[cfg(test)]
mod testing;

pub use contract::{Argument, Bound, Opt, Receiver, Spec};
