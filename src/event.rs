//! What happens in a run, as values. The engine emits them, `report` renders them.

use crate::error::Place;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing had to be changed.
    Ok,
    Changed,
    /// Taken from the journal of the resumed run, without a call.
    Replayed,
    Failed,
    Paused,
}

/// The account a step works in: what the recap and the lanes are sorted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
pub struct AccountLabel {
    pub id: String,
    /// The account's name where it is known, else its id; `management` for the target's own.
    pub name: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Event {
    /// The first event of a run.
    Run {
        run: String,
        playbook: String,
        target: String,
        account: String,
        resumed: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// What a resume finds of its run: steps by how they ended, and changes whose outcome is not known.
    Found {
        finished: usize,
        failed: usize,
        paused: usize,
        open: usize,
        /// Only steps that ended so are tried again.
        only: Option<Status>,
        /// Labels of branches and scopes that are left out.
        without: Vec<String>,
    },
    /// What a resume will meet, before anything is done.
    Survey(Survey),
    StepStarted {
        key: String,
        account: AccountLabel,
        scope: Vec<String>,
        label: String,
    },
    /// A step waits: for a retry, for an account to come up, for a slot.
    StepWaiting {
        key: String,
        account: AccountLabel,
        reason: String,
        seconds: f64,
    },
    StepFinished {
        key: String,
        account: AccountLabel,
        scope: Vec<String>,
        /// What a person reads: `create_role allow-admin`.
        label: String,
        status: Status,
        /// One line for each change made: `CreateRole`, `PutGroupPolicy: Statement[0].Resource …`.
        changes: Vec<String>,
        error: Option<StepProblem>,
        place: Option<Place>,
        #[serde(skip)]
        took: Duration,
    },
    /// A script caught the failure of this step, so it does not fail the run.
    StepCaught {
        key: String,
    },
    Log {
        text: String,
        scope: Vec<String>,
    },
    Output {
        name: String,
        value: serde_json::Value,
    },
    /// Something on an object of the playbook that the playbook did not name.
    FoundBeside {
        account: AccountLabel,
        /// `user`, `group` or `role`, and its name.
        on: String,
        name: String,
        /// `managed-policy`, `inline-policy` or `member`.
        extra: &'static str,
        /// ARN or name of the policy, or the user.
        value: String,
    },
    /// A branch failed that the script tolerates.
    Tolerated {
        label: String,
        message: String,
        scope: Vec<String>,
    },
    /// Steps of the resumed run that the script did not reach again.
    NoLongerReached {
        keys: Vec<String>,
    },
    /// `run drained because of Ctrl-C`
    Draining,
    /// Rehearsals only: a call met a fault.
    Fault {
        /// `iam:CreateRole`
        call: String,
        account: String,
        fault: &'static str,
    },
    /// Rehearsals only: the process has ended before the run was done, and the next one begins after so many seconds.
    Died {
        /// `crash`, or how the run stands: `paused`, `failed`.
        how: &'static str,
        seconds: f64,
    },
}

/// The steps of a playbook held against those of the run it goes on with.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Survey {
    pub run: String,
    /// How many were finished with the same arguments: they are replayed without a call.
    pub replayed: usize,
    /// In the run with other arguments.
    pub changed: Vec<Surveyed>,
    /// A change of it was sent, and its outcome is not known: that is found out first.
    pub open: Vec<Surveyed>,
    /// In the run with the same arguments, and not finished.
    pub again: Vec<Surveyed>,
    pub new: Vec<Surveyed>,
    /// In the run, with something done, and not in the playbook any more. Known only of a playbook that could be played to its end.
    pub no_longer_reached: Vec<Surveyed>,
    /// What ended the play on the copy early: nothing is known of what lies behind.
    pub ended_by: Option<String>,
}

/// One step of a survey.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Surveyed {
    pub key: String,
    pub label: String,
    pub account: AccountLabel,
    /// In the playbook; of a step that it no longer has, in what was played before.
    pub place: Option<Place>,
    /// Of the arguments: `email: "a@x.org" -> "b@x.org"`. Empty when they are the same.
    pub difference: String,
}

/// Why a step failed or was paused.
#[derive(Clone, Debug, PartialEq, Serialize, serde::Deserialize)]
pub struct StepProblem {
    pub code: String,
    pub message: String,
    pub hints: Vec<String>,
}

/// One attempt of one call to AWS, as the debug log tells it: never its arguments.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub account: &'a str,
    /// IAM's name of it: `iam:CreateRole`.
    pub action: &'a str,
    /// `ok`, AWS's error code, or `no-answer`.
    pub code: &'a str,
    pub took: Duration,
    pub request_id: Option<&'a str>,
}

/// Where calls go.
pub type CallSink = Arc<dyn Fn(&Call<'_>) + Send + Sync>;

/// Where events go. Called from every branch, so it must not block for long.
pub type Sink = Arc<dyn Fn(&Event) + Send + Sync>;
