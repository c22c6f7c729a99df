//! The condition keys of one request.

use std::collections::BTreeMap;

/// Condition keys and their values. Names are case-insensitive, as in AWS; a key with several values is a multivalued key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    keys: BTreeMap<String, Vec<String>>,
}

impl Context {
    #[must_use]
    pub fn new() -> Context {
        Context::default()
    }

    /// Sets a key to one value, replacing what was there.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.keys.insert(key.to_ascii_lowercase(), vec![value.into()]);
    }

    /// Sets a key to a list of values, replacing what was there. An empty list is a key that is present and null.
    pub fn set_all(&mut self, key: &str, values: Vec<String>) {
        self.keys.insert(key.to_ascii_lowercase(), values);
    }

    /// The values of a key; none when the request does not have it. `key` must be in lower case.
    pub(super) fn get(&self, key: &str) -> Option<&[String]> {
        self.keys.get(key).map(Vec::as_slice)
    }
}
