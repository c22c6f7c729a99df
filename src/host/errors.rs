//! What goes wrong in a script, in our words: with its place, the chain of calls that led there, and what to do.

use super::limits::Exceeded;
use super::playbook::Playbook;
use super::{suggest, values, vocabulary};
use crate::error::{Error, Place};
use rhai::debugger::CallStackFrame;
use rhai::{Dynamic, EvalAltResult, Map, NativeCallContext, ParseError, ParseErrorType, Position};
use serde_json::Value;

/// Ends the branch with an error that no script can catch.
#[expect(clippy::unnecessary_box_returns, reason = "Rhai's errors travel boxed")]
pub(super) fn fatal(error: Error) -> Box<EvalAltResult> {
    EvalAltResult::ErrorSystem(String::new(), Box::new(error)).into()
}

/// Raises an error that a script may catch, as a map.
#[expect(clippy::unnecessary_box_returns, reason = "Rhai's errors travel boxed")]
pub(super) fn catchable(fields: Map, position: Position) -> Box<EvalAltResult> {
    EvalAltResult::ErrorRuntime(Dynamic::from(fields), position).into()
}

/// Where a host function was called, and the calls that led there, outermost first.
pub(super) fn calls(playbook: &Playbook, context: &NativeCallContext) -> (Place, Vec<Place>) {
    let frames = context.debugger().map(rhai::debugger::Debugger::call_stack).unwrap_or_default();
    let mut trace = Vec::new();
    let mut file = playbook.file().to_owned();
    for frame in frames {
        if !frame.pos.is_none() {
            trace.push(playbook.place(&file, frame.pos));
        }
        file = callee_file(playbook, frame, file);
    }
    if !context.call_position().is_none() {
        trace.push(playbook.place(&file, context.call_position()));
    }
    // Calls of host functions are frames, too: the last one is this very call, others call closures from where they were called.
    trace.dedup();
    let place = trace.pop().unwrap_or_else(|| playbook.place(&file, Position::NONE));
    (place, trace)
}

/// The file that the function of a frame was written in; a function of the host belongs to its caller's.
fn callee_file(playbook: &Playbook, frame: &CallStackFrame, caller: String) -> String {
    if let Some(file) = playbook.closure_file(&frame.fn_name) {
        return file.to_owned();
    }
    match frame.source.as_deref() {
        Some(source) if !source.is_empty() && playbook.is_scripted(&frame.fn_name) => source.to_owned(),
        _ => caller,
    }
}

/// The outermost error of a run or a branch.
pub(super) fn from_rhai(mut error: EvalAltResult, playbook: &Playbook) -> Error {
    let mut trace: Vec<Place> = Vec::new();
    let mut file = playbook.file().to_owned();
    loop {
        let position = error.position();
        match error {
            EvalAltResult::ErrorInFunctionCall(function, source, inner, _) => {
                if !position.is_none() {
                    trace.push(playbook.place(&file, position));
                }
                let source = (!source.is_empty() && playbook.is_scripted(&function)).then_some(source);
                file = playbook.closure_file(&function).map(str::to_owned).or(source).unwrap_or(file);
                error = *inner;
            }
            EvalAltResult::ErrorInModule(path, inner, _) => {
                if !position.is_none() {
                    trace.push(playbook.place(&file, position));
                }
                file = path;
                error = *inner;
            }
            leaf => {
                trace.dedup();
                return from_leaf(leaf, position, playbook, &file, trace);
            }
        }
    }
}

fn from_leaf(leaf: EvalAltResult, position: Position, playbook: &Playbook, file: &str, mut trace: Vec<Place>) -> Error {
    let leaf = match leaf {
        // The host's own errors know their place already.
        EvalAltResult::ErrorSystem(_, inner) => match inner.downcast::<Error>() {
            Ok(error) => return *error,
            Err(other) => return Error::failed("script-error", other.to_string()),
        },
        other => other,
    };
    let place = if position.is_none() { trace.pop() } else { Some(playbook.place(file, position)) };
    if trace.last() == place.as_ref() {
        trace.pop();
    }
    Error { place, trace, ..describe(leaf) }
}

/// Message and hints of an error without its place.
fn describe(leaf: EvalAltResult) -> Error {
    match leaf {
        EvalAltResult::ErrorRuntime(value, _) => thrown(&value),
        EvalAltResult::ErrorTerminated(token, _) => match token.try_cast::<Exceeded>() {
            Some(exceeded) => Error::failed("script-limit", exceeded.message()).hint(exceeded.hint()),
            None => Error::failed("script-stopped", "the script was stopped"),
        },
        EvalAltResult::ErrorParsing(kind, _) => parse_problem(&kind),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => unknown_function(&signature),
        EvalAltResult::ErrorVariableNotFound(name, _) => unknown_variable(&name),
        EvalAltResult::ErrorPropertyNotFound(name, _) => Error::failed("unknown-property", format!("the map has no `{name}`"))
            .hint(format!("`get(\"{name}\")` gives `()` where a property may be missing")),
        EvalAltResult::ErrorModuleNotFound(path, _) => Error::failed("import-unknown", format!("module `{path}` is not known"))
            .hint("write the path out in the import: it is looked up before the script runs"),
        EvalAltResult::ErrorDataTooLarge(what, _) => Error::failed("script-limit", format!("{} is too large", what.to_lowercase()))
            .hint("keep large things in files and read only what is needed"),
        EvalAltResult::ErrorStackOverflow(_) => {
            Error::failed("script-limit", "functions call one another too deeply").hint("look for a function that calls itself without end")
        }
        EvalAltResult::ErrorMismatchDataType(wanted, found, _) | EvalAltResult::ErrorMismatchOutputType(wanted, found, _) => {
            Error::failed("wrong-type", format!("expected {wanted}, found {found}"))
        }
        EvalAltResult::ErrorDataRace(name, _) => {
            Error::failed("locked-variable", format!("{name} is in use while it is wanted a second time"))
                .hint("a closure uses a variable whose own methods are being called: take the first part out, `let part = variable.…;`")
        }
        mut other => {
            other.clear_position();
            Error::failed("script-error", lower_first(&other.to_string()))
        }
    }
}

/// What `throw` or a failed step raised.
fn thrown(value: &Dynamic) -> Error {
    let fields = value.read_lock::<Map>();
    let text = |name: &str| fields.as_ref().and_then(|fields| fields.get(name)).and_then(|value| value.clone().into_string().ok());
    let Some(message) = text("message") else {
        let words = match values::to_json(value) {
            Ok(Value::String(text)) => text,
            Ok(json) => json.to_string(),
            Err(problem) => problem.message(),
        };
        return Error::failed("script-error", words);
    };
    let hints = fields.as_ref().and_then(|fields| fields.get("hints")).and_then(|hints| hints.clone().into_typed_array::<String>().ok());
    let mut error = match (text("step"), text("code")) {
        (Some(step), Some(code)) => Error::failed("step-failed", format!("{step}: {code}: {message}")),
        (None, Some(code)) if code == "failed" => Error::failed("failed", message),
        (None, Some(code)) => Error::failed("script-error", format!("{code}: {message}")),
        _ => Error::failed("script-error", message),
    };
    error.hints = hints.unwrap_or_default();
    error
}

fn unknown_function(signature: &str) -> Error {
    let name = signature.split([' ', '(']).next().unwrap_or(signature);
    if let Some(usage) = vocabulary::usage(name) {
        return Error::failed("wrong-arguments", format!("`{name}` cannot be called like this: `{signature}`"))
            .hint(format!("write {usage}"));
    }
    if name.starts_with("anon$") {
        return Error::failed("foreign-closure", "a closure made in an imported module cannot be called outside it")
            .hint("call it inside the module, or write the closure in the playbook");
    }
    if name.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '$' | ':')) {
        let short = name.rsplit("::").next().unwrap_or(name);
        let error = Error::failed("unknown-function", format!("there is no function `{signature}`"));
        return match suggest::nearest(short, vocabulary::names()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("check the number and the types of what is passed; docs/script.md lists what there is"),
        };
    }
    Error::failed("wrong-type", format!("these values do not go together: `{signature}`")).hint("check the types on both sides")
}

fn unknown_variable(name: &str) -> Error {
    Error::failed("unknown-variable", format!("there is no variable `{name}`"))
        .hint("declare it with `let`; a function sees only its own parameters")
}

/// A playbook that cannot be compiled.
pub(super) fn from_parse(error: &ParseError, place: impl Fn(Position) -> Place) -> Error {
    parse_problem(error.err_type()).at(place(error.position()))
}

fn parse_problem(kind: &ParseErrorType) -> Error {
    match kind {
        ParseErrorType::VariableUndefined(name) => unknown_variable(name),
        ParseErrorType::ModuleUndefined(name) => Error::failed("unknown-module", format!("there is no module `{name}`"))
            .hint(format!("import it first: `import \"std/{name}\" as {name};`")),
        ParseErrorType::Reserved(word) if word == "eval" => {
            Error::failed("syntax", "`eval` does not exist here: what runs must be readable beforehand").hint("write a function")
        }
        ParseErrorType::Reserved(word) => {
            Error::failed("syntax", format!("`{word}` is a reserved word")).hint("choose another name; as a map key put it in quotes")
        }
        other => Error::failed("syntax", lower_first(&other.to_string()))
            .hint("correct the playbook; `runner check` looks at it without running it"),
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
