//! Two traps of captured variables. In `parallel` each branch has its own copy of what its closure captures, so a write to one is lost.
//! And Rhai locks a captured variable for as long as a chain of methods on it lasts, so a closure in that chain cannot use it, too.

use crate::error::Error;
use rhai::{AST, ASTNode, Expr, FnCallExpr, FnPtr, Position, Stmt};
use std::collections::BTreeSet;

/// Methods that change what they are called on.
const CHANGING: &[&str] = &[
    "append",
    "chop",
    "clear",
    "crop",
    "dedup",
    "drain",
    "fill_with",
    "insert",
    "make_lower",
    "make_upper",
    "mixin",
    "pad",
    "pop",
    "push",
    "remove",
    "replace",
    "retain",
    "reverse",
    "set",
    "shift",
    "sort",
    "splice",
    "trim",
    "truncate",
];

/// Every such write of a file, with its place.
pub(super) fn lost_writes(ast: &AST) -> Vec<(Error, Position)> {
    let mut found = Vec::new();
    ast.walk(&mut |nodes: &[ASTNode]| {
        let Some(ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _))) = nodes.last()
        else {
            return true;
        };
        if call.name == "parallel" && call.namespace.is_empty() {
            for (name, captured) in call.args.iter().filter_map(closure) {
                in_closure(ast, &name, &captured, &mut found);
            }
        }
        true
    });
    found
}

/// Every chain of methods on a variable with a closure in it that captures the variable: it fails as soon as it runs a second time.
pub(super) fn locked_chains(ast: &AST) -> Vec<(Error, Position)> {
    let mut found = Vec::new();
    ast.walk(&mut |nodes: &[ASTNode]| {
        let Some(ASTNode::Expr(Expr::Dot(parts, ..))) = nodes.last() else { return true };
        if let Some((variable, position)) = root(&parts.lhs).filter(|(variable, _)| passes_on(&parts.rhs, variable)) {
            let message = format!("`{variable}` is in use by its own methods while the closure wants it, too");
            let hint = format!("take the first part out of the chain: `let part = {variable}.…;`");
            found.push((Error::failed("locked-variable", message).hint(hint), position));
        }
        true
    });
    found
}

/// Whether a closure among the arguments of a chain captures the variable.
fn passes_on(chain: &Expr, variable: &str) -> bool {
    match chain {
        Expr::MethodCall(call, _) => call.args.iter().filter_map(closure).any(|(_, captured)| captured.contains(variable)),
        Expr::Dot(parts, ..) | Expr::Index(parts, ..) => passes_on(&parts.lhs, variable) || passes_on(&parts.rhs, variable),
        _ => false,
    }
}

/// Name and captured variables of a closure as Rhai writes it down: a block that shares the variables and curries them.
fn closure(expression: &Expr) -> Option<(String, BTreeSet<String>)> {
    if let Some(name) = function_name(expression) {
        return Some((name, BTreeSet::new()));
    }
    let Expr::Stmt(block) = expression else { return None };
    block.iter().find_map(|statement| match statement {
        Stmt::Expr(expression) => match &**expression {
            Expr::FnCall(call, _) => curried(call),
            _ => None,
        },
        Stmt::FnCall(call, _) => curried(call),
        _ => None,
    })
}

fn curried(call: &FnCallExpr) -> Option<(String, BTreeSet<String>)> {
    let captured = call.args.iter().skip(1).filter_map(|argument| match argument {
        Expr::Variable(variable, ..) => Some(variable.1.to_string()),
        _ => None,
    });
    Some((function_name(call.args.first()?)?, captured.collect()))
}

fn function_name(expression: &Expr) -> Option<String> {
    match expression {
        Expr::DynamicConstant(value, _) => value.read_lock::<FnPtr>().map(|function| function.fn_name().to_owned()),
        _ => None,
    }
}

fn in_closure(ast: &AST, name: &str, captured: &BTreeSet<String>, found: &mut Vec<(Error, Position)>) {
    let mut body = ast.clone_functions_only();
    body.retain_functions(|_, _, function, _| function == name);
    let mut captured = captured.clone();
    for declared in declared(&body) {
        captured.remove(&declared);
    }
    visit(&body, &mut |node| {
        if let Some((variable, position)) = written(node).filter(|(variable, _)| captured.contains(variable)) {
            let error =
                Error::failed("lost-write", format!("`{variable}` is changed inside `parallel`, where every branch has a copy of its own"));
            found.push((error.hint("let the closure return what is new: `parallel` gives all results in order"), position));
        }
        if let ASTNode::Expr(expression) = node
            && let Some((inner, passed)) = closure(expression).filter(|(_, passed)| !passed.is_empty())
        {
            in_closure(ast, &inner, &passed.intersection(&captured).cloned().collect(), found);
        }
    });
}

/// Visits the nodes of a function that stands alone in its AST.
fn visit(body: &AST, on_node: &mut impl FnMut(&ASTNode)) {
    body.walk(&mut |nodes: &[ASTNode]| {
        if let Some(node) = nodes.last() {
            on_node(node);
        }
        true
    });
}

/// Variables the closure declares itself; they hide captured ones of the same name, from where on is not followed.
fn declared(body: &AST) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    visit(body, &mut |node| match node {
        ASTNode::Stmt(Stmt::Var(variable, ..)) => drop(names.insert(variable.0.name.to_string())),
        ASTNode::Stmt(Stmt::For(parts, _)) => {
            names.insert(parts.0.name.to_string());
            names.extend(parts.1.iter().map(|counter| counter.name.to_string()));
        }
        _ => (),
    });
    names
}

/// The variable a node writes to.
fn written(node: &ASTNode) -> Option<(String, Position)> {
    match node {
        ASTNode::Stmt(Stmt::Assignment(assignment)) => root(&assignment.1.lhs),
        ASTNode::Expr(Expr::Dot(parts, ..)) => root(&parts.lhs).filter(|_| ends_in_change(&parts.rhs)),
        _ => None,
    }
}

/// The variable at the beginning of `a.b[c]`.
fn root(expression: &Expr) -> Option<(String, Position)> {
    match expression {
        Expr::Variable(variable, _, position) => Some((variable.1.to_string(), *position)),
        Expr::Dot(parts, ..) | Expr::Index(parts, ..) => root(&parts.lhs),
        _ => None,
    }
}

fn ends_in_change(expression: &Expr) -> bool {
    match expression {
        Expr::MethodCall(call, _) => CHANGING.contains(&call.name.as_str()),
        Expr::Dot(parts, ..) | Expr::Index(parts, ..) => ends_in_change(&parts.rhs),
        _ => false,
    }
}
