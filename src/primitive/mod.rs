//! One file per operation a script can call.
//!
//! | file | what |
//! |---|---|
//! | `contract` | the typed trait a primitive implements, and what turns it into an operation of the engine |
//! | `arguments` | argument types that take a string or an object, and AWS's rules for names, addresses, paths, tags |
//! | `list` | the one list |
//! | `iam`, `organizations` | what the primitives of a service share |
//! | `attachment`, `inline_policy`, `create_account_status` | what one or a few of them do beneath |
//! | `kept`, `access_keys` | the file of a secret that AWS shows once, and a user's keys |
//! | `beside`, `exclusive` | what is on an object beside what the playbook named; the step that takes it away, which scripts do not call |
//! | all others | a primitive each |

mod access_keys;
mod add_user_to_group;
pub mod arguments;
mod attach_group_policy;
mod attach_role_policy;
mod attach_user_policy;
mod attachment;
mod beside;
pub mod contract;
mod create_access_key;
mod create_account;
mod create_account_owner;
mod create_account_refusal;
mod create_account_request;
mod create_account_settle;
mod create_account_status;
mod create_account_usable;
mod create_group;
mod create_organization;
mod create_organizational_unit;
mod create_policy;
mod create_role;
mod create_user;
mod create_virtual_mfa_device;
mod exclusive;
mod find_account;
mod iam;
mod inline_policy;
mod kept;
pub mod list;
mod list_accounts;
mod move_account;
mod organizations;
mod put_group_policy;
mod put_role_policy;
mod put_user_policy;
mod set_account_alias;
mod set_password_policy;
mod tag_account;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod unknown;

pub use beside::{Entity, Extra, Named, is_the_runners, known, named, user_of};
pub use contract::{Argument, Bound, Opt, Receiver, Spec};
pub use exclusive::exclusive;
pub use iam::EntityKind;
