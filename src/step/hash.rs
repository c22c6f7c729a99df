//! Canonical JSON and the hash of a step's input.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// SHA-256, in hex, of the canonical JSON: what tells whether a step is asked for the same thing again.
#[must_use]
pub fn input_hash(input: &Value) -> String {
    hex::encode(Sha256::digest(canonical(input)))
}

/// JSON without white space and with sorted keys at every depth.
#[must_use]
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(object) => {
            // serde_json may keep insertion order, if another crate asks it to.
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            text.push('{');
            for (position, (key, value)) in entries.into_iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

/// What two inputs of one step differ in, one line for people: `email: "a@x.org" -> "b@x.org", tags: (none) -> {}`.
#[must_use]
pub fn difference(from: &Value, to: &Value) -> String {
    let mut lines = Vec::new();
    differ("", from, to, &mut lines);
    lines.join(", ")
}

fn differ(path: &str, from: &Value, to: &Value, lines: &mut Vec<String>) {
    if let (Value::Object(from), Value::Object(to)) = (from, to) {
        let mut keys: Vec<_> = from.keys().chain(to.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            match (from.get(key), to.get(key)) {
                (Some(from), Some(to)) => differ(&path, from, to, lines),
                (from, to) => lines.push(format!("{path}: {} -> {}", shown(from), shown(to))),
            }
        }
    } else if canonical(from) != canonical(to) {
        lines.push(format!("{path}: {} -> {}", canonical(from), canonical(to)));
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "(none)".to_owned(), canonical)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_order_of_keys_does_not_matter() {
        let table = [
            (json!({"b": 1, "a": {"d": [1, {"z": 0, "y": 0}], "c": null}}), r#"{"a":{"c":null,"d":[1,{"y":0,"z":0}]},"b":1}"#),
            (json!("quote \" and \n"), r#""quote \" and \n""#),
            (json!([]), "[]"),
            (json!({}), "{}"),
            (json!(true), "true"),
        ];
        for (value, text) in table {
            assert_eq!(canonical(&value), text);
        }
        // SHA-256 of `{}`.
        assert_eq!(input_hash(&json!({})), "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    }

    #[test]
    fn differences_name_the_path() {
        let from = json!({"email": "a", "tags": {"x": 1}, "ou": "u"});
        let to = json!({"email": "b", "tags": {"x": 1, "y": 2}});
        assert_eq!(difference(&from, &to), r#"email: "a" -> "b", ou: "u" -> (none), tags.y: (none) -> 2"#);
        assert_eq!(difference(&from, &from), "");
    }
}
