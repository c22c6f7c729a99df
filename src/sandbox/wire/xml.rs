//! Values as XML: members become elements, list items `<member>`, null is left out.

use serde_json::Value;

/// Appends `value` as the element `name`.
pub(crate) fn element(out: &mut String, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        // a map: each entry is an element of its own, with `key` and `value`
        Value::Array(items) if name == "entry" => items.iter().for_each(|item| element(out, name, item)),
        Value::Array(items) => {
            open(out, name);
            for item in items {
                element(out, "member", item);
            }
            close(out, name);
        }
        Value::Object(members) => {
            open(out, name);
            for (key, member) in members {
                element(out, key, member);
            }
            close(out, name);
        }
        Value::String(text) => {
            open(out, name);
            escape(out, text);
            close(out, name);
        }
        Value::Bool(_) | Value::Number(_) => {
            open(out, name);
            out.push_str(&value.to_string());
            close(out, name);
        }
    }
}

fn open(out: &mut String, name: &str) {
    out.push('<');
    out.push_str(name);
    out.push('>');
}

fn close(out: &mut String, name: &str) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

fn escape(out: &mut String, text: &str) {
    for char in text.chars() {
        match char {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            // XML 1.0 has no way to write these
            '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn elements() {
        let mut out = String::new();
        element(&mut out, "R", &json!({"A": "<&>", "B": [{"C": 1}, "x"], "D": null, "E": true, "F": []}));
        assert_eq!(out, "<R><A>&lt;&amp;&gt;</A><B><member><C>1</C></member><member>x</member></B><E>true</E><F></F></R>");
    }
}
