//! Holds what `docs/conventions.md` and `docs/usage.md` say of the command line.

use crate::project::{Project, repository};
use std::fs;
use std::path::Path;

fn sources(folder: &Path, out: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_convention_that_holds_names_tests_there_are() {
    let mut code = String::new();
    sources(&repository().join("src"), &mut code);
    sources(&repository().join("tests"), &mut code);
    let page = fs::read_to_string(repository().join("docs/conventions.md")).unwrap().replace("\\|", "/");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| #"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    assert_eq!(rows.iter().map(|row| row[0].parse().unwrap()).collect::<Vec<usize>>(), (1..=20).collect::<Vec<_>>());
    for row in rows {
        let tests: Vec<&str> = row[3].split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty() || row[2].starts_with("later, with `plan`"), "{row:?}");
        for test in tests {
            assert!(
                code.contains(&format!("#[test]\n    fn {test}()")) || code.contains(&format!("#[test]\nfn {test}()")),
                "no test `{test}`"
            );
        }
    }
}

#[test]
fn help_and_docs_have_the_same_exit_codes() {
    let help = Project::new().run(&["--help"]).ok().stdout;
    let told: Vec<&str> = help.split("Exit codes:").nth(1).unwrap().lines().filter_map(|line| line.split_whitespace().next()).collect();
    let page = fs::read_to_string(repository().join("docs/usage.md")).unwrap();
    let section = page.split("## Exit codes").nth(1).unwrap().split("\n## ").next().unwrap();
    let documented: Vec<&str> =
        section.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()).filter(|word| *word != "code").collect();
    assert_eq!(told, documented);
    assert!(told.len() >= 10, "{told:?}");
}

#[test]
fn short_help_is_short_and_has_the_examples() {
    let project = Project::new();
    for command in [&["play"][..], &["journal", "verify"], &["runs", "prune"]] {
        let short = project.run(&[command, &["-h"]].concat()).ok().stdout;
        let long = project.run(&[command, &["--help"]].concat()).ok().stdout;
        assert!(short.len() < long.len() && !short.contains("Exit codes:") && long.contains("Exit codes:"), "{short}");
    }
    assert!(project.run(&["play", "-h"]).ok().stdout.starts_with("Examples:"));
}
