//! What the journal writes down. Nothing in here may hold a credential.

use crate::error::Place;
use crate::event::{AccountLabel, Status, StepProblem};
use crate::step::key::StepKey;
use crate::step::operation::Change;
use crate::step::resolve::Resolution;
use crate::step::selection::Selection;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a run is started from; stored whole, so that a run can be understood and resumed later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStart {
    /// Path of the playbook, relative to the project.
    pub playbook: String,
    pub text: String,
    /// Imported modules: path to text.
    pub modules: BTreeMap<String, String>,
    pub parameters: Value,
    pub tool_version: String,
    pub target: String,
    /// The account the target is pinned to, or was found to be.
    pub account: String,
    pub environment: Option<String>,
    /// Of a resume: what it was told to try and to leave out.
    #[serde(default, skip_serializing_if = "Selection::is_whole")]
    pub selection: Selection,
    /// Why it is played, in the words of who plays it. Journals from before it was asked for have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// No end was written: it is under way, or its process died.
    Running,
    Done,
    Failed,
    Paused,
    /// Ctrl-C.
    Interrupted,
    /// A later `play --fresh` took its place.
    Superseded,
}

impl RunStatus {
    /// Nothing of it can be resumed.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, RunStatus::Done | RunStatus::Superseded)
    }
}

/// Written, durably, before a mutating call leaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    pub key: StepKey,
    /// Counts the changes of this step in this run, from 1.
    pub number: u32,
    pub label: String,
    pub account: AccountLabel,
    pub input_hash: String,
    pub input: Value,
    /// How the session is reached, so that the operation can be built again.
    pub session: Value,
    pub change: Change,
}

/// What became of an intent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Outcome {
    /// It took effect.
    Ok,
    /// AWS said no.
    Failed { problem: StepProblem },
    /// Not known: the intent stays open until it is settled.
    Unknown { problem: StepProblem },
    /// No lookup can tell: the intent stays open with this question, which a person may answer (`runner resolve`).
    Undecided { problem: StepProblem },
    /// Found out later: it had taken effect.
    Happened,
    /// Found out later: it had not, and no longer can; or what it made is of no use, and is taken away by a change of its own.
    NotHappened,
}

/// A step that was worked on and came to an end (`failed` and `paused` ones may be tried again by a resume).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepEnd {
    pub key: StepKey,
    pub label: String,
    pub account: AccountLabel,
    pub scope: Vec<String>,
    pub place: Place,
    pub input_hash: String,
    pub input: Value,
    pub status: Status,
    /// What the script got; `Null` unless it ended well.
    pub output: Value,
    /// One line per change made.
    pub changes: Vec<String>,
    pub problem: Option<StepProblem>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Entry {
    RunStarted(RunStart),
    /// The same run again, perhaps from an edited playbook.
    RunResumed(RunStart),
    Intent(Intent),
    /// AWS's own name for a call under way (`car-…`).
    Handle {
        key: StepKey,
        number: u32,
        handle: Value,
    },
    Outcome {
        key: StepKey,
        number: u32,
        outcome: Outcome,
    },
    /// What a person decided about a change that no lookup could tell of; counts for the next resume.
    Resolved {
        key: StepKey,
        number: u32,
        resolution: Resolution,
    },
    StepEnded(StepEnd),
    /// A script caught the failure of this step.
    Caught {
        key: StepKey,
    },
    Read {
        account: String,
        primitive: String,
        arguments_hash: String,
        occurrence: u32,
        output: Value,
    },
    Log {
        text: String,
        scope: Vec<String>,
    },
    Output {
        name: String,
        value: Value,
    },
    RunFinished {
        status: RunStatus,
    },
    /// Runs were taken out, and the chain begins anew. Of no run; stands before all that is of one.
    Pruned {
        /// Hash of the last row of the chain before, and how many rows it had.
        head: String,
        entries: i64,
        runs: Vec<PrunedRun>,
    },
}

/// What is left of a run that was taken out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrunedRun {
    pub run: String,
    pub playbook: String,
    pub status: RunStatus,
    pub started: jiff::Timestamp,
}

impl Entry {
    /// The word stored beside the body, for queries.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Entry::RunStarted(_) => "run-started",
            Entry::RunResumed(_) => "run-resumed",
            Entry::Intent(_) => "intent",
            Entry::Handle { .. } => "handle",
            Entry::Outcome { .. } => "outcome",
            Entry::Resolved { .. } => "resolved",
            Entry::StepEnded(_) => "step-ended",
            Entry::Caught { .. } => "caught",
            Entry::Read { .. } => "read",
            Entry::Log { .. } => "log",
            Entry::Output { .. } => "output",
            Entry::RunFinished { .. } => "run-finished",
            Entry::Pruned { .. } => "pruned",
        }
    }
}

/// An entry as it stands in the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// From 1, without gaps, over all runs of the file.
    pub seq: i64,
    pub run: String,
    pub at: jiff::Timestamp,
    pub entry: Entry,
}
