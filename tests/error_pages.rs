//! Holds that `docs/errors.md` has a page for every code that runner gives an error, and no page of our own codes that nothing leads to.

use crate::project::Project;
use insta::assert_snapshot;
use runner::error::{page, pages};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, FieldValue, FnArg, ItemMod, Lit, LitStr, Member, Pat, Signature};

/// What makes an error, and which of its arguments is the code. A function of the file itself with a parameter `code` is one, too.
const MAKERS: &[(&str, usize)] = &[
    ("Error::new", 1),
    ("Error::usage", 0),
    ("Error::failed", 0),
    ("Failure::new", 1),
    ("Failure::fatal", 0),
    ("Failure::needs_you", 0),
    ("Argument::new", 0),
];

/// Where a code that was made elsewhere is passed on.
const PASSED_ON: &[(&str, &str)] = &[
    ("aws/failure.rs: service", "AWS's own"),
    ("host/errors.rs: Error::failed", "that of a step, back from the script"),
    ("host/run.rs: Error::new", "that of a session"),
    ("host/primitives.rs: Error::failed", "that of an argument"),
    ("preflight/problems.rs: Error::failed", "that of a step on the copy"),
    ("primitive/create_account_refusal.rs: Failure::new", "from a table, whose own test asks for the pages"),
    ("primitive/list.rs: Failure::fatal", "that of an argument"),
    ("step/engine/error.rs: Error::new", "that of a failure"),
    ("step/engine/perform.rs: Failure::fatal", "that of an earlier failure"),
    ("wiring.rs: Error::new", "that of a failure before the run"),
    ("wiring/secrets.rs: Failure::fatal", "that of a file of the state folder"),
];

#[derive(Default)]
struct Scan {
    file: String,
    /// By code, the files that give it.
    codes: BTreeMap<String, BTreeSet<String>>,
    passed_on: BTreeSet<String>,
    /// Every text in the code.
    texts: BTreeSet<String>,
    /// Functions of this file, with the place of their parameter `code`.
    functions: BTreeMap<String, usize>,
}

impl Scan {
    fn maker(&self, path: &syn::Path) -> Option<(String, usize)> {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let name = names[names.len().saturating_sub(2)..].join("::");
        let known = MAKERS.iter().find(|(known, _)| *known == name).map(|(_, at)| *at);
        known.or_else(|| self.functions.get(&name).copied()).map(|at| (name, at))
    }

    /// A text given as a code. False when it is none.
    fn given(&mut self, code: &Expr) -> bool {
        match code {
            Expr::Lit(literal) => {
                if let Lit::Str(text) = &literal.lit {
                    self.codes.entry(text.value()).or_default().insert(self.file.clone());
                }
                true
            }
            Expr::MethodCall(call) if call.method == "into" => self.given(&call.receiver),
            // Within a function that is followed to its callers.
            Expr::Path(path) => path.path.is_ident("code") && !self.functions.is_empty(),
            _ => false,
        }
    }
}

impl<'ast> Visit<'ast> for Scan {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !module.attrs.iter().any(|attribute| attribute.path().is_ident("cfg")) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if let Expr::Path(path) = &*call.func
            && let Some((name, at)) = self.maker(&path.path)
            && let Some(code) = call.args.iter().nth(at)
            && !self.given(code)
        {
            self.passed_on.insert(format!("{}: {name}", self.file));
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_field_value(&mut self, field: &'ast FieldValue) {
        if matches!(&field.member, Member::Named(name) if name == "code") {
            self.given(&field.expr);
        }
        visit::visit_field_value(self, field);
    }

    fn visit_lit_str(&mut self, text: &'ast LitStr) {
        self.texts.insert(text.value());
    }
}

/// Finds the functions that take a `code`; a method's callers write its type, so it is no function of the file.
#[derive(Default)]
struct Functions(BTreeMap<String, usize>);

impl<'ast> Visit<'ast> for Functions {
    fn visit_signature(&mut self, signature: &'ast Signature) {
        let named = |input: &FnArg| matches!(input, FnArg::Typed(typed) if matches!(&*typed.pat, Pat::Ident(name) if name.ident == "code"));
        if let Some(at) = signature.inputs.iter().position(named) {
            self.0.insert(signature.ident.to_string(), at);
        }
    }
}

fn scan() -> Scan {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut scan = Scan::default();
    for path in rust_files(&sources) {
        read(&mut scan, &path.strip_prefix(&sources).unwrap().display().to_string(), &fs::read_to_string(&path).unwrap());
    }
    scan
}

fn read(scan: &mut Scan, file: &str, text: &str) {
    let tree = syn::parse_file(text).unwrap();
    let mut functions = Functions::default();
    functions.visit_file(&tree);
    (scan.file, scan.functions) = (file.to_owned(), functions.0);
    scan.visit_file(&tree);
}

#[test]
fn every_code_has_a_page() {
    let scan = scan();
    // AWS's own codes, which the sandbox answers with, begin with a capital.
    let ours = scan.codes.iter().filter(|(code, _)| code.starts_with(|c: char| c.is_ascii_lowercase()));
    let missing: Vec<String> =
        ours.clone().filter(|(code, _)| page(code).is_none()).map(|(code, files)| format!("{code}: {files:?}")).collect();
    assert!(ours.count() > 100);
    assert!(missing.is_empty(), "docs/errors.md has no section `## CODE` (done, why, next) for\n{}", missing.join("\n"));
}

#[test]
fn every_page_of_ours_has_a_code() {
    let scan = scan();
    let mut idle: Vec<&str> = pages().iter().flat_map(|page| page.codes.clone()).collect();
    idle.retain(|code| code.starts_with(|c: char| c.is_ascii_lowercase()) && !scan.texts.contains(*code));
    assert!(idle.is_empty(), "no error has the code of these sections of docs/errors.md: {idle:?}");
}

#[test]
fn codes_are_written_out_where_errors_are_made() {
    let known: BTreeSet<String> = PASSED_ON.iter().map(|(place, _)| (*place).to_owned()).collect();
    assert_eq!(scan().passed_on, known, "write the code out as text, or name the place in PASSED_ON");
}

#[test]
fn the_scan_sees_every_way_to_give_a_code() {
    let mut found = Scan::default();
    let text = r#"
        fn refuse(code: &str, why: &str) -> Error { Error::usage(code, why) }
        fn f() { crate::error::Error::new(Kind::Usage, "first", ""); refuse("second", ""); let p = Problem { code: "third".into() }; }
        fn g() { Failure::fatal(x.code, ""); }
        #[cfg(test)] mod tests { fn h() { Error::usage("never", ""); } }
    "#;
    read(&mut found, "x.rs", text);
    assert_eq!(found.codes.keys().collect::<Vec<_>>(), ["first", "second", "third"]);
    assert_eq!(found.passed_on, BTreeSet::from(["x.rs: Failure::fatal".to_owned()]));
}

#[test]
fn explain_shows_pages_and_knows_what_was_meant() {
    let project = Project::new();
    assert_snapshot!(project.run(&["explain", "AccessDeniedException", "not-pinned"]).ok().stdout, @r#"
    AccessDenied, AccessDeniedException, UnauthorizedOperation, AccessDeniedForDependencyException
    AWS refused the call for want of permission.
      done  nothing was changed by this call.
      why   every layer must allow: the caller's own policies, its permissions boundary, the session
            policy, the service control policies above its account, and for AssumeRole the role's trust
            policy. An explicit deny of any of them wins. The message names the layer where AWS does.
      next  allow the action in that layer, or use a session that may; then `runner resume`.
      next  a service control policy binds even the administrators of a member account: it is changed
            from the management account.

    not-pinned
    The target names no account, and nobody can be asked for it.
      done  nothing.
      why   a target of kind `aws` plays only in the account it is pinned to, so that wrong credentials
            change nothing.
      next  add `account_id = "…"` to the target in runner.toml.
    "#);
    assert_snapshot!(project.run(&["explain", "emial-taken"]).exits(64).stderr, @"
    error[unknown-code]: there is no error code `emial-taken`
    help: did you mean `email-taken`? runner explain email-taken
    explain: runner explain unknown-code
    ");
    let all = project.run(&["explain"]).ok().stdout;
    assert_eq!(all.lines().count(), pages().len() + 1);
    let document: Value = serde_json::from_str(&project.run(&["explain", "email-taken", "--output", "json"]).ok().stdout).unwrap();
    assert_eq!(document["explanations"][0]["codes"][0], "email-taken");
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "tests" {
                files.extend(rust_files(&path));
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") && !name.ends_with("tests") {
            files.push(path);
        }
    }
    files
}
