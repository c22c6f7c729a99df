//! Holds the table of allowed imports: which room of `src` may name which other room and which crates.
//! It looks at every path in the code, not only at `use` lines; test modules are left out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Room, and the rooms it may name.
const ROOMS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("event", &["error"]),
    ("time", &["error"]),
    ("policy", &[]),
    ("estate", &["policy"]),
    ("access", &["estate", "policy"]),
    ("project", &["error"]),
    ("step", &["error", "event", "time"]),
    ("sandbox", &["access", "error", "estate", "policy"]),
    ("aws", &["error", "estate", "event", "policy", "step", "time"]),
    ("primitive", &["aws", "error", "estate", "event", "policy", "step", "time"]),
    ("preflight", &["error", "estate", "event", "policy", "step"]),
    ("rehearsal", &[]),
    ("host", &["aws", "error", "event", "primitive", "project", "step", "time"]),
    ("report", &["error", "event", "preflight", "rehearsal", "step"]),
    ("wiring", &["aws", "error", "estate", "event", "host", "preflight", "primitive", "project", "rehearsal", "sandbox", "step", "time"]),
    ("cli", &["error", "estate", "event", "host", "preflight", "project", "rehearsal", "report", "step", "time", "wiring"]),
    ("main", &["cli", "error"]),
    ("lib", &[]),
];

/// A piece of a path or call, and the only rooms that may write it.
const RESERVED: &[(&str, &[&str])] = &[
    ("rhai::", &["host"]),
    ("aws_sdk_", &["aws", "primitive"]),
    ("aws_config::", &["aws"]),
    ("aws_smithy_", &["aws", "primitive"]),
    ("aws_credential_types::", &["aws"]),
    ("aws_types::", &["aws"]),
    ("rusqlite::", &["step", "sandbox"]),
    ("tokio::time", &["time"]),
    ("tokio::task", &["time"]),
    ("tokio::spawn", &["time", "sandbox"]),
    ("tokio::runtime", &["time"]),
    ("Instant::now", &["time"]),
    ("SystemTime::now", &["time"]),
    ("Timestamp::now", &["time"]),
    ("Zoned::now", &["time"]),
    ("thread::sleep", &["time"]),
    ("fastrand::", &["time"]),
    ("println!", &["cli", "report"]),
    ("print!", &["cli", "report"]),
    ("eprintln!", &["cli", "report"]),
    ("eprint!", &["cli", "report"]),
    ("io::stdout", &["cli", "report"]),
    ("io::stderr", &["cli", "report"]),
    ("process::exit", &["main"]),
];

/// Rooms that know no tokio, file, clock or terminal.
const PURE: &[&str] = &["policy", "access", "estate", "preflight", "rehearsal"];
const IMPURE: &[&str] = &["tokio::", "std::fs", "std::io", "std::net", "std::env", "std::process", "std::thread", "jiff::Timestamp::now"];

#[test]
fn every_room_names_only_what_it_may() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in rust_files(&sources) {
        let room = room_of(&sources, &file);
        let code = code_of(&fs::read_to_string(&file).unwrap());
        let shown = file.strip_prefix(&sources).unwrap().display().to_string();
        seen += 1;
        check_rooms(&room, &shown, &code, &mut wrong);
        check_reserved(&room, &shown, &code, &mut wrong);
    }
    assert!(seen > 20, "the scan found only {seen} files");
    assert!(wrong.is_empty(), "arrows that must not be:\n{}", wrong.join("\n"));
}

#[test]
fn the_scan_sees_grouped_and_inline_paths() {
    let code = code_of(
        "use crate::{step::Engine, aws}; // crate::host\nlet x = crate::cli::run(\"crate::report\");\n#[cfg(test)]\nmod tests { use crate::sandbox; }",
    );
    assert_eq!(rooms_named(&code), ["aws", "cli", "step"].map(String::from).into());
    // Only the test module is left out, not what stands behind another item for tests.
    let code = code_of("#[cfg(test)]\nfn f() {}\nuse crate::policy;\n#[cfg(test)]\nmod tests { use crate::sandbox; }");
    assert_eq!(rooms_named(&code), ["policy"].map(String::from).into());
}

fn check_rooms(room: &str, file: &str, code: &str, wrong: &mut Vec<String>) {
    let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        wrong.push(format!("{file}: the room `{room}` is not in the table"));
        return;
    };
    for named in rooms_named(code) {
        let known = ROOMS.iter().any(|(name, _)| *name == named);
        if known && named != room && !allowed.contains(&named.as_str()) {
            wrong.push(format!("{file}: `{room}` names `{named}`"));
        }
    }
}

fn check_reserved(room: &str, file: &str, code: &str, wrong: &mut Vec<String>) {
    for (piece, rooms) in RESERVED {
        if !rooms.contains(&room) && mentions(code, piece) {
            wrong.push(format!("{file}: `{piece}` belongs to {}", rooms.join(", ")));
        }
    }
    for piece in IMPURE.iter().filter(|_| PURE.contains(&room)) {
        if mentions(code, piece) {
            wrong.push(format!("{file}: `{room}` is pure and names `{piece}`"));
        }
    }
}

/// Whether the piece occurs at the start of a word.
fn mentions(code: &str, piece: &str) -> bool {
    code.match_indices(piece).any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// The first names behind `crate::` (or `runner::` in main), also inside `crate::{…}`.
fn rooms_named(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for start in ["crate::", "runner::"] {
        for (at, _) in code.match_indices(start) {
            let rest = &code[at + start.len()..];
            match rest.strip_prefix('{') {
                Some(group) => rooms.extend(names_in_group(group)),
                None => rooms.extend([first_word(rest)]),
            }
        }
    }
    rooms
}

fn names_in_group(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut names = Vec::new();
    let mut expecting = true;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => expecting = true,
            c if expecting && c.is_alphabetic() => {
                names.push(first_word(&group[at..]));
                expecting = false;
            }
            _ => {}
        }
    }
    names
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The code without comments, string literals and the test module at its end.
fn code_of(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    text.lines().map(|line| without_strings(line.split("//").next().unwrap_or_default()) + "\n").collect()
}

fn without_strings(line: &str) -> String {
    line.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

fn room_of(root: &Path, file: &Path) -> String {
    let first = file.strip_prefix(root).unwrap().components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_string()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("tests") {
                files.extend(rust_files(&path));
            }
        } else if path.extension().is_some_and(|e| e == "rs")
            && !path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("tests"))
        {
            files.push(path);
        }
    }
    files
}
