//! Outputs of a run as text: names and values in columns, one line for each entry of a map or array. The whole values are in the JSON.

use super::plain::plain;
use serde_json::{Map, Value};
use std::fmt::Write;

/// All outputs in the order given, beneath a heading; nothing when there are none.
#[must_use]
pub fn outputs<'a>(named: impl IntoIterator<Item = (&'a String, &'a Value)>) -> String {
    let mut out = String::new();
    entries(&mut out, &named.into_iter().collect::<Vec<_>>(), 2);
    if out.is_empty() { out } else { format!("outputs:\n{out}") }
}

/// One output by itself, without a line break at its end: a text bare, so that a shell can use it.
#[must_use]
pub fn output(value: &Value) -> String {
    let mut out = String::new();
    match (on_one_line(value), value) {
        (Some(text), _) => out.push_str(&text),
        (None, Value::Array(items)) => list(&mut out, items, 0),
        (None, Value::Object(fields)) => entries(&mut out, &fields.iter().collect::<Vec<_>>(), 0),
        (None, value) => out.push_str(&plain(&value.to_string())),
    }
    out.truncate(out.trim_end().len());
    out
}

/// A line per entry, the values that fit on it in a column; larger ones beneath their name.
fn entries(out: &mut String, named: &[(&String, &Value)], indent: usize) {
    let shown: Vec<_> = named.iter().map(|(name, value)| (plain(name), on_one_line(value), *value)).collect();
    let width = shown.iter().filter(|(_, text, _)| text.is_some()).map(|(name, ..)| name.chars().count()).max().unwrap_or(0);
    for (name, text, value) in shown {
        match (text, value) {
            (Some(text), _) => {
                let _ = writeln!(out, "{:indent$}{name:width$}  {text}", "");
            }
            (None, value) => {
                let _ = writeln!(out, "{:indent$}{name}", "");
                beneath(out, value, indent + 2);
            }
        }
    }
}

fn beneath(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(fields) => entries(out, &fields.iter().collect::<Vec<_>>(), indent),
        Value::Array(items) => list(out, items, indent),
        value => {
            let _ = writeln!(out, "{:indent$}{}", "", plain(&value.to_string()));
        }
    }
}

/// A line per item; what needs more than one is JSON.
fn list(out: &mut String, items: &[Value], indent: usize) {
    for item in items {
        let text = on_one_line(item).unwrap_or_else(|| plain(&item.to_string()).into_owned());
        let _ = writeln!(out, "{:indent$}{text}", "");
    }
}

/// Plain values as they are typed, an object of AWS by what names it; none for what has parts.
fn on_one_line(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(plain(text).into_owned()),
        Value::Object(fields) if fields.get("kind").is_some_and(Value::is_string) => object(fields),
        Value::Array(items) if !items.is_empty() => None,
        Value::Object(fields) if !fields.is_empty() => None,
        value => Some(value.to_string()),
    }
}

/// An account by its id, all else by its ARN, name or id.
fn object(fields: &Map<String, Value>) -> Option<String> {
    let order = if fields.get("kind")? == "account" { ["id", "name", "arn"] } else { ["arn", "name", "id"] };
    order.iter().find_map(|field| fields.get(*field)?.as_str()).map(|text| plain(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn outputs_are_lines_in_columns() {
        let account = |id: &str| json!({ "kind": "account", "id": id, "name": "x", "email": "x@example.com" });
        let values = [
            ("accounts", json!({ "dev": account("105399153006"), "stage": account("944040667281") })),
            ("roles", json!(["arn:a", "arn:b"])),
            ("sign_in", json!("https://x\u{1b}")),
            ("count", json!(3)),
            ("none", json!([])),
            ("deep", json!({ "a": { "b": [1, { "c": true }] }, "e": null })),
        ];
        let values = values.map(|(name, value)| (name.to_owned(), value));
        let expected = "\
outputs:
  accounts
    dev    105399153006
    stage  944040667281
  roles
    arn:a
    arn:b
  sign_in  https://x\\u{1b}
  count    3
  none     []
  deep
    a
      b
        1
        {\"c\":true}
    e  null
";
        assert_eq!(outputs(values.iter().map(|(name, value)| (name, value))), expected);
        assert_eq!(outputs([]), "");
    }

    #[test]
    fn one_output_is_ready_for_a_shell() {
        for (value, text) in [
            (json!("a"), "a"),
            (json!({ "kind": "role", "arn": "arn:r", "name": "r" }), "arn:r"),
            (json!({ "kind": "account", "id": "1", "name": "dev" }), "1"),
            (json!(["a", "b"]), "a\nb"),
            (json!({ "a": 1, "bb": "x" }), "a   1\nbb  x"),
            (json!({ "kind": "odd", "n": 1 }), "kind  odd\nn     1"),
            (json!({}), "{}"),
            (json!(true), "true"),
        ] {
            assert_eq!(output(&value), text, "{value}");
        }
    }
}
