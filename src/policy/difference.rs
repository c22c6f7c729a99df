//! What changed from one document to another, for people.

use super::Document;
use serde_json::Value;
use std::collections::BTreeSet;

/// One line: `Statement[0].Condition: {"Bool":…} -> (none); Version: (none) -> "2012-10-17"`. Empty when the documents are equal.
#[must_use]
pub fn difference(from: &Document, to: &Document) -> String {
    let mut changes = Vec::new();
    compare("", Some(&from.canonical()), Some(&to.canonical()), &mut changes);
    changes.join("; ")
}

fn compare(path: &str, from: Option<&Value>, to: Option<&Value>, changes: &mut Vec<String>) {
    match (from, to) {
        (Some(from), Some(to)) if from == to => {}
        // The list of statements and a statement are taken apart; elements are shown whole.
        (Some(Value::Object(old)), Some(Value::Object(new))) if path.is_empty() || path.ends_with(']') => {
            let elements: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for element in elements {
                let path = if path.is_empty() { element.clone() } else { format!("{path}.{element}") };
                compare(&path, old.get(element), new.get(element), changes);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if path == "Statement" => {
            for index in 0..old.len().max(new.len()) {
                compare(&format!("Statement[{index}]"), old.get(index), new.get(index), changes);
            }
        }
        _ => changes.push(format!("{}: {} -> {}", if path.is_empty() { "document" } else { path }, shown(from), shown(to))),
    }
}

/// A list of one is shown as its item, as people write it.
fn shown(value: Option<&Value>) -> String {
    match value {
        None => "(none)".to_owned(),
        Some(Value::Array(list)) if list.len() == 1 => list[0].to_string(),
        Some(value) => value.to_string(),
    }
}
