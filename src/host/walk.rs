//! Looks at a playbook without running it. Syntax and variables were looked at when it was loaded; here follow the names of functions
//! and arguments, declarations of parameters, and writes that `parallel` would lose.

use super::captures;
use super::describe::declarations;
use super::playbook::Playbook;
use super::{engine, object, primitives, suggest, vocabulary};
use crate::error::Error;
use rhai::{AST, ASTNode, Expr, FnCallExpr, Position, Stmt};
use std::collections::{BTreeMap, BTreeSet};

/// Functions of the language itself, which are no functions to the engine.
const LANGUAGE: &[&str] = &[
    "print",
    "debug",
    "type_of",
    "call",
    "curry",
    "is_shared",
    "is_def_var",
    "is_def_fn",
    "Fn",
    "param",
    "parallel",
    "scope",
    "parse_json",
];

/// All that can be said to be wrong with a playbook and its modules; empty means that it can be played.
#[must_use]
pub fn check(playbook: &Playbook) -> Vec<Error> {
    let native = native_names();
    let mut errors: Vec<Error> = declarations(playbook).into_iter().filter_map(Result::err).collect();
    for (file, ast) in playbook.files() {
        let words = Words::of(ast, &native);
        ast.walk(&mut |nodes: &[ASTNode]| {
            if let Some((call, position, is_method)) = nodes.last().and_then(call_of) {
                let found = check_call(playbook, &words, call, is_method);
                errors.extend(found.map(|error| error.at(playbook.place(file, position))));
            }
            true
        });
        let traps = captures::lost_writes(ast).into_iter().chain(captures::locked_chains(ast));
        errors.extend(traps.map(|(error, position)| error.at(playbook.place(file, position))));
    }
    let line = |error: &Error| error.place.as_ref().map(|place| (place.file.clone(), place.line, place.column));
    errors.sort_by_key(line);
    errors.dedup();
    errors
}

/// The names a file can call.
struct Words<'a> {
    native: &'a BTreeSet<String>,
    /// Functions of the file itself.
    own: BTreeSet<String>,
    /// Keys of its maps: a closure in a map can be called like a method.
    keys: BTreeSet<String>,
    /// Import paths by alias.
    imports: BTreeMap<String, String>,
}

impl Words<'_> {
    fn of<'a>(ast: &AST, native: &'a BTreeSet<String>) -> Words<'a> {
        let mut words = Words { native, own: BTreeSet::new(), keys: BTreeSet::new(), imports: BTreeMap::new() };
        words.own.extend(ast.iter_functions().map(|function| function.name.to_owned()));
        ast.walk(&mut |nodes: &[ASTNode]| {
            match nodes.last() {
                Some(ASTNode::Expr(Expr::Map(fields, _))) => words.keys.extend(fields.0.iter().map(|(key, _)| key.name.to_string())),
                Some(ASTNode::Stmt(Stmt::Import(import, _))) => {
                    if let Expr::StringConstant(path, _) = &import.0 {
                        words.imports.insert(import.1.name.to_string(), path.to_string());
                    }
                }
                _ => (),
            }
            true
        });
        words
    }

    fn knows(&self, name: &str) -> bool {
        self.native.contains(name) || self.own.contains(name) || self.keys.contains(name)
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        let words = self.native.iter().chain(&self.own).map(String::as_str);
        words.filter(|word| word.starts_with(|letter: char| letter.is_alphabetic()))
    }
}

/// The call at a node, its place, and whether it is written `x.f()`.
fn call_of<'a>(node: &ASTNode<'a>) -> Option<(&'a FnCallExpr, Position, bool)> {
    match node {
        ASTNode::Expr(Expr::FnCall(call, position)) | ASTNode::Stmt(Stmt::FnCall(call, position)) => Some((call, *position, false)),
        ASTNode::Expr(Expr::MethodCall(call, position)) => Some((call, *position, true)),
        _ => None,
    }
}

fn check_call(playbook: &Playbook, words: &Words, call: &FnCallExpr, is_method: bool) -> Option<Error> {
    let name = call.name.as_str();
    if !name.starts_with(|letter: char| letter.is_alphabetic() || letter == '_') {
        return None;
    }
    if !call.namespace.is_empty() {
        return check_module_call(playbook, words, call);
    }
    if !words.knows(name) {
        let error = Error::failed("unknown-function", format!("there is no function `{name}`"));
        return Some(match suggest::nearest(name, words.all()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("docs/script.md lists the functions there are"),
        });
    }
    if words.own.contains(name) { None } else { check_arguments(call, is_method) }
}

/// Names in a map of arguments that is written out.
fn check_arguments(call: &FnCallExpr, is_method: bool) -> Option<Error> {
    let spec = vocabulary::primitive(&call.name)?;
    let arguments = if is_method { &call.args[..] } else { call.args.get(1..).unwrap_or_default() };
    if arguments.len() > spec.positional.len() + 1 {
        let usage = vocabulary::signature(spec);
        return Some(Error::failed("wrong-arguments", format!("`{}` takes fewer arguments", spec.name)).hint(format!("write `{usage}`")));
    }
    // A map in the place of a positional argument is a document or tags, whose names are not ours.
    let Some(Expr::Map(fields, _)) = arguments.get(spec.positional.len()) else { return None };
    let unknown = fields.0.iter().find(|(key, _)| primitives::argument_names(spec).all(|known| known != key.name.as_str()))?;
    Some(primitives::unknown_argument(spec, &unknown.0.name))
}

fn check_module_call(playbook: &Playbook, words: &Words, call: &FnCallExpr) -> Option<Error> {
    let alias = call.namespace.root();
    let path = words.imports.get(alias)?;
    let module = playbook.module(path)?;
    let public = || module.iter_functions().filter(|function| function.access.is_public() && !function.name.starts_with("anon$"));
    if public().any(|function| function.name == call.name) {
        return None;
    }
    let error = Error::failed("unknown-function", format!("module `{path}` has no function `{}`", call.name));
    let names: Vec<&str> = public().map(|function| function.name).collect();
    Some(match suggest::nearest(&call.name, names.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{alias}::{near}`?")),
        None => error.hint(format!("it has {}", names.join(", "))),
    })
}

fn native_names() -> BTreeSet<String> {
    let mut engine = engine::bare();
    object::register(&mut engine);
    let mut names: BTreeSet<String> =
        engine.collect_fn_metadata(None, |info| Some(info.metadata.name.to_string()), true).into_iter().collect();
    names.extend(vocabulary::names().chain(LANGUAGE.iter().copied()).map(str::to_owned));
    names
}
