//! `--output json`: one object per line. Format 1:
//! `version` first, then the events as they come, `error` if there was one, `recap` last.

use super::counts::by_id;
use super::plain::is_unsafe;
use super::recap::End;
use super::tally::Tally;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// Raised when a reader of the former format could stumble.
pub const FORMAT: u32 = 1;

/// One line, with its line break. Characters a terminal may take for more than text come as `\u…` escapes.
pub(super) fn line(value: &Value) -> String {
    let text = value.to_string();
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if is_unsafe(c) {
            // serde_json has escaped the lower ones; what is left stands inside a string and in the basic plane.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    out
}

/// The first line of a stream of lines.
#[must_use]
pub fn version() -> Value {
    json!({"type": "version", "format": FORMAT, "runner": env!("CARGO_PKG_VERSION")})
}

/// The last object: totals, and the same by account id.
pub(super) fn recap(tally: &Tally, end: &End<'_>) -> Value {
    let accounts: Map<String, Value> = by_id(&end.recap.accounts)
        .into_iter()
        .map(|(id, (name, counts))| {
            let mut entry = json!(counts);
            entry["name"] = json!(name);
            (id.to_owned(), entry)
        })
        .collect();
    let outputs: Map<String, Value> = tally.outputs.iter().cloned().collect();
    let mut recap = json!(end.recap.total);
    recap["type"] = json!("recap");
    recap["run"] = json!(end.recap.run);
    recap["accounts"] = Value::Object(accounts);
    recap["outputs"] = Value::Object(outputs);
    recap["status"] = json!(end.recap.status);
    recap["exit_code"] = json!(end.exit_code());
    recap["beside"] = json!(tally.beside);
    recap["tolerated"] = json!(end.recap.tolerated);
    recap["left_out"] = json!(end.recap.left_out);
    recap["next"] = json!(end.next);
    recap
}
