//! awsQuery requests: a form whose keys spell nested members (`Tags.member.1.Key`).

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// The pairs of a form or query string, decoded; an invalid UTF-8 sequence becomes U+FFFD.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

fn pair(text: &str) -> (String, String) {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    (unescape(key), unescape(value))
}

fn unescape(text: &str) -> String {
    let spaced = if text.contains('+') { text.replace('+', " ") } else { text.to_owned() };
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// Members out of a form's pairs: `A.member.1.B=x` becomes `{"A": [{"B": "x"}]}`.
pub(crate) fn decode(pairs: Vec<(String, String)>) -> Map<String, Value> {
    let mut root = Map::new();
    for (key, value) in pairs {
        let path: Vec<&str> = key.split('.').collect();
        // deeper than any AWS shape: leave the key as it is rather than nest without end
        if path.len() > 16 {
            root.insert(key, Value::String(value));
            continue;
        }
        insert(&mut root, &path, value);
    }
    root.into_iter().map(|(key, value)| (key, fold(value))).collect()
}

fn insert(into: &mut Map<String, Value>, path: &[&str], value: String) {
    match path {
        [] => {}
        [last] => {
            into.insert((*last).to_owned(), Value::String(value));
        }
        [first, rest @ ..] => {
            let slot = into.entry((*first).to_owned()).or_insert_with(|| Value::Object(Map::new()));
            if !slot.is_object() {
                *slot = Value::Object(Map::new());
            }
            if let Value::Object(inner) = slot {
                insert(inner, rest, value);
            }
        }
    }
}

/// `{"member": {"1": x, "2": y}}` to `[x, y]`, in the order of the numbers, all the way down.
fn fold(value: Value) -> Value {
    let Value::Object(mut members) = value else { return value };
    let numbered = |items: &Map<String, Value>| items.keys().all(|key| key.parse::<u32>().is_ok());
    if members.len() == 1
        && let Some(Value::Object(items)) = members.get("member")
        && numbered(items)
        && let Some(Value::Object(items)) = members.remove("member")
    {
        let mut items: Vec<(u32, Value)> = items.into_iter().map(|(key, value)| (key.parse().unwrap_or(u32::MAX), fold(value))).collect();
        items.sort_by_key(|(number, _)| *number);
        return Value::Array(items.into_iter().map(|(_, value)| value).collect());
    }
    Value::Object(members.into_iter().map(|(key, value)| (key, fold(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn forms() {
        let table = [
            ("Action=GetUser&UserName=a%2Bb+c", json!({"Action": "GetUser", "UserName": "a+b c"})),
            ("Tags.member.1.Key=k&Tags.member.1.Value=v", json!({"Tags": [{"Key": "k", "Value": "v"}]})),
            ("A.member.2=y&A.member.1=x&A.member.10=z", json!({"A": ["x", "y", "z"]})),
            ("A.B=1&A.C=2", json!({"A": {"B": "1", "C": "2"}})),
            ("Tags=", json!({"Tags": ""})),
            ("", json!({})),
            ("A=1&A.B=2", json!({"A": {"B": "2"}})),
        ];
        for (text, expected) in table {
            assert_eq!(Value::Object(decode(pairs(text))), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_panic(text in ".{0,200}") {
            decode(pairs(&text));
        }
    }
}
