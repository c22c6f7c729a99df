//! Why a step gives the script no value.

use crate::error::{Error, Kind, Place};
use crate::event::AccountLabel;
use crate::step::failure::Failure;
use crate::step::journal::WriteError;
use crate::step::key::StepKey;
use crate::time::Stop;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepError {
    /// Catchable in a script.
    Failed { key: StepKey, account: AccountLabel, failure: Box<Failure> },
    /// The same key was asked for with another input in this run. Not catchable: the script is wrong.
    Conflict { key: StepKey, first: Place, second: Place },
    /// A person has to decide or supply something. Not catchable; ends the branch.
    Paused { key: StepKey, account: AccountLabel, failure: Box<Failure> },
    /// Ctrl-C, or the end of simulated time. Not catchable.
    Stopped(Stop),
    /// The journal cannot be written: nothing that changes AWS is sent any more. Not catchable.
    Journal(String),
    /// Nothing may be changed: the lease is not to be had. Not catchable.
    NoLease(Box<Error>),
}

impl From<WriteError> for StepError {
    fn from(error: WriteError) -> StepError {
        match error {
            WriteError::Stopped(stop) => StepError::Stopped(stop),
            WriteError::Failed(message) => StepError::Journal(message),
        }
    }
}

impl From<Stop> for StepError {
    fn from(stop: Stop) -> StepError {
        StepError::Stopped(stop)
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StepError::Failed { key, failure, .. } => write!(f, "{key}: {}: {}", failure.code, failure.message),
            StepError::Conflict { key, first, second } => {
                write!(f, "`{key}` is asked for twice with different arguments, at {first} and at {second}")
            }
            StepError::Paused { key, failure, .. } => write!(f, "{key} is paused: {}: {}", failure.code, failure.message),
            StepError::Stopped(Stop::Cancel) => f.write_str("the run is being stopped"),
            StepError::Stopped(Stop::Crash) => f.write_str("the simulated process died"),
            StepError::Stopped(Stop::Deadlock(branches)) => {
                write!(f, "every branch waits for another one: {}; this is a bug of runner", branches.join(", "))
            }
            StepError::Journal(message) => {
                write!(f, "the journal cannot be written, so nothing more is sent to AWS: {message}")
            }
            StepError::NoLease(error) => f.write_str(&error.message),
        }
    }
}

impl std::error::Error for StepError {}

impl StepError {
    /// As people meet it. The place is the caller's to add.
    #[must_use]
    pub fn to_error(&self) -> Error {
        match self {
            StepError::Failed { key, account, failure } | StepError::Paused { key, account, failure } => {
                let what = format!("{} {}", key.primitive, key.identity);
                let message = format!("`{}` in `{}`: {}", what.trim_end(), account.name, failure.message);
                let kind = if matches!(self, StepError::Paused { .. }) { Kind::Paused } else { Kind::Failed };
                let mut error = Error::new(kind, failure.code.clone(), message);
                if let Some(request) = &failure.request_id {
                    error = error.cause(format!("AWS request id {request}"));
                }
                failure.hints.iter().fold(error, Error::hint)
            }
            StepError::Conflict { second, .. } => Error::failed("step-conflict", self.to_string())
                .at(second.clone())
                .hint("give both the same arguments, or tell them apart with `id:`"),
            StepError::Stopped(Stop::Cancel) => Error::new(Kind::Interrupted, "interrupted", self.to_string()),
            StepError::Stopped(_) => Error::failed("stopped", self.to_string()),
            StepError::Journal(_) => Error::failed("journal-write", self.to_string())
                .hint("make room or mend the disk, then continue the run with `runner resume`"),
            StepError::NoLease(error) => (**error).clone(),
        }
    }
}
