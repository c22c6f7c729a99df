//! What can go wrong with one AWS call, classified once (in `aws`) so that the engine needs no error names.

use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureClass {
    /// AWS certainly did nothing; the same call may be sent again. `throttled` attempts are counted apart.
    Retry { throttled: bool },
    /// AWS certainly did nothing and is busy with something that takes its time (five creations in progress): wait, then try again.
    RetryAfter(Duration),
    /// The call may or may not have taken effect: a lost reply, a timeout, a 5xx, an answer that cannot be read.
    Unknown,
    /// A person has to decide or supply something; the step is paused with this question, independent branches go on.
    NeedsYou,
    /// A definite no.
    Fatal,
    /// The run is being stopped, and a wait was ended by it.
    Stopped,
}

/// `code` is AWS's error code (`EntityAlreadyExists`) or our own kebab-case word (`policy-too-long`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub class: FailureClass,
    pub code: String,
    pub message: String,
    pub request_id: Option<String>,
    /// What to do, as sentences or commands.
    pub hints: Vec<String>,
}

impl Failure {
    #[must_use]
    pub fn new(class: FailureClass, code: impl Into<String>, message: impl Into<String>) -> Failure {
        Failure { class, code: code.into(), message: message.into(), request_id: None, hints: Vec::new() }
    }

    #[must_use]
    pub fn fatal(code: impl Into<String>, message: impl Into<String>) -> Failure {
        Failure::new(FailureClass::Fatal, code, message)
    }

    #[must_use]
    pub fn needs_you(code: impl Into<String>, message: impl Into<String>) -> Failure {
        Failure::new(FailureClass::NeedsYou, code, message)
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hints.push(hint.into());
        self
    }
}
