//! What scripts can call, as Rhai's own definition files: editors complete and explain from them.

use super::engine;
use super::functions::FUNCTIONS;
use crate::primitive::{Spec, list};
use std::fmt::Write as _;

/// One file: the language's functions, the host's, and every primitive with its option maps explained.
#[must_use]
pub fn definitions() -> String {
    let language = engine::bare();
    let language = language.definitions();
    // Rhai lists what it has built in whether or not an engine allows it.
    let built_in = language.builtin_functions();
    let built_in: Vec<&str> = built_in.split("\n\n").filter(|function| !function.contains("fn eval(")).collect();
    let mut page = format!("module static;\n\n{}\n{}", built_in.join("\n\n"), language.static_module());
    page.push_str("\n// The host's functions\n");
    for function in FUNCTIONS {
        comment(&mut page, &format!("`{}`\n\n{}", function.signature, function.doc.trim()));
        for arguments in overloads(&parameters(function.signature)) {
            let _ = writeln!(page, "fn {}({}) -> ?;", function.name, arguments.join(", "));
        }
    }
    page.push_str("\n// Primitives: each call is a step\n");
    for spec in list::all() {
        primitive(&mut page, spec);
    }
    page
}

fn primitive(page: &mut String, spec: &Spec) {
    let mut doc = spec.doc.trim().to_owned();
    if !spec.options.is_empty() {
        doc.push_str("\n\n");
    }
    for option in spec.options {
        let _ = writeln!(doc, "- `{}` ({}): {}", option.name, option.kind, option.help);
    }
    comment(page, doc.trim_end());
    let positional: Vec<String> =
        std::iter::once("session").chain(spec.positional.iter().copied()).map(|name| format!("{name}: ?")).collect();
    let _ = writeln!(page, "fn {}({}) -> ?;", spec.name, positional.join(", "));
    if !spec.options.is_empty() {
        let _ = writeln!(page, "fn {}({}, options: Map) -> ?;", spec.name, positional.join(", "));
    }
}

fn comment(page: &mut String, text: &str) {
    page.push('\n');
    for line in text.lines() {
        let _ = writeln!(page, "{}", format!("/// {line}").trim_end());
    }
}

/// The names in `parallel(items, |item| …, #{tolerate})`: items, a closure, a map of options.
fn parameters(signature: &str) -> Vec<String> {
    let inside = signature.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
    let (plain, options) = inside.split_once("#{").map_or((inside, false), |(plain, _)| (plain, true));
    let names = plain.split(", ").map(|name| name.trim().trim_end_matches(',')).filter(|name| !name.is_empty());
    let typed = names.map(|name| if name.starts_with('|') { "closure: Fn".to_owned() } else { format!("{name}: ?") });
    typed.chain(options.then(|| "options: Map".to_owned())).collect()
}

/// The map of options may be left out.
fn overloads(parameters: &[String]) -> Vec<&[String]> {
    match parameters.split_last() {
        Some((last, others)) if last == "options: Map" => vec![others, parameters],
        _ => vec![parameters],
    }
}

#[cfg(test)]
mod tests {
    use super::super::vocabulary;
    use super::*;

    #[test]
    fn parameters_are_read_from_signatures() {
        for (signature, wanted) in [
            ("caller()", ""),
            ("output(name, value)", "name: ?, value: ?"),
            ("param(name, #{kind, help})", "name: ?, options: Map"),
            ("parallel(items, |item| …, #{tolerate})", "items: ?, closure: Fn, options: Map"),
            ("scope(label, || …)", "label: ?, closure: Fn"),
        ] {
            assert_eq!(parameters(signature).join(", "), wanted, "{signature}");
        }
    }

    #[test]
    fn everything_a_script_can_call_is_in_it() {
        let page = definitions();
        for name in vocabulary::names() {
            assert!(page.contains(&format!("\nfn {name}(")), "{name}");
        }
        for spec in list::all() {
            for option in spec.options {
                assert!(page.contains(&format!("/// - `{}` ({}): ", option.name, option.kind)), "{} {}", spec.name, option.name);
            }
        }
        assert!(page.contains("fn to_upper(") && !page.contains("fn eval("), "the language's own");
        assert!(page.starts_with("module static;"), "{}", &page[..80]);
    }
}
