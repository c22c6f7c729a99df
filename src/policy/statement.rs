//! The statements of a document, read leniently: AWS has accepted what is stored, so nothing here refuses.

use super::condition::{self, Condition};
use super::context::Context;
use super::pattern::{Pattern, Syntax};
use super::principal::Principals;
use serde_json::{Map, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Allow,
    Deny,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Clone, Debug, PartialEq)]
pub struct Patterns {
    /// The `Not…` form: everything but the list.
    pub negated: bool,
    pub list: Vec<Pattern>,
}

impl Patterns {
    fn read(statement: &Map<String, Value>, element: &str, variables: bool) -> Option<Patterns> {
        let (negated, value) = match statement.get(element) {
            Some(value) => (false, value),
            None => (true, statement.get(&format!("Not{element}"))?),
        };
        let list = strings(value).into_iter().map(|text| Pattern::new(text, Syntax { wildcards: true, variables })).collect();
        Some(Patterns { negated, list })
    }

    fn covers(&self, fits: impl Fn(&Pattern) -> bool) -> bool {
        self.list.iter().any(fits) != self.negated
    }
}

/// One statement. An element that is missing or cannot be read is none or empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Position in the document, from 0.
    pub index: usize,
    pub sid: Option<String>,
    pub effect: Effect,
    /// Only in trust policies.
    pub principals: Option<Principals>,
    pub actions: Patterns,
    /// Not in trust policies.
    pub resources: Option<Patterns>,
    pub conditions: Vec<Condition>,
}

impl Statement {
    /// None when there is no usable Effect or Action: AWS never stores such a statement, and it can neither allow nor deny.
    fn read(index: usize, value: &Value, variables: bool) -> Option<Statement> {
        let object = value.as_object()?;
        let effect = match object.get("Effect")?.as_str()? {
            "Allow" => Effect::Allow,
            "Deny" => Effect::Deny,
            _ => return None,
        };
        Some(Statement {
            index,
            sid: object.get("Sid").and_then(Value::as_str).map(str::to_owned),
            effect,
            principals: Principals::read(object),
            // Variables do not work in actions.
            actions: Patterns::read(object, "Action", false)?,
            resources: Patterns::read(object, "Resource", variables),
            conditions: condition::read(object.get("Condition"), variables),
        })
    }

    /// Whether action, resource and conditions fit. Principals are not asked here. `resource: None` is a trust policy's question:
    /// such statements have no Resource.
    pub(super) fn fits(&self, action: &str, resource: Option<&str>, context: &Context) -> bool {
        self.actions.covers(|pattern| pattern.matches_any_case(action, context))
            && match (resource, &self.resources) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(resource), Some(patterns)) => patterns.covers(|pattern| pattern.matches(resource, context)),
            }
            && self.conditions.iter().all(|condition| condition.holds(context, self.effect))
    }
}

/// All statements of a document that can be read; `Statement` may be one object or a list.
pub(super) fn read(document: &Value) -> Vec<Statement> {
    let variables = document.get("Version").and_then(Value::as_str) == Some("2012-10-17");
    match document.get("Statement") {
        Some(Value::Array(list)) => list.iter().enumerate().filter_map(|(index, value)| Statement::read(index, value, variables)).collect(),
        Some(value) => Statement::read(0, value, variables).into_iter().collect(),
        None => Vec::new(),
    }
}

/// A string or a list of strings, as a list.
pub(super) fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect(),
    }
}
