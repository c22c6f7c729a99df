//! Gives every primitive to scripts: as a method of a session or account, and as a function.

use super::object::Object;
use super::run::Run;
use super::{branch, limits, suggest, values, vocabulary};
use crate::error::Error;
use crate::event::AccountLabel;
use crate::primitive::{Argument, Receiver, Spec, list};
use crate::step::Call;
use rhai::{Dynamic, Engine, EvalAltResult, NativeCallContext};
use serde_json::{Map, Value};
use std::any::TypeId;
use std::sync::Arc;

type Raised = Box<EvalAltResult>;

/// Registered for every number of arguments with every type, so that a wrong one is answered in our words and not in Rhai's.
pub(super) fn register(engine: &mut Engine, run: &Arc<Run>) {
    for spec in list::all() {
        for arguments in 1..=spec.positional.len() + 2 {
            let run = Arc::clone(run);
            let types = vec![TypeId::of::<Dynamic>(); arguments];
            engine.register_raw_fn(spec.name, types, move |context, arguments| {
                let arguments: Vec<Dynamic> = arguments.iter().map(|argument| argument.flatten_clone()).collect();
                call(&run, spec, &context, &arguments)
            });
        }
    }
}

fn call(run: &Run, spec: &Spec, context: &NativeCallContext, arguments: &[Dynamic]) -> Result<Dynamic, Raised> {
    let receiver = receiver(spec, &arguments[0]).map_err(|error| run.refuse(error, context))?;
    let mut fields = gather(spec, &arguments[1..]).map_err(|error| run.refuse(error, context))?;
    let id = take_id(spec, &mut fields).map_err(|error| run.refuse(error, context))?;
    let session = run.session(&receiver, context)?;
    if spec.receiver == Receiver::Management && !session.spec().is_in_own_account() {
        return Err(run.refuse(not_management(spec, &session.account()), context));
    }
    let bound = (spec.bind)(&session, Value::Object(fields)).map_err(|argument| run.refuse(from_argument(spec, argument), context))?;
    let site = run.site(context);
    let scope = branch::scope();
    let perform = |operation| {
        let call = Call { place: site.place.clone(), scope: scope.clone(), id: id.clone() };
        let result = limits::outside(|| run.engine.perform(operation, call).map_err(Box::new));
        limits::performed(run.engine.steps());
        result.map_err(|error| run.raise(&error, site.clone(), context))
    };
    let output = perform(bound.operation)?;
    if let Some(entity) = bound.owns {
        run.owned.add(session, entity, site.clone(), scope.clone());
    }
    // A replayed step has not told it by looking.
    run.cloud.learn(&output);
    for part in bound.parts {
        perform(part)?;
    }
    Ok(values::from_output(output))
}

fn receiver(spec: &Spec, value: &Dynamic) -> Result<Object, Error> {
    let wrong = || {
        Error::failed("wrong-receiver", format!("`{}` is called on an account or session, not on {}", spec.name, values::kind_of(value)))
            .hint(format!(
                "write {}, where the first part is `organization()`, `account(…)`, `assume(…)` or what create_account returned",
                written(spec)
            ))
    };
    let object = value.clone().try_cast::<Object>().ok_or_else(wrong)?;
    if object.session().is_some() || object.kind() == "account" { Ok(object) } else { Err(wrong()) }
}

/// Another account may manage an organisation too: a call on it would look for accounts where they are not, and make them there.
fn not_management(spec: &Spec, account: &AccountLabel) -> Error {
    let message =
        format!("`{}` changes the organisation of the target, and was called on account {} (`{}`)", spec.name, account.id, account.name);
    Error::failed("needs-management", message)
        .hint(format!("write {}, where `org` is `organization()`", written(spec)))
        .hint("another organisation is another target of runner.toml")
}

fn written(spec: &Spec) -> String {
    format!("`{}`", vocabulary::signature(spec))
}

/// Positional arguments and the map of options as one JSON object; a single map in place of them all will do, too.
fn gather(spec: &Spec, arguments: &[Dynamic]) -> Result<Map<String, Value>, Error> {
    let (positional, options) = match arguments.split_last() {
        Some((options, [])) if options.is_map() && spec.positional.len() != 1 => (&[][..], Some(options)),
        Some((options, positional)) if options.is_map() && positional.len() == spec.positional.len() => (positional, Some(options)),
        Some((options, [])) if options.is_map() && is_whole_map(spec, options) => (&[][..], Some(options)),
        _ => (arguments, None),
    };
    if positional.len() > spec.positional.len() {
        let extra = &positional[spec.positional.len()];
        return Err(Error::failed("wrong-arguments", format!("`{}` has no use for {}", spec.name, values::kind_of(extra)))
            .hint(format!("write {}", written(spec))));
    }
    let mut fields = match options.map(values::to_json).transpose().map_err(|problem| argument_error(spec, &problem.message()))? {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    for (name, value) in spec.positional.iter().zip(positional) {
        let value = values::to_json(value).map_err(|problem| argument_error(spec, &problem.below(name).message()))?;
        if fields.insert((*name).to_owned(), value).is_some() {
            return Err(argument_error(spec, &format!("`{name}` is given twice: by its position and in the map")));
        }
    }
    Ok(fields)
}

/// A map in the place of the only positional argument is that argument, unless it names it.
fn is_whole_map(spec: &Spec, options: &Dynamic) -> bool {
    options.read_lock::<rhai::Map>().is_some_and(|fields| spec.positional.iter().any(|name| fields.contains_key(*name)))
}

/// Names that an argument map of this primitive can have.
pub(super) fn argument_names(spec: &Spec) -> impl Iterator<Item = &'static str> {
    spec.positional.iter().copied().chain(spec.options.iter().map(|option| option.name)).chain(["id"])
}

/// A name in an argument map that is written out; when it is computed, the primitive itself refuses it.
pub(super) fn unknown_argument(spec: &Spec, name: &str) -> Error {
    let error = Error::failed("unknown-argument", format!("`{}` has no argument `{name}`", spec.name));
    match suggest::nearest(name, argument_names(spec)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("it has {}", argument_names(spec).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))),
    }
}

/// `id:` tells apart two calls about the same thing; some primitives have an `id` of their own.
fn take_id(spec: &Spec, fields: &mut Map<String, Value>) -> Result<Option<String>, Error> {
    if spec.options.iter().any(|option| option.name == "id") || spec.positional.contains(&"id") {
        return Ok(None);
    }
    match fields.remove("id") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) if !id.is_empty() => Ok(Some(id)),
        Some(_) => Err(argument_error(spec, "`id` must be a string that is not empty")),
    }
}

fn argument_error(spec: &Spec, message: &str) -> Error {
    Error::failed("wrong-arguments", format!("`{}`: {message}", spec.name)).hint(format!("write {}", written(spec)))
}

fn from_argument(spec: &Spec, argument: Argument) -> Error {
    let path = if argument.path.is_empty() { String::new() } else { format!("`{}`: ", argument.path) };
    let error = Error::failed(argument.code, format!("`{}`: {path}{}", spec.name, argument.message));
    error.hint(argument.hint.unwrap_or_else(|| format!("write {}", written(spec))))
}
