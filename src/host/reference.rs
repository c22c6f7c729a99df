//! The script reference, `docs/script.md`, made from what the functions say of themselves.

use super::functions::FUNCTIONS;
use super::playbook::standard_modules;
use super::vocabulary;
use crate::primitive::{Spec, list};
use std::fmt::Write as _;

/// The whole page. `docs/script.md` holds it; a test keeps the two alike.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(
        "# Script reference\n\nMade from the sources by the tests (`UPDATE_DOCS=1 cargo test --lib reference`); do not edit by hand.\n\n\
         Playbooks are [Rhai](https://rhai.rs/book) scripts. Identity is positional, the rest is one map; a single map in place of all \
         will do, too. Wherever an id, a name or an ARN is wanted, the object that has it is accepted. Every call of a primitive is a step; \
         `id: \"…\"` in its map tells apart two steps about the same thing.\n\n## Functions\n",
    );
    for function in FUNCTIONS {
        let _ = write!(page, "\n### `{}`\n\n{}\n", function.signature, function.doc.trim());
    }
    page.push_str("\n## Primitives\n\n`s` is any session or account, `org` the session `organization()` gives.\n");
    for spec in list::all() {
        primitive(&mut page, spec);
    }
    page.push_str("\n## Standard modules\n");
    for (name, text) in standard_modules() {
        module(&mut page, &name, text);
    }
    page
}

fn primitive(page: &mut String, spec: &Spec) {
    let _ = write!(page, "\n### `{}`\n\n", vocabulary::signature(spec));
    // Its own first line is the signature again.
    let doc = spec.doc.trim();
    let doc = if doc.starts_with('`') { doc.split_once("\n\n").map_or(doc, |(_, rest)| rest) } else { doc };
    let _ = writeln!(page, "{doc}");
    if !spec.options.is_empty() {
        page.push_str("\n| option | kind | |\n|---|---|---|\n");
        for option in spec.options {
            let _ = writeln!(page, "| `{}` | {} | {} |", option.name, option.kind, option.help);
        }
    }
    let actions: Vec<String> = spec.actions.iter().map(|action| format!("`{action}`")).collect();
    let _ = writeln!(page, "\nNeeds {}.", actions.join(", "));
}

/// The functions of a module with the comments above them.
fn module(page: &mut String, name: &str, text: &str) {
    let about: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("//!")).map(str::trim).collect();
    let _ = write!(page, "\n### `import \"{name}\" as {};`\n\n{}\n", name.rsplit('/').next().unwrap_or(name), about.join("\n"));
    let mut comment = Vec::new();
    for line in text.lines() {
        if let Some(words) = line.strip_prefix("///") {
            comment.push(words.strip_prefix(' ').unwrap_or(words));
        } else if let Some(function) = line.strip_prefix("fn ") {
            let signature = function.split(')').next().unwrap_or(function);
            let _ = write!(page, "\n#### `{signature})`\n\n{}\n", comment.join("\n"));
            comment.clear();
        } else {
            comment.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::reference;
    use std::path::Path;

    #[test]
    fn the_page_in_docs_is_this_one() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/script.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, reference()).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(written == reference(), "docs/script.md is out of date: UPDATE_DOCS=1 cargo test --lib reference");
    }
}
