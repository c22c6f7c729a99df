//! One step from call to result.

use super::core::{Call, Claim, Inner, problem, status_of};
use super::error::StepError;
use super::shared::Shared;
use crate::event::{AccountLabel, Event, Status, StepProblem};
use crate::step::decide::{Claimed, Decision, decide};
use crate::step::failure::{Failure, FailureClass, Way};
use crate::step::hash::input_hash;
use crate::step::journal::{Entry, StepEnd, StepView};
use crate::step::key::StepKey;
use crate::step::operation::{Freshness, Operation};
use crate::step::retry::Retry;
use crate::time::Stop;
use serde_json::Value;
use std::sync::{Arc, PoisonError};

/// A step being worked on.
pub(super) struct Step<'e> {
    pub(super) inner: &'e Inner,
    pub(super) operation: Arc<dyn Operation>,
    pub(super) call: Call,
    pub(super) key: StepKey,
    pub(super) account: AccountLabel,
    pub(super) hash: String,
    /// Of the last change intended.
    pub(super) number: u32,
    /// How often what is there had to be looked at anew.
    pub(super) looks: Retry,
    /// How often AWS took what is created blindly, and refused it for a reason that passes.
    pub(super) refusals: u32,
    /// One line per change made.
    pub(super) made: Vec<String>,
    began: jiff::Timestamp,
}

/// Why a step ends without a value: a failure of its own (which may be a question), to be written down, or something from outside.
pub(super) enum End {
    Failure(Failure),
    Outside(StepError),
}

impl<E: Into<StepError>> From<E> for End {
    fn from(error: E) -> End {
        End::Outside(error.into())
    }
}

/// Lets the calls that share a result go on if the one that does the work panics.
struct LostResult<'r> {
    result: &'r Shared<Result<Value, StepError>>,
    key: StepKey,
    account: AccountLabel,
}

impl Drop for LostResult<'_> {
    fn drop(&mut self) {
        let failure = Failure::fatal("result-lost", "the call that performed this step ended without a result");
        let (key, account, failure) = (self.key.clone(), self.account.clone(), Box::new(failure));
        self.result.set(Err(StepError::Failed { key, account, failure }));
    }
}

impl Inner {
    pub(super) async fn perform(&self, operation: Arc<dyn Operation>, key: StepKey, call: Call) -> Result<Value, StepError> {
        self.going_on()?;
        self.ports.time.yield_now().await;
        let hash = input_hash(operation.input());
        let account = operation.account();
        let began = self.ports.time.now();
        let (looks, made) = (Retry::default(), Vec::new());
        let step = Step { inner: self, operation, call, key, account, hash, number: 0, looks, refusals: 0, made, began };
        if step.operation.is_read() { step.read().await } else { step.once().await }
    }

    /// Of a survey: the result that the run has, if it was asked for the same, or if the copy has none.
    fn as_surveyed(&self, key: &StepKey, hash: &str, outcome: Result<Value, StepError>) -> Result<Value, StepError> {
        let finished = self.surveyed.as_ref().and_then(|run| run.steps.get(key)?.finished.as_ref());
        match (finished, &outcome) {
            (Some(finished), Ok(_)) if finished.input_hash == hash => Ok(finished.output.clone()),
            (Some(finished), Err(StepError::Failed { .. } | StepError::Paused { .. })) => Ok(finished.output.clone()),
            _ => outcome,
        }
    }
}

impl Step<'_> {
    /// The first call of a key does the work, the others share its result.
    async fn once(self) -> Result<Value, StepError> {
        let inner = self.inner;
        let nothing = StepView::default();
        let view = inner.view.steps.get(&self.key).unwrap_or(&nothing);
        let (decision, result) = {
            let mut claims = inner.claims();
            let claim = claims.get(&self.key);
            let decision = decide(view, claim.map(|claim| &claim.claimed), inner.held.get(&self.key), &self.hash);
            let result = if let (Decision::Share | Decision::Conflict { .. }, Some(claim)) = (&decision, claim) {
                Arc::clone(&claim.result)
            } else {
                let result = Arc::new(Shared::new());
                let claimed = Claimed { input_hash: self.hash.clone(), place: self.call.place.clone() };
                claims.insert(self.key.clone(), Claim { claimed, result: Arc::clone(&result) });
                result
            };
            (decision, result)
        };
        match decision {
            Decision::Share => result.get().await,
            Decision::Conflict { first } => Err(StepError::Conflict { key: self.key, first, second: self.call.place }),
            decision => {
                let lost = LostResult { result: &result, key: self.key.clone(), account: self.account.clone() };
                let (key, hash) = (self.key.clone(), self.hash.clone());
                let outcome = inner.as_surveyed(&key, &hash, self.work(view, decision).await);
                result.set(outcome.clone());
                drop(lost);
                outcome
            }
        }
    }

    async fn work(mut self, view: &StepView, decision: Decision<'_>) -> Result<Value, StepError> {
        if let Decision::Replay(finished) = decision {
            self.report(Status::Replayed, None);
            return Ok(finished.output.clone());
        }
        if let Decision::Hold(end) = decision {
            return self.hold(end);
        }
        self.number = view.intents;
        let Step { key, account, call, .. } = &self;
        let (key, account, scope) = (key.to_string(), account.clone(), call.scope.clone());
        self.inner.emit(&Event::StepStarted { key, account, scope, label: self.operation.label() });
        let end = match self.converge(view, decision).await {
            Ok(output) => {
                let status = if self.made.is_empty() { Status::Ok } else { Status::Changed };
                self.end(status, output.clone(), None)?;
                return Ok(output);
            }
            Err(end) => end,
        };
        self.fail(end)
    }

    /// Writes down how the step ended without a value.
    fn fail(self, end: End) -> Result<Value, StepError> {
        match end {
            End::Outside(error) => Err(error),
            End::Failure(failure) if failure.class == FailureClass::Stopped => Err(Stop::Cancel.into()),
            End::Failure(mut failure) => {
                let status = status_of(&failure);
                if status == Status::Paused && failure.class != FailureClass::NeedsYou {
                    failure.ways.push(Way::After("try again later".to_owned()));
                }
                let failure =
                    self.inner.completed(failure, Some(&self.key), Some(&self.call.place), self.call.scope.last().map(String::as_str));
                self.end(status, Value::Null, Some(problem(&failure)))?;
                Err(self.ended(status, failure))
            }
        }
    }

    /// Ends as it did before; nothing is written, since nothing was done.
    fn hold(self, end: &StepEnd) -> Result<Value, StepError> {
        let nothing = || StepProblem { code: "not-tried".into(), message: String::new(), hints: vec![] };
        let mut problem = end.problem.clone().unwrap_or_else(nothing);
        problem.hints.push("it was not tried again; leave --only out to try it".to_owned());
        self.report(end.status, Some(problem.clone()));
        let StepProblem { code, message, hints } = problem;
        Err(self.ended(end.status, Failure { hints, ..Failure::fatal(code, message) }))
    }

    fn ended(self, status: Status, failure: Failure) -> StepError {
        let (key, account, failure) = (self.key, self.account, Box::new(failure));
        if status == Status::Paused { StepError::Paused { key, account, failure } } else { StepError::Failed { key, account, failure } }
    }

    /// Reads are written down by occurrence, so that a resumed script sees what it saw before.
    async fn read(self) -> Result<Value, StepError> {
        let StepKey { account, primitive, .. } = self.key.clone();
        let occurrence = {
            let mut reads = self.inner.reads.lock().unwrap_or_else(PoisonError::into_inner);
            let count = reads.entry((account.clone(), primitive.clone(), self.hash.clone())).or_insert(0);
            *count += 1;
            *count
        };
        let occasion = (account.clone(), primitive.clone(), self.hash.clone(), occurrence);
        let surveyed = self.inner.surveyed.as_ref().map(|run| &run.reads);
        if let Some(output) = std::iter::once(&self.inner.view.reads).chain(surveyed).find_map(|reads| reads.get(&occasion)) {
            return Ok(output.clone());
        }
        if let Some(end) = self.inner.held.get(&self.key) {
            return self.hold(end);
        }
        let read = match self.look(Freshness::Snapshot).await {
            Ok(found) => self.operation.output(&found).map_err(End::Failure),
            Err(end) => Err(end),
        };
        match read {
            Ok(output) => {
                let (account, primitive, arguments_hash, occurrence) = occasion;
                self.inner.write(&Entry::Read { account, primitive, arguments_hash, occurrence, output: output.clone() })?;
                Ok(output)
            }
            Err(end) => self.fail(end),
        }
    }

    fn end(&self, status: Status, output: Value, problem: Option<StepProblem>) -> Result<(), StepError> {
        self.inner.write(&Entry::StepEnded(StepEnd {
            key: self.key.clone(),
            label: self.operation.label(),
            account: self.account.clone(),
            scope: self.call.scope.clone(),
            place: self.call.place.clone(),
            input_hash: self.hash.clone(),
            input: self.operation.input().clone(),
            status,
            output,
            changes: self.made.clone(),
            problem: problem.clone(),
        }))?;
        self.report(status, problem);
        Ok(())
    }

    fn report(&self, status: Status, error: Option<StepProblem>) {
        self.inner.tally().add(&self.key, &self.account, status);
        let took = self.inner.ports.time.now().duration_since(self.began);
        self.inner.emit(&Event::StepFinished {
            key: self.key.to_string(),
            account: self.account.clone(),
            scope: self.call.scope.clone(),
            label: self.operation.label(),
            status,
            changes: self.made.clone(),
            error,
            place: Some(self.call.place.clone()),
            took: took.try_into().unwrap_or_default(),
        });
    }
}
