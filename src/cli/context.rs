//! What every subcommand starts from: the flags, the streams, the project.

use super::args::Globals;
use crate::error::Error;
use crate::project::{Project, Target};
use crate::report::{Output, Paint, Settings, print, print_document, shell_word, table};
use serde_json::Value;
use std::env;
use std::io::{IsTerminal, stderr, stdin, stdout};
use std::path::Path;

pub(super) struct Context {
    pub(super) globals: Globals,
    pub(super) stdout: Paint,
    pub(super) stderr: Paint,
    /// Somebody sits at a terminal and may be asked.
    pub(super) interactive: bool,
}

impl Context {
    pub(super) fn new(globals: Globals) -> Context {
        let variable = |name: &str| env::var(name).ok();
        let paint = |terminal| Paint::choose(globals.color, terminal, variable);
        Context {
            stdout: paint(stdout().is_terminal()),
            stderr: paint(stderr().is_terminal()),
            interactive: !globals.no_input && stdin().is_terminal() && stderr().is_terminal(),
            globals,
        }
    }

    pub(super) fn project(&self) -> Result<Project, Error> {
        Project::find(self.globals.dir.as_deref().unwrap_or(Path::new(".")))
    }

    /// The target named, or the default one.
    pub(super) fn target(&self, project: &Project) -> Result<Target, Error> {
        project.config.target(self.globals.target.as_deref()).cloned()
    }

    /// The flags by which another command finds the same project.
    pub(super) fn here(&self) -> Vec<String> {
        self.globals.dir.iter().flat_map(|dir| ["-C".to_owned(), shell_word(&dir.to_string_lossy())]).collect()
    }

    /// How a run of `target` is reported.
    pub(super) fn report(&self, target: &Target) -> Settings {
        let mut resume_flags = self.here();
        if target.is_aws() && self.globals.yes {
            resume_flags.push("--yes".to_owned());
        }
        Settings {
            output: self.globals.output,
            progress: self.globals.progress,
            verbosity: i8::from(self.globals.verbose) - i8::from(self.globals.quiet),
            stdout: self.stdout,
            stderr: self.stderr,
            stdout_is_terminal: stdout().is_terminal(),
            stderr_is_terminal: stderr().is_terminal(),
            resume_flags,
        }
    }

    /// A result: one JSON document, or the text.
    pub(super) fn result(&self, document: &Value, text: impl FnOnce() -> String) -> Result<u8, Error> {
        match self.globals.output {
            Output::Json => print_document(document)?,
            Output::Text => print(&text())?,
        }
        Ok(0)
    }

    /// As `result`, for rows; without any, `none` is said.
    pub(super) fn rows(&self, document: &Value, header: &[&str], rows: &[Vec<String>], none: &str) -> Result<u8, Error> {
        self.result(document, || if rows.is_empty() { format!("{none}\n") } else { table(header, rows) })
    }
}
