//! Parameters: what a playbook declares, and what the user gave, made to fit.

use super::describe::{Parameter, ParameterKind};
use super::playbook::Playbook;
use super::{describe, suggest};
use crate::error::Error;
use serde_json::{Map, Value};

/// The value of every declared parameter. All that is wrong with them is said at once.
pub(super) fn resolve(playbook: &Playbook, given: &Map<String, Value>) -> Result<Map<String, Value>, Error> {
    let declared = describe::describe(playbook).parameters;
    let mut values = Map::new();
    let mut problems = Vec::new();
    for parameter in &declared {
        match given.get(&parameter.name) {
            Some(value) => match convert(parameter, value) {
                Ok(value) => drop(values.insert(parameter.name.clone(), value)),
                Err(problem) => problems.push(problem),
            },
            None => match &parameter.value {
                Some(value) => drop(values.insert(parameter.name.clone(), value.clone())),
                None => problems.push(missing(parameter)),
            },
        }
    }
    let names = || declared.iter().map(|parameter| parameter.name.as_str());
    for name in given.keys().filter(|name| names().all(|known| known != name.as_str())) {
        let near = suggest::nearest(name, names()).map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
        problems.push(format!("the playbook has no parameter `{name}`{near}"));
    }
    let mut problems = problems.into_iter();
    let Some(first) = problems.next() else { return Ok(values) };
    let error = problems.fold(Error::usage("parameter", first), Error::cause);
    Err(error.hint("give parameters with `-p name=value` or `--params FILE`; `runner check` lists them"))
}

fn missing(parameter: &Parameter) -> String {
    let help = parameter.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    format!("parameter `{}`{help} is not given", parameter.name)
}

/// A value as the declared kind; a text, as from the command line, is read as that kind.
pub(super) fn convert(parameter: &Parameter, value: &Value) -> Result<Value, String> {
    let shown = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let wrong = |wanted: &str| format!("parameter `{}` must be {wanted}, not `{}`", parameter.name, shown());
    let converted = match (parameter.kind, value) {
        (ParameterKind::String, Value::String(_))
        | (ParameterKind::Bool, Value::Bool(_))
        | (ParameterKind::List, Value::Array(_))
        | (ParameterKind::Map, Value::Object(_)) => Ok(value.clone()),
        (ParameterKind::Int, Value::Number(number)) if number.is_i64() => Ok(value.clone()),
        (ParameterKind::Email, Value::String(text)) => {
            email(text).map(|()| value.clone()).map_err(|why| format!("{} ({why})", wrong("an e-mail address")))
        }
        (ParameterKind::Bool, Value::String(text)) => match text.as_str() {
            "true" | "yes" | "on" => Ok(true.into()),
            "false" | "no" | "off" => Ok(false.into()),
            _ => Err(wrong("true or false")),
        },
        (ParameterKind::Int, Value::String(text)) => text.parse::<i64>().map(Value::from).map_err(|_| wrong("an integer")),
        (ParameterKind::List, Value::String(text)) => list(text).ok_or_else(|| wrong("a list, like `a,b` or JSON")),
        (ParameterKind::Map, Value::String(text)) => map(text).ok_or_else(|| wrong("a map, like `a=1,b=2` or JSON")),
        (kind, _) => Err(wrong(kind.with_article())),
    }?;
    match &parameter.one_of {
        Some(choices) if !choices.contains(&converted) => {
            let choices: Vec<String> =
                choices.iter().map(|choice| choice.as_str().map_or_else(|| choice.to_string(), str::to_owned)).collect();
            Err(wrong(&format!("one of `{}`", choices.join("`, `"))))
        }
        _ => Ok(converted),
    }
}

fn list(text: &str) -> Option<Value> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).ok();
    }
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Some(items.map(Value::from).collect())
}

fn map(text: &str) -> Option<Value> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).ok();
    }
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').map(|(key, value)| (key.trim().to_owned(), value.trim().into())))
        .collect::<Option<_>>()
        .map(Value::Object)
}

/// Organizations' rule for the root address of an account.
pub(super) fn email(text: &str) -> Result<(), &'static str> {
    let Some((local, domain)) = text.split_once('@') else { return Err("it has no `@`") };
    if !(6..=64).contains(&text.len()) || !text.is_ascii() {
        return Err("it must have 6 to 64 ASCII characters");
    }
    if local.is_empty()
        || local.starts_with('.')
        || local.contains(|letter: char| letter.is_ascii_whitespace() || "\"'()<>[]:;,\\|%&@".contains(letter))
    {
        return Err("the part before `@` is not one that AWS accepts");
    }
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '.' || letter == '-';
    if !domain.contains('.') || !domain.chars().all(plain) || domain.starts_with(['-', '.']) || domain.ends_with(['-', '.']) {
        return Err("the part behind `@` is not a domain");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parameter(kind: ParameterKind) -> Parameter {
        Parameter { name: "x".to_owned(), kind, help: None, value: None, one_of: None }
    }

    #[test]
    fn texts_are_read_as_the_declared_kind() {
        use ParameterKind::{Bool, Email, Int, List, Map, String};
        for (kind, given, expected) in [
            (String, json!("a"), Some(json!("a"))),
            (String, json!(1), None),
            (Bool, json!("true"), Some(json!(true))),
            (Bool, json!("off"), Some(json!(false))),
            (Bool, json!("maybe"), None),
            (Int, json!("12"), Some(json!(12))),
            (Int, json!(1.5), None),
            (Int, json!("1e3"), None),
            (List, json!("a, b"), Some(json!(["a", "b"]))),
            (List, json!("[1]"), Some(json!([1]))),
            (List, json!(""), Some(json!([]))),
            (Map, json!("ana=admin,bo=ro"), Some(json!({ "ana": "admin", "bo": "ro" }))),
            (Map, json!("{\"a\": [1]}"), Some(json!({ "a": [1] }))),
            (Map, json!("ana"), None),
            (Email, json!("root+dev@example.com"), Some(json!("root+dev@example.com"))),
            (Email, json!("root@example"), None),
            (Email, json!("r@@example.com"), None),
        ] {
            assert_eq!(convert(&parameter(kind), &given).ok(), expected, "{kind:?} {given}");
        }
    }

    #[test]
    fn a_choice_must_be_among_the_choices() {
        let parameter = Parameter { one_of: Some(vec![json!("a"), json!("b")]), ..parameter(ParameterKind::String) };
        assert_eq!(convert(&parameter, &json!("b")), Ok(json!("b")));
        assert_eq!(convert(&parameter, &json!("c")).unwrap_err(), "parameter `x` must be one of `a`, `b`, not `c`");
    }
}
