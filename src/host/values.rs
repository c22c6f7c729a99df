//! Between a script's values and JSON. A script can hold more than JSON can say (functions, ranges); such a value is refused with its path.

use super::object::Object;
use rhai::{Array, Dynamic, ImmutableString, Map};
use serde_json::Value;

/// A plain value: objects become maps, null becomes `()`.
pub(super) fn from_json(value: &Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => number.as_i64().map_or_else(|| number.as_f64().unwrap_or(f64::NAN).into(), Dynamic::from),
        Value::String(text) => text.clone().into(),
        Value::Array(items) => items.iter().map(from_json).collect::<Array>().into(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.as_str().into(), from_json(value))).collect::<Map>().into(),
    }
}

/// What a primitive gave back: JSON objects with a `kind` become objects of AWS, also inside arrays and maps.
pub(super) fn from_output(value: Value) -> Dynamic {
    match value {
        Value::Object(fields) if fields.get("kind").is_some_and(Value::is_string) => Dynamic::from(Object::new(fields)),
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key.as_str().into(), from_output(value))).collect::<Map>().into(),
        Value::Array(items) => items.into_iter().map(from_output).collect::<Array>().into(),
        plain => from_json(&plain),
    }
}

/// Why a value has no JSON form: where it is (`managed[1].x`, empty for the value itself) and what it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotJson {
    pub(super) path: String,
    pub(super) what: String,
}

pub(super) fn to_json(value: &Dynamic) -> Result<Value, NotJson> {
    if value.is_unit() {
        return Ok(Value::Null);
    }
    if let Ok(flag) = value.as_bool() {
        return Ok(flag.into());
    }
    if let Ok(number) = value.as_int() {
        return Ok(number.into());
    }
    if let Ok(number) = value.as_float() {
        return serde_json::Number::from_f64(number)
            .map(Value::Number)
            .ok_or_else(|| NotJson { path: String::new(), what: "a number that is not finite".to_owned() });
    }
    if let Ok(letter) = value.as_char() {
        return Ok(letter.to_string().into());
    }
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Ok(text.as_str().into());
    }
    if let Some(object) = value.read_lock::<Object>() {
        return Ok(object.to_json());
    }
    if let Some(items) = value.read_lock::<Array>() {
        let items = items.iter().enumerate().map(|(index, item)| to_json(item).map_err(|error| error.below(&format!("[{index}]"))));
        return items.collect::<Result<_, _>>().map(Value::Array);
    }
    if let Some(fields) = value.read_lock::<Map>() {
        let fields =
            fields.iter().map(|(key, field)| Ok((key.to_string(), to_json(field).map_err(|error| error.below(&format!(".{key}")))?)));
        return fields.collect::<Result<_, _>>().map(Value::Object);
    }
    Err(NotJson { path: String::new(), what: kind_of(value) })
}

impl NotJson {
    /// The same, seen from the value that holds it.
    pub(super) fn below(mut self, step: &str) -> NotJson {
        self.path.insert_str(0, step);
        self
    }

    pub(super) fn message(&self) -> String {
        let path = self.path.trim_start_matches('.');
        if path.is_empty() {
            format!("{} cannot be used here", self.what)
        } else {
            format!("`{path}` is {}, which cannot be used here", self.what)
        }
    }
}

/// What a value is, in words: `a string`, `an account`.
pub(super) fn kind_of(value: &Dynamic) -> String {
    if let Some(object) = value.read_lock::<Object>() {
        let kind = object.kind();
        return format!("{} {kind}", if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" });
    }
    match value.type_name() {
        "()" => "nothing, `()`".to_owned(),
        "bool" => "true or false".to_owned(),
        "i64" => "an integer".to_owned(),
        "f64" => "a number".to_owned(),
        "char" => "a character".to_owned(),
        "string" => "a string".to_owned(),
        "array" => "an array".to_owned(),
        "map" => "a map".to_owned(),
        "Fn" => "a function".to_owned(),
        name if name.contains("Range") => "a range".to_owned(),
        name => format!("a `{name}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1.0e9..1.0e9f64).prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-z]{1,6}", inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn json_survives_a_script(value in any_json()) {
            prop_assert_eq!(to_json(&from_json(&value)).unwrap(), value);
        }

        #[test]
        fn so_does_the_output_of_a_primitive(value in any_json()) {
            prop_assert_eq!(to_json(&from_output(json!({ "kind": "role", "tags": value.clone() }))).unwrap(), json!({ "kind": "role", "tags": value }));
        }
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_path() {
        let engine = super::super::engine::bare();
        for (script, message) in [
            ("|x| x", "a function cannot be used here"),
            ("#{ a: [1, #{ b: |x| x }] }", "`a[1].b` is a function, which cannot be used here"),
            ("[0..3]", "`[0]` is a range, which cannot be used here"),
            ("#{ n: 1.0 / 0.0 }", "`n` is a number that is not finite, which cannot be used here"),
        ] {
            let value: Dynamic = engine.eval(script).unwrap();
            assert_eq!(to_json(&value).unwrap_err().message(), message, "{script}");
        }
    }
}
