//! One change: intent, call, outcome.

use super::attempt::Door;
use super::core::problem;
use super::error::StepError;
use super::perform::{End, Step};
use super::settle::Verdict;
use crate::step::failure::{Failure, FailureClass};
use crate::step::journal::{Entry, Intent, OpenChange, Outcome};
use crate::step::operation::Change;
use crate::step::retry::Retry;
use crate::time::Stop;
use std::sync::Mutex;

impl Step<'_> {
    /// Makes one change. True when its effect was only found out later, so that what was read before is stale.
    pub(super) async fn change(&mut self, change: &Change) -> Result<bool, End> {
        let mut retry = Retry::default();
        loop {
            let mut open = self.intend(change)?;
            let Err(failure) = self.apply(&mut open, &mut retry).await? else {
                self.outcome(Outcome::Ok)?;
                self.made.push(line(change));
                return Ok(false);
            };
            let under_way = failure.class == FailureClass::NeedsYou && open.handle.is_some() && !failure.refused;
            let unknown = failure.class == FailureClass::Unknown || under_way;
            if !unknown {
                self.outcome(Outcome::Failed { problem: problem(&failure) })?;
                return Err(End::Failure(failure));
            }
            self.outcome(Outcome::Unknown { problem: problem(&failure) })?;
            if failure.class == FailureClass::NeedsYou {
                return Err(End::Failure(failure));
            }
            match self.inner.settle(self.operation.as_ref(), &self.key, &open).await? {
                Verdict::Happened => {
                    self.made.push(line(change));
                    return Ok(true);
                }
                Verdict::NotHappened => {
                    if let Some(failure) = self.inner.again(&mut retry, &self.key, &self.account, failure).await? {
                        return Err(End::Failure(failure));
                    }
                }
                Verdict::Refused(failure) | Verdict::Undecided(failure) => return Err(End::Failure(failure)),
            }
        }
    }

    /// Makes the intent durable. Nothing new begins once the run is being stopped.
    fn intend(&mut self, change: &Change) -> Result<OpenChange, End> {
        self.inner.going_on()?;
        self.number += 1;
        let intended = self.inner.ports.time.now();
        let (label, account, session) = (self.operation.label(), self.account.clone(), self.operation.session());
        let input = self.operation.input().clone();
        let intent = Intent {
            key: self.key.clone(),
            number: self.number,
            label: label.clone(),
            account: account.clone(),
            input_hash: self.hash.clone(),
            input: input.clone(),
            session: session.clone(),
            change: change.clone(),
        };
        self.inner.write(&Entry::Intent(intent))?;
        Ok(OpenChange { number: self.number, label, account, input, session, change: change.clone(), handle: None, intended })
    }

    /// Sends the call, again and again while AWS certainly did nothing: one intent covers these attempts.
    async fn apply(&self, open: &mut OpenChange, retry: &mut Retry) -> Result<Result<(), Failure>, End> {
        loop {
            let door = Door { inner: self.inner, key: &self.key, account: &self.account, number: open.number, state: Mutex::default() };
            let result = self.operation.apply(&open.change, &door).await;
            let (ended, handle) = door.close();
            open.handle = handle.or(open.handle.take());
            match (result, ended) {
                (Ok(()), _) => return Ok(Ok(())),
                (Err(_), Some(ended)) => return Err(End::Outside(ended)),
                (Err(failure), None) if failure.class == FailureClass::Stopped => return Err(Stop::Cancel.into()),
                (Err(failure), None) if !matches!(failure.class, FailureClass::Retry { .. } | FailureClass::RetryAfter(_)) => {
                    return Ok(Err(failure));
                }
                (Err(failure), None) => {
                    if let Some(failure) = self.inner.again(retry, &self.key, &self.account, failure).await? {
                        return Ok(Err(failure));
                    }
                }
            }
        }
    }

    fn outcome(&self, outcome: Outcome) -> Result<(), StepError> {
        self.inner.write(&Entry::Outcome { key: self.key.clone(), number: self.number, outcome })
    }
}

/// A change as people read it.
pub(super) fn line(change: &Change) -> String {
    if change.difference.is_empty() { change.call.clone() } else { format!("{}: {}", change.call, change.difference) }
}
