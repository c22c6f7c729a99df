//! `runner list`

use super::context::Context;
use crate::error::Error;
use crate::host::{self, Description, Playbook};
use crate::project::Project;
use crate::report::{FORMAT, plain};
use serde_json::json;
use std::fmt::Write;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Folders of a project that hold playbooks.
const FOLDERS: [&str; 3] = ["", "playbooks", "examples"];

/// List the playbooks of this project with what they say of themselves and their parameters
#[derive(Debug, clap::Args)]
#[command(before_help = "Examples:\n  runner list\n  runner list --output json\n")]
pub(super) struct Args {}

pub(super) fn run(_: &Args, context: &Context) -> Result<u8, Error> {
    let project = context.project()?;
    let mut documents = Vec::new();
    let mut text = String::new();
    for name in playbooks(&project)? {
        match Playbook::load(&project.root.join(&name)).map(|playbook| host::describe(&playbook)) {
            Ok(description) => {
                text += &entry(&name, &description);
                documents.push(
                    json!({"playbook": name, "title": description.title, "doc": description.doc, "parameters": description.parameters}),
                );
            }
            Err(error) => {
                let _ = writeln!(text, "{}\n    cannot be read: {}; see `runner check {0}`", plain(&name), plain(&error.message));
                documents.push(json!({"playbook": name, "error": error.json()}));
            }
        }
    }
    if text.is_empty() {
        "no playbooks here; a playbook is a `.rhai` file beside runner.toml or in `playbooks`\n".clone_into(&mut text);
    }
    context.result(&json!({"type": "playbooks", "format": FORMAT, "playbooks": documents}), || text)
}

fn entry(name: &str, description: &Description) -> String {
    let mut out = format!("{}\n", plain(name));
    if let Some(title) = &description.title {
        let _ = writeln!(out, "    {}", plain(title));
    }
    for parameter in &description.parameters {
        let kind = json!(parameter.kind);
        let default = match &parameter.value {
            None => "must be given".to_owned(),
            Some(value) => format!("else {value}"),
        };
        let help = parameter.help.as_deref().map(|help| format!("   {}", plain(help))).unwrap_or_default();
        let _ = writeln!(out, "    -p {}=…   {}, {}{help}", plain(&parameter.name), kind.as_str().unwrap_or_default(), plain(&default));
    }
    out
}

/// The names of the project's playbooks, sorted, relative to its root.
pub(super) fn playbooks(project: &Project) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        let path = project.root.join(folder);
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entries => entries.map_err(|error| unreadable(&path, error))?,
        };
        for entry in entries {
            let file = PathBuf::from(folder).join(entry.map_err(|error| unreadable(&path, error))?.file_name());
            if file.extension().is_some_and(|extension| extension == "rhai") {
                found.push(file.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    Error::failed("unreadable-folder", format!("cannot list `{}`", path.display()))
        .cause(error)
        .hint("make it readable, or give another with -C")
}
