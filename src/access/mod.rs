//! Who may do what (pure): composes the layers of an estate over `policy`, with reasons.

mod types;

pub use types::*;
