//! The playbooks, examples and standard modules that come with the runner.

use super::super::functions::FUNCTIONS;
use super::super::{Playbook, check, describe, standard_modules};
use super::stage::on_sandbox;
use crate::primitive::list;
use std::path::{Path, PathBuf};

fn below(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "rhai"));
    found.sort();
    found
}

#[test]
fn they_are_without_fault_and_say_what_they_are() {
    for path in below("playbooks").into_iter().chain(below("examples")) {
        let playbook = Playbook::load(&path).unwrap();
        assert_eq!(check(&playbook), [], "{}", path.display());
        let description = describe(&playbook);
        assert!(description.title.is_some(), "{}", path.display());
        assert!(description.parameters.iter().all(|parameter| parameter.help.is_some()), "{}", path.display());
        assert!(playbook.text().lines().count() < 60, "{}", path.display());
    }
}

/// The examples in the comments of a module, each with the function it belongs to.
fn examples(text: &str) -> Vec<String> {
    let comments: Vec<&str> =
        text.lines().map(|line| line.trim().strip_prefix("///").map_or("", |line| line.strip_prefix(' ').unwrap_or(line))).collect();
    let comments = comments.join("\n");
    blocks(&comments, "```rhai\n")
}

fn blocks(markdown: &str, fence: &str) -> Vec<String> {
    markdown.split(fence).skip(1).filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

#[test]
fn examples_of_the_standard_modules_play() {
    for (name, text) in standard_modules() {
        let functions = text.lines().filter(|line| line.starts_with("fn ")).count();
        let examples = examples(text);
        assert_eq!(examples.len(), functions, "{name}: every function has an example");
        for example in examples {
            let played = on_sandbox(&example);
            assert_eq!(played.result, Ok(()), "{name}: {example}");
        }
    }
}

#[test]
fn examples_of_the_reference_play() {
    let functions = FUNCTIONS.iter().map(|function| (function.name, function.doc));
    for (name, doc) in functions.chain(list::all().iter().map(|spec| (spec.name, spec.doc))) {
        for example in blocks(doc, "```rhai\n") {
            assert_eq!(on_sandbox(&example).result, Ok(()), "{name}: {example}");
        }
        for example in blocks(doc, "```rhai,no_run\n") {
            let playbook = Playbook::from_text("example.rhai", example.clone(), Path::new(".")).unwrap();
            assert_eq!(check(&playbook), [], "{name}: {example}");
        }
    }
}
