//! The parameters of a call, out of a form or a JSON body, and how they are asked for.

use super::error::AwsError;
use super::wire::Protocol;
use crate::estate::Tags;
use serde_json::{Map, Value};

/// Members by AWS's names (`RoleName`). A form's numbers and booleans arrive as text, JSON's as themselves: the
/// accessors take both.
#[derive(Clone, Debug)]
pub(crate) struct Params {
    protocol: Protocol,
    members: Map<String, Value>,
}

impl Params {
    pub(crate) fn new(protocol: Protocol, members: Map<String, Value>) -> Params {
        Params { protocol, members }
    }

    /// All members as JSON, in order.
    pub(crate) fn written(&self) -> String {
        Value::Object(self.members.clone()).to_string()
    }

    /// The text of a member; none when it is absent or not text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str()
    }

    /// The text of a member that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&str, AwsError> {
        match self.members.get(name) {
            Some(Value::String(text)) => Ok(text),
            None | Some(Value::Null) => Err(self.missing(name)),
            Some(_) => Err(self.unreadable(name)),
        }
    }

    /// A whole number.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, AwsError> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => text.parse().map(Some).map_err(|_| self.unreadable(name)),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| self.unreadable(name)),
        }
    }

    /// A boolean.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, AwsError> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(self.unreadable(name)),
        }
    }

    /// The items of a list; empty when it is absent.
    pub(crate) fn list(&self, name: &str) -> Result<&[Value], AwsError> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            // an empty list in a form: `Tags=`
            Some(Value::String(text)) if text.is_empty() => Ok(&[]),
            Some(_) => Err(self.unreadable(name)),
        }
    }

    /// A list of texts.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<&str>, AwsError> {
        self.list(name)?.iter().map(|item| item.as_str().ok_or_else(|| self.unreadable(name))).collect()
    }

    /// A list of `{Key, Value}`. Keys have 1-128 characters, values at most 256; a key comes once; at most 50.
    pub(crate) fn tags(&self, name: &str) -> Result<Tags, AwsError> {
        let mut tags = Tags::new();
        for item in self.list(name)? {
            let (Some(key), Some(value)) = (item["Key"].as_str(), item["Value"].as_str()) else {
                return Err(self.missing("tags.member.key"));
            };
            if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
                return Err(self.refused("INVALID_PATTERN", format!("the tag `{key}` breaks AWS's length rules")));
            }
            if key.to_ascii_lowercase().starts_with("aws:") {
                return Err(self.refused("INVALID_SYSTEM_TAGS_PARAMETER", "Invalid tag key. System tags cannot be used"));
            }
            if tags.keys().any(|known: &String| known.eq_ignore_ascii_case(key)) {
                return Err(match self.protocol {
                    Protocol::Query => {
                        AwsError::new("InvalidInput", 400, "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
                    }
                    Protocol::Json => AwsError::invalid_input("DUPLICATE_TAG_KEY", "Tag keys must be unique"),
                });
            }
            tags.insert(key.to_owned(), value.to_owned());
        }
        if tags.len() > 50 {
            return Err(self.refused("MAX_LENGTH_EXCEEDED", "at most 50 tags can be given"));
        }
        Ok(tags)
    }

    fn missing(&self, name: &str) -> AwsError {
        let member = lower_first(name);
        self.refused(
            "INPUT_REQUIRED",
            format!("1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"),
        )
    }

    fn unreadable(&self, name: &str) -> AwsError {
        match self.protocol {
            Protocol::Query => AwsError::new("MalformedInput", 400, format!("`{name}` cannot be read as its type")),
            Protocol::Json => AwsError::new("SerializationException", 400, format!("`{name}` has the wrong type")),
        }
    }

    fn refused(&self, reason: &str, message: impl Into<String>) -> AwsError {
        match self.protocol {
            Protocol::Query => AwsError::validation(message),
            Protocol::Json => AwsError::invalid_input(reason, message),
        }
    }
}

/// `RoleName` to `roleName`, as AWS's validation messages spell members.
pub(crate) fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_lowercase().to_string() + chars.as_str()).unwrap_or_default()
}
