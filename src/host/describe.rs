//! What a playbook says of itself, read without running it: its doc comment and the parameters it declares.

use super::playbook::Playbook;
use super::values;
use crate::error::{Error, Place};
use crate::project::params::{Kind, Parameter};
use rhai::{ASTNode, Expr, FnCallExpr, Position, Stmt};
use serde::Serialize;
use serde_json::{Map, Value};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Description {
    /// First line of the doc comment (`//! …`) at the top.
    pub title: Option<String>,
    /// The whole doc comment.
    pub doc: String,
    pub parameters: Vec<Parameter>,
    /// Files that are imported, directly or not: `std/policy`, `lib/roles.rhai`.
    pub imports: Vec<String>,
}

/// Title, parameters and imports; declarations that cannot be read are left to `check`.
#[must_use]
pub fn describe(playbook: &Playbook) -> Description {
    let doc = playbook.text().lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect::<Vec<_>>().join("\n");
    Description {
        title: doc.lines().find(|line| !line.is_empty()).map(str::to_owned),
        doc,
        parameters: declarations(playbook).into_iter().filter_map(Result::ok).collect(),
        imports: playbook.sources().map(|(name, _)| name.to_owned()).filter(|name| name != playbook.file()).collect(),
    }
}

/// Every `param(…)` of the playbook itself and its own modules, in the order of the text; an error is one that cannot be read.
pub(super) fn declarations(playbook: &Playbook) -> Vec<Result<Parameter, Error>> {
    let mut found: Vec<Result<Parameter, Error>> = Vec::new();
    for (file, ast) in playbook.files() {
        ast.walk(&mut |nodes: &[ASTNode]| {
            let (call, position) = match nodes.last() {
                Some(ASTNode::Expr(Expr::FnCall(call, position)) | ASTNode::Stmt(Stmt::FnCall(call, position))) => (call, *position),
                _ => return true,
            };
            if call.name == "param" && call.namespace.is_empty() {
                let declared = declaration(call, position).map_err(|(error, position)| error.at(playbook.place(file, position)));
                let repeated = declared.as_ref().is_ok_and(|new| found.iter().flatten().any(|old| old == new));
                if !repeated {
                    found.push(twice(&found, declared, &playbook.place(file, position)));
                }
            }
            true
        });
    }
    found
}

fn twice(found: &[Result<Parameter, Error>], declared: Result<Parameter, Error>, place: &Place) -> Result<Parameter, Error> {
    let declared = declared?;
    if found.iter().flatten().any(|old| old.name == declared.name) {
        return Err(Error::failed("parameter-twice", format!("parameter `{}` is declared twice, differently", declared.name))
            .at(place.clone())
            .hint("declare it once, and keep its value in a variable"));
    }
    Ok(declared)
}

fn declaration(call: &FnCallExpr, position: Position) -> Result<Parameter, (Error, Position)> {
    let unreadable = |message: &str, position: Position| {
        let error = Error::failed("parameter-not-literal", message.to_owned());
        (error.hint("write it out, like `param(\"mail\", #{ kind: \"email\", help: \"root mailbox\" })`"), position)
    };
    let Some(Expr::StringConstant(name, _)) = call.args.first() else {
        return Err(unreadable("the name of a parameter must be written out as a string", position));
    };
    let options = match call.args.get(1) {
        None => Map::new(),
        Some(options) => match options.get_literal_value(None).and_then(|value| values::to_json(&value).ok()) {
            Some(Value::Object(options)) => options,
            _ => return Err(unreadable(&format!("what is said of parameter `{name}` must be written out as a map"), options.position())),
        },
    };
    read(name, options).map_err(|message| unreadable(&message, position))
}

fn read(name: &str, mut options: Map<String, Value>) -> Result<Parameter, String> {
    let value = options.remove("value");
    let kind = match options.remove("kind") {
        None => value.as_ref().map_or(Kind::String, Kind::of),
        Some(Value::String(kind)) => Kind::parse(&kind)
            .ok_or_else(|| format!("parameter `{name}`: there is no kind `{kind}`; there are string, email, bool, int, list and map"))?,
        Some(other) => return Err(format!("parameter `{name}`: `kind` must be a string, not `{other}`")),
    };
    let help = match options.remove("help") {
        None => None,
        Some(Value::String(help)) => Some(help),
        Some(other) => return Err(format!("parameter `{name}`: `help` must be a string, not `{other}`")),
    };
    let one_of = match options.remove("one_of") {
        None => None,
        Some(Value::Array(choices)) => Some(choices),
        Some(other) => return Err(format!("parameter `{name}`: `one_of` must be an array, not `{other}`")),
    };
    if let Some(unknown) = options.keys().next() {
        return Err(format!("parameter `{name}`: there is no option `{unknown}`; there are kind, help, value and one_of"));
    }
    let parameter = Parameter { name: name.to_owned(), kind, help, value, one_of };
    match parameter.value.as_ref().and_then(|value| Some((value, parameter.refuses(value)?))) {
        Some((value, wanted)) => Err(format!("parameter `{name}`: its `value` cannot be `{value}`; give {wanted}")),
        None => Ok(parameter),
    }
}
