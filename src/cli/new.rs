//! `runner new NAME`

use super::context::Context;
use crate::error::Error;
use crate::project::{FILE, Project};
use crate::report::{FORMAT, plain, shell_word};
use serde_json::json;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

const RUNNER_TOML: &str = include_str!("../../templates/runner.toml");

/// A playbook to begin from; with the parameters of the template's `runner.toml` each plays on a fresh sandbox.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Template {
    /// An organisation and nothing else yet
    Empty,
    /// One account, with a group that may look
    OneAccount,
    /// Five accounts: people in one of them, roles in the others
    MultiAccount,
}

impl Template {
    fn text(self) -> &'static str {
        match self {
            Template::Empty => include_str!("../../templates/empty.rhai"),
            Template::OneAccount => include_str!("../../templates/one-account.rhai"),
            Template::MultiAccount => include_str!("../../playbooks/multi-account.rhai"),
        }
    }
}

/// Make a folder with a playbook and a runner.toml to begin from
#[derive(Debug, clap::Args)]
#[command(before_help = "Examples:\n  runner new base\n  runner new company --template multi-account\n")]
pub(super) struct Args {
    /// The folder, which is made; its last part names the playbook
    name: PathBuf,

    /// What the playbook begins as
    #[arg(long, value_name = "TEMPLATE", env = "RUNNER_TEMPLATE", default_value = "empty")]
    template: Template,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8, Error> {
    let folder = Project::folder(context.globals.dir.as_deref())?.join(&args.name);
    let Some(name) = folder.file_name().map(|name| name.to_string_lossy().into_owned()) else {
        return Err(Error::usage("bad-name", format!("`{}` cannot name a folder", args.name.display())).hint("give a name, like `base`"));
    };
    let playbook = format!("{name}.rhai");
    let files = [(FILE, RUNNER_TOML), (playbook.as_str(), args.template.text())];
    // Looked at before the first is written, so that nothing is left half made.
    for (file, _) in files {
        if folder.join(file).exists() {
            return Err(taken(&folder.join(file)));
        }
    }
    fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, error))?;
    for (file, text) in files {
        write_new(&folder.join(file), text)?;
    }
    let document = json!({"type": "new", "format": FORMAT, "folder": args.name, "files": files.map(|(file, _)| file)});
    context.result(&document, || next(&args.name, &playbook))
}

fn next(folder: &Path, playbook: &str) -> String {
    let (folder, playbook) = (folder.display().to_string(), shell_word(playbook));
    let mut out = String::new();
    let _ = writeln!(out, "made {} with {FILE} and {}\n\nnext:", plain(&folder), plain(&playbook));
    let _ = writeln!(out, "  cd {}\n  runner check {playbook}\n  runner play {playbook}", shell_word(&folder));
    out
}

/// Never over a file that is there, even one that has come in between.
fn write_new(path: &Path, text: &str) -> Result<(), Error> {
    let written = OpenOptions::new().write(true).create_new(true).open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| if error.kind() == ErrorKind::AlreadyExists { taken(path) } else { unwritable(path, error) })
}

fn taken(path: &Path) -> Error {
    Error::usage("file-exists", format!("`{}` is there already; nothing is written over", path.display())).hint("give another name")
}

fn unwritable(path: &Path, error: io::Error) -> Error {
    Error::failed("unwritable-folder", format!("cannot write `{}`", path.display())).cause(error).hint("give a place you may write to")
}
