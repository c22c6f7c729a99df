//! The typed trait a primitive implements, its description for scripts, and the adapter that makes it an operation of the engine.

use super::beside::Entity;
use super::unknown::{self, Unknown};
use crate::aws::{Session, SessionSpec};
use crate::event::AccountLabel;
use crate::policy::{self, Document, Kind};
use crate::step::{Attempt, BoxFuture, Change, Class, Failure, FailureClass, Freshness, Leaving, Operation, Settled, StepKey, Way};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// What a script may call it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// On `organization()`, or another session of that account.
    Management,
    /// On any session or account.
    Session,
}

/// An entry of the option map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opt {
    pub name: &'static str,
    /// `string`, `map`, `policy document` …
    pub kind: &'static str,
    pub help: &'static str,
}

/// A primitive as scripts, their checker and the documentation see it.
pub struct Spec {
    pub name: &'static str,
    pub receiver: Receiver,
    /// Names of the positional arguments, in order; each may also stand in the map.
    pub positional: &'static [&'static str],
    pub options: &'static [Opt],
    /// Markdown: signature, an example in a `rhai` block that plays on a fresh sandbox, errors.
    pub doc: &'static str,
    /// IAM actions it needs.
    pub actions: &'static [&'static str],
    /// Binds the arguments, as one JSON object, to a session. Calls nothing.
    pub bind: fn(&Session, Value) -> Result<Bound, Argument>,
}

/// A call with its arguments bound.
pub struct Bound {
    pub operation: Arc<dyn Operation>,
    /// `managed`, `inline`, `members`, `groups` as steps of their own, performed after it in order.
    pub parts: Vec<Arc<dyn Operation>>,
    /// The object the playbook calls its own by this call.
    pub owns: Option<Entity>,
}

/// An argument that cannot be right, found before any call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// `trust.Statement[0].Efect`, `email`; empty when the arguments as a whole are meant.
    pub path: String,
    pub message: String,
    pub hint: Option<String>,
    pub code: &'static str,
}

impl Argument {
    pub fn new(code: &'static str, path: impl Into<String>, message: impl Into<String>) -> Argument {
        Argument { path: path.into(), message: message.into(), hint: None, code }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Argument {
        self.hint = Some(hint.into());
        self
    }

    /// The same mistake seen from an argument around it: `document.Statement[0]` of a part is `inline.name.Statement[0]` of the whole.
    #[must_use]
    pub(super) fn within(mut self, inner: &str, outer: &str) -> Argument {
        match self.path.strip_prefix(inner) {
            Some(rest) => self.path = format!("{outer}{rest}"),
            None => outer.clone_into(&mut self.path),
        }
        self
    }
}

/// One mutating call a primitive would make.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned<D> {
    pub call: &'static str,
    pub class: Class,
    pub difference: String,
    pub detail: D,
}

impl<D> Planned<D> {
    pub fn new(call: &'static str, class: Class, detail: D) -> Planned<D> {
        Planned { call, class, difference: String::new(), detail }
    }

    #[must_use]
    pub fn because(mut self, difference: impl Into<String>) -> Planned<D> {
        self.difference = difference.into();
        self
    }
}

/// An argument that holds a policy document: where, of what kind, and how many characters AWS takes.
pub struct DocumentArgument {
    pub field: &'static str,
    pub kind: Kind,
    pub limit: usize,
}

/// One operation a script can call.
pub trait Primitive: Send + Sync + Sized + 'static {
    const SPEC: &'static Spec;
    /// Of the change that brings the object into being.
    const CLASS: Class;
    /// Changes nothing, ever.
    const READ: bool = false;
    /// IAM holds names that differ in case only for the same.
    const CASE_FOLDED: bool = true;
    const DOCUMENTS: &'static [DocumentArgument] = &[];

    /// Unknown fields refused, defaults left out when written.
    type Args: Serialize + DeserializeOwned + Send + Sync;
    /// What is there.
    type Found: Serialize + DeserializeOwned + Send;
    /// What a change is told apart by; stored with its intent.
    type Detail: Serialize + DeserializeOwned + PartialEq + Send + Sync;

    /// AWS's rules for the arguments, as far as they can be known without a call.
    fn validate(args: &Self::Args) -> Result<(), Argument>;
    fn identity(args: &Self::Args) -> String;
    fn look(
        session: &Session,
        args: &Self::Args,
        freshness: Freshness,
    ) -> impl Future<Output = Result<Option<Self::Found>, Failure>> + Send;
    /// Pure.
    fn changes(args: &Self::Args, found: Option<&Self::Found>) -> Result<Vec<Planned<Self::Detail>>, Failure>;
    /// Exactly one mutating call.
    fn apply(
        session: &Session,
        args: &Self::Args,
        detail: &Self::Detail,
        attempt: &dyn Attempt,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
    /// What the script gets. Pure.
    fn output(session: &Session, args: &Self::Args, found: &Self::Found) -> Value;

    /// What became of a change whose outcome is not known. A live look that still wants the same change says that it did not happen.
    fn settle(
        session: &Session,
        args: &Self::Args,
        detail: &Self::Detail,
        unknown: Unknown<'_>,
    ) -> impl Future<Output = Result<Settled, Failure>> + Send {
        async move {
            let Some(class) = Self::wanted(session, args, detail).await? else { return Ok(Settled::Happened) };
            if class == Class::Converge {
                return Ok(Settled::NotHappened);
            }
            // A list may lag behind a change: absence is believed when it is seen twice, the second time a while after the call.
            unknown.attempt.wait(unknown.until_second_look(session), "looking once more, to be sure it did not happen").await?;
            Ok(match Self::wanted(session, args, detail).await? {
                Some(_) => Settled::NotHappened,
                None => Settled::Happened,
            })
        }
    }

    /// Whether `id` is what this change was to make, as a person says; only of what is created blindly.
    fn adopt(session: &Session, args: &Self::Args, detail: &Self::Detail, id: &str) -> impl Future<Output = Result<(), Failure>> + Send {
        let _ = (session, args, detail);
        let message = format!("{} makes nothing that could be taken over by the id `{id}`", Self::SPEC.name);
        async { Err(Failure::needs_you("not-adoptable", message)) }
    }

    /// Whether AWS, asked now, shows that a change is still to be made; and of what class it is.
    fn wanted(session: &Session, args: &Self::Args, detail: &Self::Detail) -> impl Future<Output = Result<Option<Class>, Failure>> + Send {
        async move {
            let found = Self::look(session, args, Freshness::Live).await?;
            let changes = Self::changes(args, found.as_ref())?;
            Ok(changes.iter().find(|change| change.detail == *detail).map(|change| change.class))
        }
    }

    /// This run has made it before, and perhaps never saw it usable: the next look makes sure.
    fn doubt(session: &Session, args: &Self::Args) {
        let _ = (session, args);
    }

    /// Steps of their own under the same object.
    fn parts(session: &Session, args: &Self::Args) -> Result<Vec<Arc<dyn Operation>>, Argument> {
        let _ = (session, args);
        Ok(Vec::new())
    }

    /// What the playbook calls its own by this call.
    fn owns(args: &Self::Args) -> Option<Entity> {
        let _ = args;
        None
    }
}

/// Binds arguments to a session: checks them, and makes the steps. Calls nothing.
pub fn bind<P: Primitive>(session: &Session, input: Value) -> Result<Bound, Argument> {
    let (args, input) = read_arguments::<P>(input)?;
    let parts = P::parts(session, &args)?;
    let owns = P::owns(&args);
    Ok(Bound { operation: Arc::new(Step::<P>::new(session, args, input)), parts, owns })
}

/// As `bind`, for a call that has no parts.
pub(super) fn part<P: Primitive>(session: &Session, args: Value) -> Result<Arc<dyn Operation>, Argument> {
    let (args, input) = read_arguments::<P>(args)?;
    Ok(Arc::new(Step::<P>::new(session, args, input)))
}

/// The arguments alone, for tests of what is done with them.
#[cfg(test)]
pub(super) fn arguments_of<P: Primitive>(input: Value) -> Result<P::Args, Argument> {
    read_arguments::<P>(input).map(|(args, _)| args)
}

fn read_arguments<P: Primitive>(mut input: Value) -> Result<(P::Args, Value), Argument> {
    let Value::Object(fields) = &mut input else {
        return Err(Argument::new("arguments", "", format!("{} takes a map of arguments", P::SPEC.name)));
    };
    known_names(P::SPEC, fields.keys().map(String::as_str))?;
    for document in P::DOCUMENTS {
        if let Some(value) = fields.get_mut(document.field) {
            *value = read_document(document, value)?;
        }
    }
    let args: P::Args = serde_path_to_error::deserialize(input).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { path };
        let message = error.into_inner().to_string();
        match message.strip_prefix("missing field ") {
            Some(field) => Argument::new("missing-argument", path, format!("{field} is missing")),
            None => Argument::new("argument", path, mistyped(&message)),
        }
    })?;
    P::validate(&args)?;
    let mut input = serde_json::to_value(&args).map_err(|error| Argument::new("argument", "", error.to_string()))?;
    for document in P::DOCUMENTS {
        if let Some(value) = input.get_mut(document.field).filter(|value| !value.is_null()) {
            *value = Document::stored(value.take()).canonical();
        }
    }
    Ok((args, input))
}

/// `invalid type: integer `7`, expected a string` in plain words.
fn mistyped(message: &str) -> String {
    match message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected ")) {
        Some((found, wanted)) => format!("must be {wanted}, not {found}"),
        None => message.to_owned(),
    }
}

fn known_names<'a>(spec: &Spec, given: impl Iterator<Item = &'a str>) -> Result<(), Argument> {
    let known: Vec<&str> = spec.positional.iter().copied().chain(spec.options.iter().map(|option| option.name)).collect();
    for name in given {
        if known.contains(&name) {
            continue;
        }
        let near = known.iter().map(|known| (strsim::jaro_winkler(name, known), *known)).max_by(|a, b| a.0.total_cmp(&b.0));
        let hint = match near {
            Some((score, near)) if score > 0.75 => format!("did you mean `{near}`?"),
            _ => format!("it takes {}", known.join(", ")),
        };
        return Err(Argument::new("unknown-argument", "", format!("there is no argument `{name}`")).hint(hint));
    }
    Ok(())
}

/// A document given as a map or as JSON text, read strictly.
fn read_document(argument: &DocumentArgument, value: &Value) -> Result<Value, Argument> {
    let document = match value {
        Value::String(text) => Document::parse(argument.kind, text),
        value => Document::from_value(argument.kind, value),
    };
    let document = document.map_err(|malformed| {
        let dot = if malformed.path.is_empty() || malformed.path.starts_with('[') { "" } else { "." };
        let path = format!("{}{dot}{}", argument.field, malformed.path);
        Argument { path, message: malformed.message, hint: malformed.hint, code: "policy-malformed" }
    })?;
    let characters = policy::characters(&document.text());
    if characters > argument.limit {
        let message = format!("the policy has {characters} of {} characters", argument.limit);
        let hint = match argument.kind {
            Kind::Trust => {
                "trust an account as a whole, or everyone (`*`) with a condition on aws:PrincipalOrgID, instead of each principal"
            }
            _ => {
                "name the role with a wildcard and the organisation instead of each account: `arn:aws:iam::*:role/NAME` with a condition on aws:ResourceOrgID"
            }
        };
        return Err(Argument::new("policy-too-long", argument.field, message).hint(hint));
    }
    Ok(document.value().clone())
}

/// One call of a primitive, as the engine sees it.
struct Step<P: Primitive> {
    session: Session,
    key: StepKey,
    label: String,
    args: P::Args,
    input: Value,
}

impl<P: Primitive> Step<P> {
    fn new(session: &Session, args: P::Args, input: Value) -> Step<P> {
        let identity = P::identity(&args);
        let label = format!("{} {}", P::SPEC.name, shown(&identity)).trim_end().to_owned();
        let identity = if P::CASE_FOLDED { identity.to_lowercase() } else { identity };
        let key = StepKey { account: session.account_id().to_owned(), primitive: P::SPEC.name.to_owned(), identity, id: None };
        Step { session: session.clone(), key, label, args, input }
    }

    fn found(found: &Value) -> Result<Option<P::Found>, Failure> {
        Option::<P::Found>::deserialize(found).map_err(|error| lost(P::SPEC.name, &error))
    }

    fn detail(change: &Change) -> Result<P::Detail, Failure> {
        P::Detail::deserialize(&change.detail).map_err(|error| lost(P::SPEC.name, &error))
    }
}

/// An identity as people read it: of the ARN of an attached policy its name.
fn shown(identity: &str) -> String {
    match identity.split_once("/arn:") {
        Some((entity, arn)) => format!("{entity}/{}", arn.rsplit('/').next().unwrap_or(arn)),
        None => identity.to_owned(),
    }
}

/// A value of ours that cannot be read back: it was written by another version.
fn lost(primitive: &str, error: &serde_json::Error) -> Failure {
    Failure::fatal("journal-value", format!("{primitive}: a recorded value cannot be read: {error}"))
        .hint("resume with the version of runner that began the run")
}

impl<P: Primitive> Operation for Step<P> {
    fn key(&self) -> &StepKey {
        &self.key
    }

    fn account(&self) -> AccountLabel {
        self.session.account()
    }

    fn label(&self) -> String {
        self.label.clone()
    }

    fn input(&self) -> &Value {
        &self.input
    }

    fn session(&self) -> Value {
        serde_json::to_value(self.session.spec()).unwrap_or_default()
    }

    fn is_read(&self) -> bool {
        P::READ
    }

    fn class(&self) -> Class {
        P::CLASS
    }

    fn lag(&self) -> Duration {
        let cloud = self.session.cloud();
        let lag = if P::SPEC.receiver == Receiver::Management { cloud.settle_window() } else { cloud.role_lag() };
        // Where nothing lags, somebody else may still have been a moment earlier.
        lag.max(unknown::AT_LEAST)
    }

    fn look(&self, freshness: Freshness) -> BoxFuture<'_, Result<Value, Failure>> {
        Box::pin(async move {
            let found = P::look(&self.session, &self.args, freshness).await?;
            serde_json::to_value(found).map_err(|error| lost(P::SPEC.name, &error))
        })
    }

    fn doubt(&self) {
        P::doubt(&self.session, &self.args);
    }

    fn changes(&self, found: &Value) -> Result<Vec<Change>, Failure> {
        let found = Self::found(found)?;
        let planned = P::changes(&self.args, found.as_ref())?;
        let change = |planned: Planned<P::Detail>| {
            let Planned { call, class, difference, detail } = planned;
            let detail = serde_json::to_value(detail).map_err(|error| lost(P::SPEC.name, &error))?;
            Ok(Change { call: call.to_owned(), class, difference, detail })
        };
        planned.into_iter().map(change).collect()
    }

    fn apply<'a>(&'a self, change: &'a Change, attempt: &'a dyn Attempt) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { P::apply(&self.session, &self.args, &Self::detail(change)?, attempt).await })
    }

    fn settle<'a>(
        &'a self,
        change: &'a Change,
        handle: Option<&'a Value>,
        leaving: Leaving,
        attempt: &'a dyn Attempt,
    ) -> BoxFuture<'a, Result<Settled, Failure>> {
        Box::pin(async move {
            let detail = Self::detail(change)?;
            P::settle(&self.session, &self.args, &detail, Unknown { handle, leaving, attempt }).await
        })
    }

    fn adopt<'a>(&'a self, change: &'a Change, id: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { P::adopt(&self.session, &self.args, &Self::detail(change)?, id).await })
    }

    fn output(&self, found: &Value) -> Result<Value, Failure> {
        let Some(found) = Self::found(found)? else {
            return Err(Failure::new(
                FailureClass::Retry { throttled: false },
                "not-listed",
                format!("`{}` was made, but AWS does not list it yet", self.label),
            )
            .way(Way::Again("it will be found then".to_owned())));
        };
        Ok(P::output(&self.session, &self.args, &found))
    }
}

/// The session an operation was made with, from the journal.
pub(super) fn session_spec(session: &Value) -> Result<SessionSpec, Failure> {
    SessionSpec::deserialize(session).map_err(|error| lost("session", &error))
}
