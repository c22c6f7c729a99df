//! What goes wrong in a script, in our words: with its place, the chain of calls that led there, and what to do.

use super::limits::Exceeded;
use super::playbook::{self, Playbook};
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
        EvalAltResult::ErrorDataTooLarge(what, _) => Error::failed("script-limit", format!("{} grows too large", grown(&what)))
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

/// What Rhai says is too large, by what it is and not by how it is measured.
fn grown(measure: &str) -> &str {
    match measure {
        "Length of string" => "a string",
        "Size of array" | "Size of array/BLOB" => "an array",
        "Size of object map" => "a map",
        "Size of BLOB" => "a run of bytes",
        _ => "a value",
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
        (Some(step), Some(code)) => Error::failed(code, format!("`{step}`: {message}")),
        (None, Some(code)) if code == "failed" => Error::failed("failed", message),
        (None, Some(code)) => Error::failed("script-error", format!("{code}: {message}")),
        _ => Error::failed("script-error", message),
    };
    error.hints = hints.unwrap_or_default();
    error
}

fn unknown_function(signature: &str) -> Error {
    let name = signature.split([' ', '(']).next().unwrap_or(signature);
    let given = kinds(signature);
    if let Some(usage) = vocabulary::usage(name) {
        let given = if given.is_empty() { "nothing".to_owned() } else { given.join(", ") };
        return Error::failed("wrong-arguments", format!("`{name}` cannot be called with {given}")).hint(format!("write {usage}"));
    }
    if name.starts_with("anon$") {
        return Error::failed("foreign-closure", "a closure made in an imported module cannot be called outside it")
            .hint("call it inside the module, or write the closure in the playbook");
    }
    if name.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '$' | ':')) {
        let short = name.rsplit("::").next().unwrap_or(name);
        let error = |message| Error::failed("unknown-function", message);
        return match suggest::nearest(short, vocabulary::names()) {
            Some(near) => error(format!("there is no function `{name}`")).hint(format!("did you mean `{near}`?")),
            None if given.is_empty() => error(format!("there is no function `{name}`")).hint(LISTED),
            None => error(format!("there is no function `{name}` for {}", given.join(", "))).hint(LISTED),
        };
    }
    Error::failed("wrong-type", format!("`{name}` does not work with {}", given.join(" and ")))
        .hint("check what is on both sides: `type_of(x)` tells what a value is")
}

const LISTED: &str = "docs/script.md lists the functions there are, and what is passed to them";

/// The kinds of value in a signature as Rhai writes it, `f (&str | ImmutableString | String, i64)`, in the words of the script reference.
fn kinds(signature: &str) -> Vec<String> {
    let inside = signature.split_once('(').map_or("", |(_, rest)| rest.strip_suffix(')').unwrap_or(rest));
    inside.split(", ").filter(|kind| !kind.is_empty()).map(kind_in_words).collect()
}

fn kind_in_words(kind: &str) -> String {
    match kind.split(" | ").next().unwrap_or(kind) {
        "()" => "nothing (`()`)",
        "i64" | "range" | "range=" => "an integer",
        "f64" => "a number",
        "bool" => "true or false",
        "char" => "a character",
        "&str" | "string" | "String" | "ImmutableString" => "a string",
        "array" => "an array",
        "map" => "a map",
        "blob" => "bytes",
        "Fn" => "a function",
        "object" => "an object of AWS",
        other => return format!("`{other}`"),
    }
    .to_owned()
}

fn unknown_variable(name: &str) -> Error {
    Error::failed("unknown-variable", format!("there is no variable `{name}`"))
        .hint("declare it with `let`; a function sees only its own parameters")
}

/// A playbook that cannot be compiled.
pub(super) fn from_parse(error: &ParseError, file: &str, text: &str) -> Error {
    let found = playbook::place_in(file, text, error.position());
    let place = match error.err_type() {
        ParseErrorType::MissingToken(..) | ParseErrorType::UnexpectedEOF => behind_last_word(found, text),
        _ => found,
    };
    parse_problem(error.err_type()).at(place)
}

/// Where something is missing that Rhai only misses at the next word: at the end of the line before, if the next word begins a line.
fn behind_last_word(found: Place, text: &str) -> Place {
    let begins = |line: &String| line.chars().take(found.column.saturating_sub(1)).all(char::is_whitespace);
    if !found.source_line.as_ref().is_none_or(begins) {
        return found;
    }
    let written = |line: &&(usize, &str)| !line.1.trim().is_empty() && !line.1.trim_start().starts_with("//");
    let Some((index, line)) = text.lines().enumerate().take(found.line - 1).collect::<Vec<_>>().iter().rfind(written).copied() else {
        return found;
    };
    Place { line: index + 1, column: line.trim_end().chars().count() + 1, source_line: Some(line.to_owned()), ..found }
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
        ParseErrorType::MissingToken(token, what) => Error::failed(
            "syntax",
            format!("`{token}` is missing {}", what.replace("object map literal", "map").replace("terminate", "end")),
        )
        .hint("correct the playbook; `runner check` looks at it without running it"),
        other => Error::failed("syntax", lower_first(&other.to_string()))
            .hint("correct the playbook; `runner check` looks at it without running it"),
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
