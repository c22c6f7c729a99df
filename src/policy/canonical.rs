//! One form for all spellings of the same policy.

use super::condition::scalar;
use super::principal;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The canonical form of a document. Applying it twice changes nothing; what is not a policy at all only gets its keys sorted.
pub(super) fn document(value: &Value) -> Value {
    let Some(object) = value.as_object() else { return sorted(value) };
    object_of(object.iter().map(|(element, value)| {
        let value = match element.as_str() {
            "Statement" => Value::Array(listed(value).into_iter().map(statement).collect()),
            _ => sorted(value),
        };
        (element.clone(), value)
    }))
}

fn statement(value: &Value) -> Value {
    let Some(object) = value.as_object() else { return sorted(value) };
    object_of(object.iter().filter_map(|(element, value)| {
        let value = match element.as_str() {
            // IAM keeps an empty Sid, but it says as much as none.
            "Sid" if value == "" => return None,
            "Action" | "NotAction" => set(value, |text| Value::String(text.to_ascii_lowercase())),
            "Resource" | "NotResource" => set(value, |text| Value::String(text.to_owned())),
            "Principal" | "NotPrincipal" => principals(value),
            "Condition" => conditions(value)?,
            _ => sorted(value),
        };
        Some((element.clone(), value))
    }))
}

/// `"*"` is the same as `{"AWS": "*"}`, an account's root ARN the same as its id.
fn principals(value: &Value) -> Value {
    match value {
        Value::String(text) if text == "*" => object_of([("AWS".to_owned(), Value::Array(vec![value.clone()]))]),
        Value::Object(kinds) => object_of(kinds.iter().map(|(kind, names)| {
            let name = |text: &str| Value::String(principal::account(text).unwrap_or(text).to_owned());
            let names = if kind == "AWS" { set(names, name) } else { set(names, |text| Value::String(text.to_owned())) };
            (kind.clone(), names)
        })),
        _ => sorted(value),
    }
}

/// None when there is no condition in the block.
fn conditions(value: &Value) -> Option<Value> {
    let Some(operators) = value.as_object() else { return Some(sorted(value)) };
    let mut block: BTreeMap<String, Value> = BTreeMap::new();
    for (operator, keys) in operators {
        let keys = match keys.as_object() {
            Some(keys) if keys.is_empty() => continue,
            Some(keys) => object_of(merged(keys)),
            None => sorted(keys),
        };
        block.insert(operator.clone(), keys);
    }
    (!block.is_empty()).then(|| object_of(block))
}

/// Condition keys in lower case. Keys that differ in nothing but case cannot be merged without changing the meaning: the last stays as it is written.
fn merged(keys: &Map<String, Value>) -> BTreeMap<String, Value> {
    let mut merged: BTreeMap<String, Value> = BTreeMap::new();
    for (key, values) in keys {
        let twins = keys.keys().filter(|other| other.eq_ignore_ascii_case(key)).count();
        let name = if twins == 1 { key.to_ascii_lowercase() } else { key.clone() };
        merged.insert(name, set(values, |text| Value::String(text.to_owned())));
    }
    merged
}

/// A list whose order says nothing: sorted, without repetitions, never a lone value; numbers and Booleans as text.
fn set(value: &Value, spell: impl Fn(&str) -> Value) -> Value {
    let mut list: Vec<Value> = listed(value)
        .into_iter()
        .map(|item| match scalar(item) {
            Some(text) => spell(&text),
            None => sorted(item),
        })
        .collect();
    list.sort_by_cached_key(Value::to_string);
    list.dedup();
    Value::Array(list)
}

fn listed(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(list) => list.iter().collect(),
        other => vec![other],
    }
}

/// Any JSON with the keys of its objects in order.
pub(crate) fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(list) => Value::Array(list.iter().map(sorted).collect()),
        Value::Object(object) => object_of(object.iter().map(|(key, value)| (key.clone(), sorted(value)))),
        other => other.clone(),
    }
}

/// An object with its keys in order, whatever map `serde_json` was built with.
fn object_of(entries: impl IntoIterator<Item = (String, Value)>) -> Value {
    let entries: BTreeMap<String, Value> = entries.into_iter().collect();
    Value::Object(entries.into_iter().collect())
}
