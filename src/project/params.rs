//! Parameters of a playbook: what it declares, what was given where, and the values that follow. Pure.

use super::config::nearest;
use crate::error::Error;
use serde::Serialize;
use serde_json::{Map, Value};

/// What values a parameter takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    #[default]
    String,
    Email,
    Bool,
    Int,
    List,
    Map,
}

impl Kind {
    /// The kind of this name in a playbook.
    #[must_use]
    pub fn parse(name: &str) -> Option<Kind> {
        Some(match name {
            "string" => Kind::String,
            "email" => Kind::Email,
            "bool" => Kind::Bool,
            "int" => Kind::Int,
            "list" => Kind::List,
            "map" => Kind::Map,
            _ => return None,
        })
    }

    /// The kind that a default value without a kind speaks for.
    #[must_use]
    pub fn of(value: &Value) -> Kind {
        match value {
            Value::Bool(_) => Kind::Bool,
            Value::Number(_) => Kind::Int,
            Value::Array(_) => Kind::List,
            Value::Object(_) => Kind::Map,
            Value::Null | Value::String(_) => Kind::String,
        }
    }

    /// What to type behind `-p name=`.
    fn example(self) -> &'static str {
        match self {
            Kind::String => "TEXT",
            Kind::Email => "NAME@EXAMPLE.COM",
            Kind::Bool => "true",
            Kind::Int => "NUMBER",
            Kind::List => "ONE,TWO",
            Kind::Map => "KEY=TEXT,KEY=TEXT",
        }
    }

    /// What has to be given, in words.
    #[must_use]
    pub fn wants(self) -> &'static str {
        match self {
            Kind::String => "a text",
            Kind::Email => "an e-mail address of 6 to 64 characters that AWS accepts",
            Kind::Bool => "`true` or `false`",
            Kind::Int => "a whole number",
            Kind::List => "texts with commas between them, or a JSON list",
            Kind::Map => "pairs with commas between them, or a JSON object",
        }
    }

    /// Whether a value is of this kind.
    #[must_use]
    pub fn fits(self, value: &Value) -> bool {
        match self {
            Kind::String => value.is_string(),
            Kind::Email => value.as_str().is_some_and(is_email),
            Kind::Bool => value.is_boolean(),
            Kind::Int => value.is_i64(),
            Kind::List => value.is_array(),
            Kind::Map => value.is_object(),
        }
    }

    /// Reads the text behind `-p name=`; none when it is not of this kind.
    fn read(self, text: &str) -> Option<Value> {
        let value = match self {
            Kind::String | Kind::Email => Value::String(text.to_owned()),
            Kind::List if !text.trim_start().starts_with('[') => words(text).map(Value::from).collect(),
            Kind::Map if !text.trim_start().starts_with('{') => Value::Object(words(text).map(pair).collect::<Option<_>>()?),
            Kind::Bool | Kind::Int | Kind::List | Kind::Map => serde_json::from_str(text).ok()?,
        };
        self.fits(&value).then_some(value)
    }
}

/// `a, b`
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty())
}

/// `ana=admin`
fn pair(word: &str) -> Option<(String, Value)> {
    word.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.trim().into()))
}

/// One `param(name, …)` of a playbook.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Parameter {
    pub name: String,
    pub kind: Kind,
    pub help: Option<String>,
    /// Used when none is given; without it the parameter has to be given.
    pub value: Option<Value>,
    /// The only values allowed, if any are named.
    pub one_of: Option<Vec<Value>>,
}

impl Parameter {
    /// What is wrong with a value: what should be given in its place, in words.
    #[must_use]
    pub fn refuses(&self, value: &Value) -> Option<String> {
        if !self.kind.fits(value) {
            return Some(self.kind.wants().to_owned());
        }
        self.one_of.as_ref().filter(|allowed| !allowed.contains(value)).map(|allowed| format!("one of: {}", bare_list(allowed)))
    }
}

/// Values from one place, strongest first when given to `resolve`.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// `-p NAME=VALUE`; the last of a name counts.
    Flags(&'a [(String, String)]),
    /// `--params FILE`
    File(&'a str, &'a Map<String, Value>),
    Environment(&'a str, &'a Map<String, Value>),
    Target(&'a str, &'a Map<String, Value>),
    /// What the run was started with.
    Run(&'a str, &'a Map<String, Value>),
}

impl Source<'_> {
    fn origin(&self) -> String {
        match self {
            Source::Flags(_) => "-p".to_owned(),
            Source::File(name, _) => format!("`{name}`"),
            Source::Environment(name, _) => format!("environment `{name}`"),
            Source::Target(name, _) => format!("target `{name}`"),
            Source::Run(id, _) => format!("run `{id}`"),
        }
    }

    /// Given for this playbook alone, so that a name it does not declare is a mistake.
    fn is_meant_for_it(&self) -> bool {
        matches!(self, Source::Flags(_) | Source::File(..))
    }

    fn names(&self) -> Vec<&str> {
        match self {
            Source::Flags(pairs) => pairs.iter().map(|(name, _)| name.as_str()).collect(),
            Source::File(_, map) | Source::Environment(_, map) | Source::Target(_, map) | Source::Run(_, map) => {
                map.keys().map(String::as_str).collect()
            }
        }
    }

    /// The value for a declared parameter: none when this source has none, an error when it is not of the kind.
    fn value(&self, declared: &Parameter) -> Option<Result<Value, Error>> {
        let (value, shown) = match self {
            Source::Flags(pairs) => {
                let (_, text) = pairs.iter().rev().find(|(name, _)| *name == declared.name)?;
                (declared.kind.read(text), text.clone())
            }
            Source::File(_, map) | Source::Environment(_, map) | Source::Target(_, map) | Source::Run(_, map) => {
                let value = map.get(&declared.name)?;
                (Some(value.clone()), value.to_string())
            }
        };
        let wanted = value.as_ref().map_or_else(|| Some(declared.kind.wants().to_owned()), |value| declared.refuses(value));
        Some(match (value, wanted) {
            (Some(value), None) => Ok(value),
            (_, wanted) => Err(self.refused(declared, &shown, &wanted.unwrap_or_default())),
        })
    }

    fn refused(&self, declared: &Parameter, shown: &str, wanted: &str) -> Error {
        let name = &declared.name;
        let error = Error::usage("bad-parameter", format!("parameter `{name}` from {} cannot be `{shown}`", self.origin()));
        error.hint(format!("give {wanted}: -p {name}={}", declared.kind.example()))
    }
}

/// The value of each declared parameter that was given; what is missing here has a default in the playbook.
/// Unknown names, values of the wrong kind and missing parameters are usage errors; all missing ones are named at once.
pub fn resolve(declared: &[Parameter], sources: &[Source<'_>]) -> Result<Map<String, Value>, Error> {
    for source in sources.iter().filter(|source| source.is_meant_for_it()) {
        for name in source.names() {
            if !declared.iter().any(|parameter| parameter.name == name) {
                return Err(unknown(name, source, declared));
            }
        }
    }
    let mut values = Map::new();
    let mut missing = Vec::new();
    for parameter in declared {
        match sources.iter().find_map(|source| source.value(parameter)) {
            Some(value) => {
                values.insert(parameter.name.clone(), value?);
            }
            None if parameter.value.is_none() => missing.push(parameter),
            None => {}
        }
    }
    if missing.is_empty() { Ok(values) } else { Err(missing_error(&missing)) }
}

fn unknown(name: &str, source: &Source<'_>, declared: &[Parameter]) -> Error {
    let error = Error::usage("unknown-parameter", format!("the playbook has no parameter `{name}`, given by {}", source.origin()));
    let names: Vec<&str> = declared.iter().map(|parameter| parameter.name.as_str()).collect();
    match nearest(name, names.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None if names.is_empty() => error.hint("leave it out: this playbook takes no parameters"),
        None => error.hint(format!("its parameters: {}", names.join(", "))),
    }
}

fn missing_error(missing: &[&Parameter]) -> Error {
    let names: Vec<String> = missing.iter().map(|parameter| format!("`{}`", parameter.name)).collect();
    let (what, verb) = if missing.len() == 1 { ("parameter", "is") } else { ("parameters", "are") };
    let error = Error::usage("missing-parameter", format!("{what} {} {verb} missing", names.join(", ")));
    missing.iter().fold(error, |error, parameter| {
        let flag = format!("-p {}={}", parameter.name, parameter.kind.example());
        let allowed = parameter.one_of.as_ref().map(|allowed| format!("(one of: {})", bare_list(allowed)));
        let note = parameter.help.iter().cloned().chain(allowed).collect::<Vec<_>>().join(" ");
        error.hint(if note.is_empty() { flag } else { format!("{flag}   {note}") })
    })
}

/// A value as it is typed: texts without quotes.
fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn bare_list(values: &[Value]) -> String {
    values.iter().map(bare).collect::<Vec<_>>().join(", ")
}

/// Organizations' rule for the root address of an account.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let odd = |letter: char| letter.is_ascii_whitespace() || letter.is_ascii_control() || "\"'()<>[]:;,\\|%&@".contains(letter);
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '.' || letter == '-';
    text.is_ascii()
        && (6..=64).contains(&text.len())
        && !local.is_empty()
        && !local.starts_with('.')
        && !local.contains(odd)
        && domain.contains('.')
        && domain.chars().all(plain)
        && domain.split('.').all(|part| !part.is_empty() && !part.starts_with('-') && !part.ends_with('-'))
}

/// Splits the `NAME=VALUE` of `-p`.
pub fn split(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("a parameter is given as NAME=VALUE".to_owned()),
    }
}

/// The text of a `--params` file: TOML if its name ends so, else JSON. `file` is the name shown in errors.
pub fn parse_file(file: &str, text: &str) -> Result<Map<String, Value>, Error> {
    let bad = |error: String| {
        Error::usage("bad-params-file", format!("cannot read parameters from `{file}`"))
            .cause(error)
            .hint("write a JSON object, or TOML in a file named `….toml`")
    };
    if std::path::Path::new(file).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
        toml::from_str::<toml::Table>(text).map(json_map).map_err(|error| bad(error.to_string()))
    } else {
        serde_json::from_str(text).map_err(|error| bad(error.to_string()))
    }
}

/// TOML as JSON; a date becomes its text.
pub(super) fn json_map(table: toml::Table) -> Map<String, Value> {
    table.into_iter().map(|(key, value)| (key, json(value))).collect()
}

fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::from(number),
        toml::Value::Boolean(yes) => Value::Bool(yes),
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(items) => Value::Array(items.into_iter().map(json).collect()),
        toml::Value::Table(table) => Value::Object(json_map(table)),
    }
}

#[cfg(test)]
mod tests;
