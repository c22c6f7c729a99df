//! Conditions that AWS refuses, or that could never hold.

use super::check::{Checked, Malformed, SYNTAX, near, sort};
use super::condition::{Comparison, Network, OPERATORS, Operator, boolean, date, number, scalar};
use serde_json::Value;

pub(super) fn conditions(path: &str, value: &Value) -> Checked {
    let block = |path: &str, value: &Value| {
        let message = format!("expected an object, found {}", sort(value));
        Malformed::new(path, message, SYNTAX).hint("write `{\"StringEquals\": {\"aws:username\": \"ann\"}}`")
    };
    let operators = value.as_object().ok_or_else(|| block(path, value))?;
    for (name, keys) in operators {
        let path = format!("{path}.{name}");
        let Some(operator) = Operator::parse(name) else {
            let malformed =
                Malformed::new(&path, format!("unknown condition operator `{name}`"), format!("Invalid Condition type : {name}."));
            return Err(malformed.hint(near_operator(name)));
        };
        for (key, values) in keys.as_object().ok_or_else(|| block(&path, keys))? {
            let path = format!("{path}.{key}");
            if !key.contains(':') {
                let aws = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
                return Err(
                    Malformed::new(&path, format!("the condition key `{key}` names no service"), aws).hint("write it as in `aws:username`")
                );
            }
            condition_values(&path, operator.comparison, values)?;
        }
    }
    Ok(())
}

fn condition_values(path: &str, comparison: Comparison, values: &Value) -> Checked {
    let single = std::slice::from_ref(values);
    for value in values.as_array().map_or(single, Vec::as_slice) {
        let Some(text) = scalar(value) else {
            let message = format!("expected a string, number or Boolean, found {}", sort(value));
            return Err(Malformed::new(path, message, SYNTAX).hint("write one value or a list of values"));
        };
        let (fits, wanted) = match comparison {
            Comparison::Bool | Comparison::Null => (boolean(&text).is_some(), "\"true\" or \"false\""),
            Comparison::Numeric(_) => (number(&text).is_some(), "a number"),
            Comparison::Date(_) => (date(&text).is_some(), "a date like `2026-11-22T10:00:00Z`"),
            Comparison::IpAddress => (Network::parse(&text).is_some(), "an address range like `203.0.113.0/24`"),
            Comparison::String | Comparison::StringIgnoreCase | Comparison::StringLike | Comparison::Arn | Comparison::Binary => (true, ""),
        };
        if !fits && !text.contains("${") {
            return Err(Malformed::new(path, format!("`{text}` can never match"), SYNTAX).hint(format!("write {wanted}")));
        }
    }
    Ok(())
}

fn near_operator(name: &str) -> String {
    let (quantifier, base) = name.split_once(':').map_or((None, name), |(quantifier, base)| (Some(quantifier), base));
    if let Some(quantifier) = quantifier
        && quantifier != "ForAllValues"
        && quantifier != "ForAnyValue"
    {
        return near(quantifier, &["ForAllValues", "ForAnyValue"])
            .unwrap_or_else(|| "prefixes are `ForAllValues:` and `ForAnyValue:`".to_owned());
    }
    if base == "NullIfExists" {
        return "`Null` asks for the key already: write `Null`".to_owned();
    }
    let stem = base.strip_suffix("IfExists").unwrap_or(base);
    near(stem, &OPERATORS).unwrap_or_else(|| "use one like `StringEquals`, `ArnLike` or `Bool`".to_owned())
}
