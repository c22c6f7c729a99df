//! What went wrong, as a value: kind (which decides the exit code), code, message, place in the script, causes and hints. Every code has a
//! page that explains it.

mod page;

pub use page::{Page, page, pages};

use std::borrow::Cow;
use std::fmt;

/// A spot in a playbook or module. Lines and columns count from 1; columns count characters, as Rhai does.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Place {
    pub file: String,
    pub line: usize,
    pub column: usize,
    /// The text of that line, so that a caret can be drawn; not part of what is written to JSON.
    #[serde(skip)]
    pub source_line: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// What sort of end this is; each has one exit code (the table in `docs/usage.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A script, its input or a step failed: 1.
    Failed,
    /// The user said no: 3.
    Declined,
    /// Credentials are missing, expired or of another account: 4.
    Credentials,
    /// Paused; the run can be resumed: 6.
    Paused,
    /// Another runner holds the target: 7.
    Locked,
    /// Command line, parameter or target: 64.
    Usage,
    /// Ctrl-C: 130.
    Interrupted,
}

impl Kind {
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Declined => 3,
            Kind::Credentials => 4,
            Kind::Paused => 6,
            Kind::Locked => 7,
            Kind::Usage => 64,
            Kind::Interrupted => 130,
        }
    }
}

/// An error as a user meets it. `code` is a stable kebab-case word (`email-taken`), or AWS's own code (`EntityAlreadyExists`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub kind: Kind,
    pub code: Cow<'static, str>,
    pub message: String,
    pub place: Option<Place>,
    /// Frames between the place and the cause, outermost first (`called from multi-account.rhai:10:12`).
    pub trace: Vec<Place>,
    pub causes: Vec<String>,
    pub hints: Vec<String>,
}

impl Error {
    #[must_use]
    pub fn new(kind: Kind, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Error {
        Error { kind, code: code.into(), message: message.into(), place: None, trace: Vec::new(), causes: Vec::new(), hints: Vec::new() }
    }

    #[must_use]
    pub fn usage(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Error {
        Error::new(Kind::Usage, code, message)
    }

    #[must_use]
    pub fn failed(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Error {
        Error::new(Kind::Failed, code, message)
    }

    #[must_use]
    pub fn at(mut self, place: Place) -> Error {
        self.place.get_or_insert(place);
        self
    }

    #[must_use]
    pub fn cause(mut self, cause: impl fmt::Display) -> Error {
        self.causes.push(cause.to_string());
        self
    }

    /// The next thing to do, as a sentence or a command to type.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Error {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code, self.message)
    }
}

impl std::error::Error for Error {}
