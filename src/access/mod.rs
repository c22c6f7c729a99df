//! Who may do what (pure): composes the layers of an estate over `policy`, with reasons.
//!
//! | file | what |
//! |---|---|
//! | `types` | the question and the shape of its answer |
//! | `identity` | the caller as the estate knows it, and the condition keys that follow from it |
//! | `layers` | the documents of each layer, and where each comes from |
//! | `authorise` | how the layers are put together |
//! | `message` | the answer in AWS's words |

mod authorise;
mod identity;
mod layers;
mod message;
mod types;

pub use authorise::authorise;
pub use identity::caller_arn;
pub use types::*;

#[cfg(test)]
mod tests;
