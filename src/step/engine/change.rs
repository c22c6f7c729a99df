//! One change: intent, call, outcome.

use super::attempt::Door;
use super::core::problem;
use super::error::StepError;
use super::perform::{End, Step};
use super::settle::Verdict;
use crate::step::failure::{Failure, FailureClass, Then};
use crate::step::journal::{Entry, Intent, OpenChange, Outcome};
use crate::step::operation::{Change, Class};
use crate::step::retry::Retry;
use crate::time::Stop;
use std::sync::Mutex;
use std::time::Duration;

/// Before the same is asked for once more that AWS took and then refused for a reason that passes; twice as long each time, since it
/// decides in minutes.
const AFTER_REFUSAL: Duration = Duration::from_secs(30);

/// What became of a change that was to be made.
pub(super) enum Made {
    /// What was read before holds, with the change written through.
    Seen,
    /// Its effect was only found out later, so that what was read before is stale.
    Unseen,
    /// Nothing: what is there now decides what is to be done.
    Nothing,
}

impl Step<'_> {
    pub(super) async fn change(&mut self, change: &Change) -> Result<Made, End> {
        let mut change = change.clone();
        let mut retry = Retry::default();
        loop {
            let mut open = self.intend(&change).await?;
            let Err(failure) = self.apply(&mut open, &mut retry).await? else {
                self.outcome(Outcome::Ok)?;
                self.made.push(line(&change));
                return Ok(Made::Seen);
            };
            // AWS has taken the request, and did not say no: whatever failed, failed afterwards.
            let under_way = open.handle.is_some() && !failure.refused;
            if failure.class != FailureClass::Unknown && !under_way {
                self.outcome(Outcome::Failed { problem: problem(&failure) })?;
                match failure.then {
                    Some(Then::Instead(detail)) => change.detail = detail,
                    Some(Then::Look) => return self.look_again(failure).await,
                    None => return Err(End::Failure(failure)),
                }
                continue;
            }
            let told = problem(&self.inner.completed(failure.clone(), Some(&self.key), Some(&self.call.place), None));
            self.outcome(if failure.is_question() { Outcome::Undecided { problem: told } } else { Outcome::Unknown { problem: told } })?;
            if failure.class == FailureClass::NeedsYou {
                return Err(End::Failure(failure));
            }
            match self.inner.settle(self.operation.as_ref(), &self.key, &open).await? {
                Verdict::Happened => {
                    self.made.push(line(&change));
                    return Ok(Made::Unseen);
                }
                Verdict::NotHappened if change.class == Class::CreateBlind => return self.ask_again(failure).await,
                Verdict::NotHappened => {
                    if let Some(failure) = self.inner.again(&mut retry, &self.key, &self.account, failure).await? {
                        return Err(End::Failure(failure));
                    }
                }
                Verdict::Refused(failure) if failure.then == Some(Then::Look) => return self.look_again(failure).await,
                Verdict::Refused(failure) | Verdict::Undecided(failure) => return Err(End::Failure(failure)),
            }
        }
    }

    /// Nothing was made, though what AWS says is there may not be shown yet: waits before it is looked at, or ends the step.
    async fn look_again(&mut self, failure: Failure) -> Result<Made, End> {
        self.lagged(failure).await.map(|()| Made::Nothing)
    }

    /// Nothing was made of what is created blindly: waits before it is looked for and asked for once more, or ends the step when that was
    /// done often enough.
    async fn ask_again(&mut self, failure: Failure) -> Result<Made, End> {
        let failed_as = failure.class;
        let class = if failure.refused { FailureClass::RetryAfter(AFTER_REFUSAL * 2_u32.saturating_pow(self.refusals)) } else { failed_as };
        self.refusals += u32::from(failure.refused);
        match self.inner.again(&mut self.looks, &self.key, &self.account, Failure { class, ..failure }).await? {
            None => Ok(Made::Nothing),
            Some(told) => Err(End::Failure(Failure { class: failed_as, ..told })),
        }
    }

    /// Makes the intent durable. Nothing new begins once the run is being stopped, or without the lease.
    async fn intend(&mut self, change: &Change) -> Result<OpenChange, End> {
        self.inner.going_on()?;
        if let Some(lease) = &self.inner.ports.lease {
            lease.take().await?;
            self.inner.going_on()?;
        }
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
        Ok(OpenChange {
            number: self.number,
            label,
            account,
            input,
            session,
            change: change.clone(),
            handle: None,
            intended,
            left: None,
            question: None,
            resolution: None,
        })
    }

    /// Sends the call, again and again while AWS certainly did nothing: one intent covers these attempts.
    async fn apply(&self, open: &mut OpenChange, retry: &mut Retry) -> Result<Result<(), Failure>, End> {
        loop {
            let door = Door { inner: self.inner, key: &self.key, account: &self.account, number: open.number, state: Mutex::default() };
            let result = self.operation.apply(&open.change, &door).await;
            let (ended, handle) = door.close();
            open.handle = handle.or(open.handle.take());
            open.left = Some(self.inner.ports.time.now());
            match (result, ended) {
                (Ok(()), _) => return Ok(Ok(())),
                (Err(_), Some(ended)) => return Err(End::Outside(ended)),
                (Err(failure), None) if failure.class == FailureClass::Stopped => return Err(Stop::Cancel.into()),
                (Err(failure), None) if !is_harmless(failure.class) => {
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

/// Whether AWS certainly did nothing, and may do it when it is asked again.
fn is_harmless(class: FailureClass) -> bool {
    matches!(class, FailureClass::Retry { .. } | FailureClass::RetryAfter(_) | FailureClass::NotYet(_))
}

/// A change as people read it.
pub(super) fn line(change: &Change) -> String {
    if change.difference.is_empty() { change.call.clone() } else { format!("{}: {}", change.call, change.difference) }
}
