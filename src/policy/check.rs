//! What AWS refuses in a document, found before it is sent, with the path of the mistake.

use super::document::Kind;
use super::{check_condition, check_principal, json, size};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt;

/// A document that AWS would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// `Statement[1].Effect`; empty when the document as a whole is meant.
    pub path: String,
    pub message: String,
    pub hint: Option<String>,
    /// What IAM answers in MalformedPolicyDocument.
    pub aws: String,
}

impl Malformed {
    pub(super) fn new(path: &str, message: impl Into<String>, aws: impl Into<String>) -> Malformed {
        Malformed { path: path.to_owned(), message: message.into(), hint: None, aws: aws.into() }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Malformed {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, ", {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Malformed {}

pub(super) type Checked = Result<(), Malformed>;

pub(super) const SYNTAX: &str = "Syntax errors in policy.";

const DOCUMENT: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT: [&str; 9] = ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];
/// What a trust policy may speak of (AWS STS, "Actions defined").
const TRUST_ACTIONS: [&str; 7] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:AssumeRoot",
    "sts:SetContext",
    "sts:SetSourceIdentity",
    "sts:TagSession",
];

/// Checks the text of a document, and hands back its JSON.
pub(super) fn text(kind: Kind, text: &str) -> Result<Value, Malformed> {
    if let Some(c) = text.chars().find(|c| !is_allowed(*c)) {
        return Err(foreign("", c));
    }
    let count = text.chars().count();
    if count > size::WIRE {
        let message = format!("{count} characters, and AWS takes at most {}, so split the policy", size::WIRE);
        return Err(Malformed::new("", message, SYNTAX));
    }
    let document = json::parse(text).map_err(|error| {
        let error = error.to_string();
        Malformed::new("", format!("not JSON that AWS takes: {error}"), SYNTAX).hint("mend it there")
    })?;
    value(kind, &document)?;
    Ok(document)
}

/// Checks a document that is JSON already.
pub(super) fn value(kind: Kind, document: &Value) -> Checked {
    characters("", document)?;
    let Some(object) = document.as_object() else {
        let message = format!("a policy document is an object, not {}", sort(document));
        return Err(Malformed::new("", message, SYNTAX).hint("write `{\"Version\": \"2012-10-17\", \"Statement\": [...]}`"));
    };
    known("", object, &DOCUMENT)?;
    match object.get("Version") {
        None => {}
        Some(Value::String(version)) if version == "2012-10-17" || version == "2008-10-17" => {}
        Some(other) => {
            let aws = "The policy must contain a valid version string.";
            return Err(Malformed::new("Version", format!("`{}` is no version of the policy language", plain(other)), aws)
                .hint("write \"2012-10-17\""));
        }
    }
    if let Some(id) = object.get("Id") {
        string("Id", id)?;
    }
    let statements: Vec<(String, &Value)> = match object.get("Statement") {
        None => return Err(Malformed::new("Statement", "missing", SYNTAX).hint("add the list of statements")),
        Some(Value::Array(list)) if list.is_empty() => {
            return Err(Malformed::new("Statement", "empty", SYNTAX).hint("add at least one statement"));
        }
        Some(Value::Array(list)) => list.iter().enumerate().map(|(index, value)| (format!("Statement[{index}]"), value)).collect(),
        Some(single) => vec![("Statement".to_owned(), single)],
    };
    let mut sids = BTreeSet::new();
    for (path, value) in statements {
        statement(kind, &path, value, &mut sids)?;
    }
    Ok(())
}

fn statement<'a>(kind: Kind, path: &str, value: &'a Value, sids: &mut BTreeSet<&'a str>) -> Checked {
    let Some(object) = value.as_object() else {
        return Err(Malformed::new(path, format!("a statement is an object, not {}", sort(value)), SYNTAX).hint("write `{...}`"));
    };
    known(path, object, &STATEMENT)?;
    if let Some(value) = object.get("Sid") {
        sid(&format!("{path}.Sid"), value, sids)?;
    }
    effect(path, object.get("Effect"))?;
    match kind {
        Kind::Identity | Kind::ServiceControl => {
            prohibited(kind, path, object, "Principal", "who it binds follows from where it is attached")?;
        }
        Kind::Trust => prohibited(kind, path, object, "Resource", "a trust policy speaks of its own role only")?,
    }
    if let Some((path, value)) = one_of(path, object, "Action", "Policy statement must contain actions.")? {
        for (path, name) in names(&path, value)? {
            action(kind, &path, name)?;
        }
    }
    if kind == Kind::Trust {
        if let Some((path, value)) = one_of(path, object, "Principal", "Missing required field Principal")? {
            check_principal::principals(&path, value)?;
        }
    } else if let Some((path, value)) = one_of(path, object, "Resource", "Policy statement must contain resources.")? {
        for (path, name) in names(&path, value)? {
            resource(&path, name)?;
        }
    }
    object.get("Condition").map_or(Ok(()), |value| check_condition::conditions(&format!("{path}.Condition"), value))
}

/// `Action` or `NotAction`, and so on: the path and value of the one that is there.
fn one_of<'a>(path: &str, object: &'a Map<String, Value>, element: &str, aws: &str) -> Result<Option<(String, &'a Value)>, Malformed> {
    let negated = format!("Not{element}");
    match (object.get(element), object.get(&negated)) {
        (Some(_), Some(_)) => Err(Malformed::new(path, format!("both `{element}` and `{negated}`"), SYNTAX).hint("keep one of them")),
        (Some(value), None) => Ok(Some((format!("{path}.{element}"), value))),
        (None, Some(value)) => Ok(Some((format!("{path}.{negated}"), value))),
        (None, None) => Err(Malformed::new(path, format!("`{element}` is missing"), aws).hint(format!("add `{element}` to the statement"))),
    }
}

fn prohibited(kind: Kind, path: &str, object: &Map<String, Value>, element: &str, why: &str) -> Checked {
    let of = match kind {
        Kind::Identity => "an identity-based policy",
        Kind::Trust => "a trust policy",
        Kind::ServiceControl => "a service control policy",
    };
    for name in [element.to_owned(), format!("Not{element}")] {
        if object.contains_key(&name) {
            return Err(Malformed::new(
                &format!("{path}.{name}"),
                format!("{of} has no `{name}`: {why}"),
                format!("Has prohibited field {name}"),
            )
            .hint("remove it"));
        }
    }
    Ok(())
}

fn sid<'a>(path: &str, value: &'a Value, sids: &mut BTreeSet<&'a str>) -> Checked {
    let sid = string(path, value)?;
    if !sid.chars().all(|c| c.is_ascii_alphanumeric()) {
        let aws = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*";
        return Err(
            Malformed::new(path, format!("`{sid}` has other characters than letters and digits"), aws).hint("use only A-Z, a-z and 0-9")
        );
    }
    if !sid.is_empty() && !sids.insert(sid) {
        let aws = "Statement IDs (SID) in a single policy must be unique.";
        return Err(Malformed::new(path, format!("`{sid}` names another statement already"), aws).hint("give each statement its own Sid"));
    }
    Ok(())
}

fn effect(path: &str, value: Option<&Value>) -> Checked {
    let hint = "write \"Allow\" or \"Deny\"";
    match value {
        None => Err(Malformed::new(path, "`Effect` is missing", "Missing required field Effect").hint(hint)),
        Some(Value::String(effect)) if effect == "Allow" || effect == "Deny" => Ok(()),
        Some(other) => {
            let path = format!("{path}.Effect");
            let text = plain(other);
            let malformed = Malformed::new(&path, format!("`{text}` is no effect"), format!("Invalid effect: {text}"));
            Err(malformed.hint(near(&text, &["Allow", "Deny"]).unwrap_or_else(|| hint.to_owned())))
        }
    }
}

fn action(kind: Kind, path: &str, name: &str) -> Checked {
    if kind == Kind::Trust {
        return trust_action(path, name);
    }
    if name == "*" {
        return Ok(());
    }
    match name.split_once(':') {
        None => {
            let aws = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
            Err(Malformed::new(path, format!("`{name}` names no service"), aws).hint("write `service:Action`, as in `iam:CreateRole`"))
        }
        Some((service, operation)) => {
            let service_fits = !service.is_empty() && service.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            let operation_fits = !operation.is_empty() && operation.chars().all(|c| c.is_ascii_alphanumeric() || "*?-_".contains(c));
            if service_fits && operation_fits {
                return Ok(());
            }
            let aws = if service_fits { SYNTAX.to_owned() } else { format!("Vendor {service} is not valid") };
            Err(Malformed::new(path, format!("`{name}` is no action"), aws).hint("write `service:Action`; wildcards go behind the colon"))
        }
    }
}

fn trust_action(path: &str, name: &str) -> Checked {
    let pattern = super::Pattern::new(name, super::pattern::Syntax { wildcards: true, variables: false });
    let context = super::Context::new();
    let fits = name.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("sts:"))
        && TRUST_ACTIONS.iter().any(|action| pattern.matches_any_case(action, &context));
    if fits {
        return Ok(());
    }
    let aws = "AssumeRole policy may only specify STS AssumeRole actions.";
    let hint = near(name, &TRUST_ACTIONS).unwrap_or_else(|| "write `sts:AssumeRole`".to_owned());
    Err(Malformed::new(path, format!("`{name}` is no way to assume a role"), aws).hint(hint))
}

fn resource(path: &str, name: &str) -> Checked {
    if name == "*" || (name.starts_with("arn:") && name.split(':').nth(2).is_some_and(|service| !service.is_empty())) {
        return Ok(());
    }
    let aws = format!("Resource {name} must be in ARN format or \"*\".");
    Err(Malformed::new(path, format!("`{name}` is no resource"), aws).hint("write an ARN or \"*\""))
}

/// The elements of an object must be of those known.
fn known(path: &str, object: &Map<String, Value>, elements: &[&str]) -> Checked {
    match object.keys().find(|key| !elements.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let hint = near(key, elements).unwrap_or_else(|| format!("expected one of {}", elements.join(", ")));
            Err(Malformed::new(&path, format!("unknown element `{key}`"), SYNTAX).hint(hint))
        }
    }
}

/// One string or a list of at least one, each with its path.
pub(super) fn names<'a>(path: &str, value: &'a Value) -> Result<Vec<(String, &'a str)>, Malformed> {
    match value {
        Value::Array(list) if list.is_empty() => {
            Err(Malformed::new(path, "an empty list", SYNTAX).hint("name at least one, or remove the statement"))
        }
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let path = format!("{path}[{index}]");
                let name = string(&path, item)?;
                Ok((path, name))
            })
            .collect(),
        single => Ok(vec![(path.to_owned(), string(path, single)?)]),
    }
}

fn string<'a>(path: &str, value: &'a Value) -> Result<&'a str, Malformed> {
    value.as_str().ok_or_else(|| Malformed::new(path, format!("expected a string, found {}", sort(value)), SYNTAX).hint("put it in quotes"))
}

/// Every key and string, wherever it stands: an escape like `\u2603` gets by the check of the text.
fn characters(path: &str, value: &Value) -> Checked {
    let check = |path: &str, text: &str| text.chars().find(|c| !is_allowed(*c)).map_or(Ok(()), |c| Err(foreign(path, c)));
    match value {
        Value::String(text) => check(path, text),
        Value::Array(list) => list.iter().enumerate().try_for_each(|(index, item)| characters(&format!("{path}[{index}]"), item)),
        Value::Object(object) => object.iter().try_for_each(|(key, value)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            check(&path, key)?;
            characters(&path, value)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// The pattern of policy documents in IAM's model: tab, line feed, carriage return, U+0020 to U+00FF.
fn is_allowed(c: char) -> bool {
    matches!(c, '\u{9}' | '\u{A}' | '\u{D}' | '\u{20}'..='\u{FF}')
}

fn foreign(path: &str, c: char) -> Malformed {
    let message = format!("the character `{}` (U+{:04X}) is not allowed in a policy", c.escape_debug(), u32::from(c));
    let aws = "The specified value for policyDocument is invalid. It must contain only printable ASCII characters";
    Malformed::new(path, message, aws).hint("use characters up to U+00FF only")
}

/// "did you mean" for a word that is nearly one of `words`.
pub(super) fn near(word: &str, words: &[&str]) -> Option<String> {
    let folded = word.to_ascii_lowercase();
    let distance = |known: &str| strsim::damerau_levenshtein(&folded, &known.to_ascii_lowercase());
    let best = words.iter().min_by_key(|known| distance(known))?;
    (distance(best) <= 2.max(best.len() / 4)).then(|| format!("did you mean `{best}`?"))
}

/// What sort of JSON this is, for messages.
pub(super) fn sort(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a Boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A value in a message: strings without their quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
