//! A policy document: the JSON as given, and its statements.

use super::statement::{self, Statement};
use super::{Malformed, canonical, check};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// What a document is for; decides which elements it must and must not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Attached to a user, group or role, a permissions boundary, or a session policy.
    Identity,
    /// Of a role: who may assume it.
    Trust,
    /// A service control policy.
    ServiceControl,
}

/// A policy document. Cheap to clone. Two documents are equal when their canonical forms are.
#[derive(Clone)]
pub struct Document(Arc<Inner>);

struct Inner {
    value: Value,
    statements: Vec<Statement>,
}

impl Document {
    /// Reads a document strictly, as AWS does before it stores one.
    pub fn parse(kind: Kind, text: &str) -> Result<Document, Malformed> {
        check::text(kind, text).map(Document::stored)
    }

    /// As `parse`, from JSON that is already read.
    pub fn from_value(kind: Kind, value: &Value) -> Result<Document, Malformed> {
        check::value(kind, value)?;
        Ok(Document::stored(value.clone()))
    }

    /// A document that AWS has accepted before: nothing is refused. A statement that cannot be understood neither allows nor denies.
    #[must_use]
    pub fn stored(value: Value) -> Document {
        let statements = statement::read(&value);
        Document(Arc::new(Inner { value, statements }))
    }

    /// The JSON as given.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0.value
    }

    /// Compact JSON, as it is sent to AWS.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.value.to_string()
    }

    /// The form that is the same for every spelling of this policy: keys sorted, lists that are sets sorted and never a lone string,
    /// actions and condition keys in lower case, an account as its bare id, condition values as strings. A missing Version stays missing.
    #[must_use]
    pub fn canonical(&self) -> Value {
        canonical::document(&self.0.value)
    }

    /// The statements that could be read, in the order of the document.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.0.statements
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Document) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.value == other.0.value || self.canonical() == other.canonical()
    }
}

impl Eq for Document {}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({})", self.0.value)
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.value.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Document, D::Error> {
        Value::deserialize(deserializer).map(Document::stored)
    }
}
