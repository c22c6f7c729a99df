//! The engine as the rest of the house sees it.

use super::error::StepError;
use super::recap::{Recap, Tally};
use super::shared::Shared;
use crate::error::{Error, Kind, Place};
use crate::event::{AccountLabel, Event, Sink, Status, StepProblem};
use crate::step::decide::Claimed;
use crate::step::failure::{Failure, FailureClass, Onward};
use crate::step::journal::{Entry, Journal, RunStatus, RunView, StepEnd, WriteError};
use crate::step::key::StepKey;
use crate::step::lease::Lease;
use crate::step::operation::{Catalog, Operation};
use crate::step::retry::Retry;
use crate::step::waiting::{Drain, Waiter};
use crate::time::{Stop, Time};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Asks a person. Called on the branch's thread, which waits for the answer.
pub trait Ask: Send + Sync {
    /// May this be taken away? `--yes` answers it; without it, nobody at a terminal means no.
    fn confirm(&self, question: &str) -> bool;
    /// Only a person can know this; `--yes` is no answer, and nobody at a terminal means no.
    fn decide(&self, question: &str) -> bool;
    /// Whether there is anybody to decide.
    fn is_attended(&self) -> bool {
        false
    }
}

/// By step, whether to go on with it although this run has created something with other arguments.
pub type Answers = BTreeMap<StepKey, bool>;

/// The command by which a user goes on with a run; none if it cannot be continued.
pub type Continue = Arc<dyn Fn(&str, Onward<'_>) -> Option<String> + Send + Sync>;

/// What the engine works with.
#[derive(Clone)]
pub struct Ports {
    pub time: Time,
    pub journal: Journal,
    pub sink: Sink,
    pub ask: Arc<dyn Ask>,
    pub catalog: Arc<dyn Catalog>,
    pub ready: Ready,
    pub resume: Continue,
    /// None where nobody else can change what this run changes.
    pub lease: Option<Arc<dyn Lease>>,
}

/// Told the run's id when nothing speaks against it any more, before anything is written or sent; an error means that nothing is begun.
pub type Ready = Arc<dyn Fn(&str) -> Result<(), Error> + Send + Sync>;

/// Where in the script a step is called, and under what.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub place: Place,
    pub scope: Vec<String>,
    /// The script's `id:`.
    pub id: Option<String>,
}

/// Performs the steps of one run. Clones share it.
#[derive(Clone)]
pub struct Engine {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Claim {
    pub(super) claimed: Claimed,
    pub(super) result: Arc<Shared<Result<Value, StepError>>>,
}

pub(super) struct Inner {
    pub(super) ports: Ports,
    pub(super) run: String,
    /// What earlier processes of this run left.
    pub(super) view: RunView,
    /// Steps whose open changes could not be settled at the start of a resume, each with its question.
    pub(super) unsettled: BTreeMap<StepKey, Failure>,
    /// Steps that had an open change when this process began: what has been read since may be older than what was found out of them.
    pub(super) unsure: BTreeSet<StepKey>,
    /// Steps that this resume is not to try again, each with how it ended.
    pub(super) held: BTreeMap<StepKey, StepEnd>,
    /// What a person has answered up front, by step: whether to go on although this run created it with other arguments.
    pub(super) answers: Answers,
    /// The run whose resume this play on a copy is to foretell.
    pub(super) surveyed: Option<RunView>,
    pub(super) claims: Mutex<HashMap<StepKey, Claim>>,
    /// How often each read was made: account, primitive, hash of the arguments.
    pub(super) reads: Mutex<HashMap<(String, String, String), u32>>,
    pub(super) tally: Mutex<Tally>,
    pub(super) drain: Arc<Drain>,
    /// When this process took the run up: what earlier ones sent has left by then.
    pub(super) began: jiff::Timestamp,
}

impl Engine {
    pub(super) fn over(inner: Inner) -> Engine {
        Engine { inner: Arc::new(inner) }
    }

    /// Performs one step, on the calling branch's thread.
    pub fn perform(&self, operation: Arc<dyn Operation>, call: Call) -> Result<Value, StepError> {
        let key = StepKey { id: call.id.clone(), ..operation.key().clone() };
        let _at_work = self.inner.waiter(&key, &operation.account()).at_work();
        let performed = self.inner.ports.time.block_on(self.inner.perform(operation, key, call));
        match (performed.unwrap_or_else(|stop| Err(stop.into())), self.inner.ports.journal.broken()) {
            // It was not a person who stopped it.
            (Err(StepError::Stopped(Stop::Cancel)), Some(reason)) => Err(StepError::Journal(reason)),
            (performed, _) => performed,
        }
    }

    /// A script caught the failure of this step, so it does not fail the run.
    pub fn caught(&self, key: &StepKey) -> Result<(), StepError> {
        self.inner.write(&Entry::Caught { key: key.clone() })?;
        self.inner.tally().caught(key);
        self.inner.emit(&Event::StepCaught { key: key.to_string() });
        Ok(())
    }

    /// A branch failed so, and the script goes on without it.
    pub fn tolerated(&self, label: &str, message: &str, scope: &[String]) -> Result<(), StepError> {
        let text = format!("tolerated: branch `{label}` failed: {message}");
        self.inner.write(&Entry::Log { text, scope: scope.to_vec() })?;
        self.inner.tally().tolerated(label);
        self.inner.emit(&Event::Tolerated { label: label.to_owned(), message: message.to_owned(), scope: scope.to_vec() });
        Ok(())
    }

    /// Shows what is not written down.
    pub fn tell(&self, event: &Event) {
        self.inner.emit(event);
    }

    pub fn log(&self, text: &str, scope: &[String]) -> Result<(), StepError> {
        self.inner.write(&Entry::Log { text: text.to_owned(), scope: scope.to_vec() })?;
        self.inner.emit(&Event::Log { text: text.to_owned(), scope: scope.to_vec() });
        Ok(())
    }

    pub fn output(&self, name: &str, value: &Value) -> Result<(), StepError> {
        self.inner.write(&Entry::Output { name: name.to_owned(), value: value.clone() })?;
        self.inner.emit(&Event::Output { name: name.to_owned(), value: value.clone() });
        Ok(())
    }

    /// Ctrl-C: no new change is begun and waits end; calls under way are finished and written down.
    pub fn drain(&self) {
        // Told last: whoever listens may take its time (a question at the terminal).
        if self.inner.drain.begin() {
            self.inner.emit(&Event::Draining);
        }
    }

    /// A failure outside of a step with its ways on as commands; `label` is the innermost around it.
    #[must_use]
    pub fn completed(&self, failure: Failure, place: Option<&Place>, label: Option<&str>) -> Failure {
        self.inner.completed(failure, None, place, label)
    }

    /// The run's id: what `runner resume` takes.
    #[must_use]
    pub fn run(&self) -> &str {
        &self.inner.run
    }

    /// The keys of the steps this process has begun or replayed, reads apart.
    #[must_use]
    pub fn reached(&self) -> Vec<StepKey> {
        self.inner.claims().keys().cloned().collect()
    }

    /// How many different steps this process has begun, reads apart.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.inner.claims().len()
    }

    /// Labels of branches and scopes that are to be left out.
    #[must_use]
    pub fn without(&self) -> &[String] {
        &self.inner.view.start.selection.without
    }

    /// Whether the branch or scope of this label is left out; if so, the recap says it.
    #[must_use]
    pub fn leaves_out(&self, label: &str) -> bool {
        let leaves_out = self.without().iter().any(|without| without == label);
        if leaves_out {
            self.inner.tally().left_out(label);
        }
        leaves_out
    }

    #[must_use]
    pub fn time(&self) -> &Time {
        &self.inner.ports.time
    }

    /// Ends the run: `ended` is the kind of the error the script ended with, if it did.
    pub fn finish(&self, ended: Option<Kind>) -> Result<Recap, Error> {
        let inner = &self.inner;
        if ended.is_none() {
            let claims = inner.claims();
            let keys: Vec<String> = inner.view.unreached(|key| claims.contains_key(key)).map(ToString::to_string).collect();
            drop(claims);
            if !keys.is_empty() {
                inner.emit(&Event::NoLongerReached { keys });
            }
        }
        let total = inner.tally().total();
        let status = match ended {
            None if total.paused > 0 => RunStatus::Paused,
            None if total.failed > 0 => RunStatus::Failed,
            None => RunStatus::Done,
            Some(Kind::Paused) => RunStatus::Paused,
            Some(Kind::Interrupted) => RunStatus::Interrupted,
            Some(_) => RunStatus::Failed,
        };
        inner.write(&Entry::RunFinished { status }).map_err(|error| error.to_error())?;
        Ok(self.recap(status))
    }

    /// What has been done so far, for a run that ends so.
    #[must_use]
    pub fn recap(&self, status: RunStatus) -> Recap {
        self.inner.tally().recap(&self.inner.run, status)
    }
}

impl Inner {
    pub(super) fn new(ports: Ports, run: String, view: RunView) -> Inner {
        Inner {
            began: ports.time.now(),
            ports,
            run,
            view,
            unsettled: BTreeMap::new(),
            unsure: BTreeSet::new(),
            held: BTreeMap::new(),
            answers: Answers::new(),
            surveyed: None,
            claims: Mutex::default(),
            reads: Mutex::default(),
            tally: Mutex::default(),
            drain: Arc::default(),
        }
    }

    pub(super) fn emit(&self, event: &Event) {
        (self.ports.sink)(event);
    }

    pub(super) fn write(&self, entry: &Entry) -> Result<(), StepError> {
        let written = self.ports.journal.append(&self.ports.time, &self.run, entry);
        if let Err(WriteError::Failed(_)) = written {
            // What other branches have under way could not be written down either: nothing of it leaves any more.
            self.drain.begin();
        }
        Ok(written?)
    }

    pub(super) fn claims(&self) -> MutexGuard<'_, HashMap<StepKey, Claim>> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An error once nothing new may begin.
    pub(super) fn going_on(&self) -> Result<(), Stop> {
        if self.drain.has_begun() { Err(Stop::Cancel) } else { self.ports.time.alive() }
    }

    /// The waits of a step.
    pub(super) fn waiter(&self, key: &StepKey, account: &AccountLabel) -> Waiter {
        let Ports { time, sink, .. } = &self.ports;
        let (time, sink, drain) = (time.clone(), Arc::clone(sink), Arc::clone(&self.drain));
        Waiter { time, sink, drain, key: key.to_string(), account: account.clone() }
    }

    /// Waits, told to the user; ends early when the run is drained. A wait of nothing only asks whether it is.
    pub(super) async fn wait(&self, key: &StepKey, account: &AccountLabel, duration: Duration, reason: &str) -> Result<(), Stop> {
        self.waiter(key, account).sleep(duration, reason).await
    }

    /// Waits before another attempt after this failure; gives it back, with what was tried, when there is to be none.
    pub(super) async fn again(
        &self,
        retry: &mut Retry,
        key: &StepKey,
        account: &AccountLabel,
        mut failure: Failure,
    ) -> Result<Option<Failure>, StepError> {
        if let Some(wait) = retry.next(failure.class, self.ports.time.draw("retry")) {
            self.wait(key, account, wait, &format!("{}: {}", failure.code, failure.message)).await?;
            return Ok(None);
        }
        let tried = !matches!(failure.class, FailureClass::NeedsYou | FailureClass::Fatal | FailureClass::Stopped);
        if let (true, Some(tried)) = (tried, retry.told()) {
            failure.message = format!("{} ({tried})", failure.message);
        }
        if matches!(failure.class, FailureClass::NotYet(_)) {
            failure.class = FailureClass::Fatal;
        }
        Ok(Some(failure))
    }

    /// The failure with its ways on as commands.
    pub(super) fn completed(&self, failure: Failure, key: Option<&StepKey>, place: Option<&Place>, label: Option<&str>) -> Failure {
        failure.completed(key, place, label, |onward| (self.ports.resume)(&self.run, onward))
    }
}

/// A failure as it is shown and written down.
pub(super) fn problem(failure: &Failure) -> StepProblem {
    let mut hints = failure.hints.clone();
    if let Some(request) = &failure.request_id {
        hints.push(format!("AWS request id {request}"));
    }
    StepProblem { code: failure.code.clone(), message: failure.message.clone(), hints }
}

/// How a step that cannot go on because of this failure ends.
pub(super) fn status_of(failure: &Failure) -> Status {
    match failure.class {
        FailureClass::Fatal => Status::Failed,
        // AWS did not answer well often enough, or a person is needed: a resume may get on.
        _ => Status::Paused,
    }
}
