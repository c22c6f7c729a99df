//! What the tests of the primitives share.

use super::contract::{Argument, Primitive, arguments_of};
use serde_json::Value;

/// The arguments as `bind` would read them.
pub(super) fn checked<P: Primitive>(input: Value) -> Result<P::Args, Argument> {
    arguments_of::<P>(input)
}

/// AWS's names of the calls a primitive would make.
pub(super) fn calls<P: Primitive>(args: &P::Args, found: Option<&P::Found>) -> Vec<&'static str> {
    P::changes(args, found).expect("no failure").iter().map(|change| change.call).collect()
}
