//! What a script holds of AWS: an account, a role, a group, a session. Read-only, and never a secret.

use super::values;
use crate::aws::Session;
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, Position};
use serde_json::{Map, Value};
use std::fmt;
use std::sync::Arc;

/// The fields a primitive gave back. An object of kind `account` can be called on like a session; one that holds a `session` was made by
/// `organization`, `account` or `assume`.
#[derive(Clone)]
pub(super) struct Object {
    fields: Arc<Map<String, Value>>,
    session: Option<Session>,
}

impl Object {
    pub(super) fn new(fields: Map<String, Value>) -> Object {
        Object { fields: Arc::new(fields), session: None }
    }

    pub(super) fn with_session(fields: Map<String, Value>, session: Session) -> Object {
        Object { fields: Arc::new(fields), session: Some(session) }
    }

    pub(super) fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_str)
    }

    /// `account`, `role`, `group`, …
    pub(super) fn kind(&self) -> &str {
        self.text("kind").unwrap_or("object")
    }

    pub(super) fn to_json(&self) -> Value {
        Value::Object((*self.fields).clone())
    }

    fn get(&self, name: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        if let Some(value) = self.fields.get(name) {
            return Ok(values::from_json(value));
        }
        let known: Vec<&str> = self.fields.keys().map(String::as_str).collect();
        let hint = super::suggest::nearest(name, known.iter().copied())
            .map_or_else(|| format!("it has {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
        Err(EvalAltResult::ErrorRuntime(format!("{} has no `{name}`; {hint}", self.article()).into(), Position::NONE).into())
    }

    fn article(&self) -> String {
        let kind = self.kind();
        let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        format!("{article} {kind}")
    }
}

/// In a text an object stands for what names it in AWS: an account for its name and id, all else for its ARN.
impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (true, Some(name), Some(id)) = (self.kind() == "account", self.text("name"), self.text("id")) {
            return if name == id { f.write_str(id) } else { write!(f, "{name} ({id})") };
        }
        match ["arn", "name", "id"].iter().find_map(|field| self.text(field)) {
            Some(text) => f.write_str(text),
            None => write!(f, "{}", Value::Object((*self.fields).clone())),
        }
    }
}

pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Object>("object");
    engine.register_indexer_get(|object: &mut Object, name: ImmutableString| object.get(&name));
    engine.register_fn("get", |object: &mut Object, name: ImmutableString| {
        object.fields.get(name.as_str()).map_or(Dynamic::UNIT, values::from_json)
    });
    engine.register_fn("contains", |object: &mut Object, name: ImmutableString| object.fields.contains_key(name.as_str()));
    engine.register_fn("keys", |object: &mut Object| -> rhai::Array {
        let mut keys: Vec<&String> = object.fields.keys().collect();
        keys.sort();
        keys.into_iter().map(|key| key.clone().into()).collect()
    });
    engine.register_fn("to_string", |object: &mut Object| object.to_string());
    engine.register_fn("to_debug", |object: &mut Object| object.to_string());
    engine.register_fn("to_json", |object: &mut Object| object.to_json().to_string());
    engine.register_fn("==", |left: Object, right: Object| left.fields == right.fields);
    engine.register_fn("!=", |left: Object, right: Object| left.fields != right.fields);
    engine.register_fn("+", |left: ImmutableString, right: Object| format!("{left}{right}"));
    engine.register_fn("+", |left: Object, right: ImmutableString| format!("{left}{right}"));
}
