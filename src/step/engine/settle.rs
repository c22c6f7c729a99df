//! Finding out what became of a change whose outcome is not known.

use super::attempt::Door;
use super::core::{Inner, problem};
use super::error::StepError;
use crate::event::AccountLabel;
use crate::step::failure::{Failure, FailureClass, Way};
use crate::step::journal::{Entry, OpenChange, Outcome};
use crate::step::key::StepKey;
use crate::step::operation::{Operation, Settled};
use crate::step::retry::Retry;
use crate::time::Stop;
use std::sync::Mutex;

/// What was found out.
pub(super) enum Verdict {
    Happened,
    NotHappened,
    Refused(Failure),
    /// Nobody knows: the change stays open, with this question.
    Undecided(Failure),
}

impl Inner {
    /// Settles one open change and writes down what was found. A person at a terminal may decide what a lookup cannot.
    pub(super) async fn settle(&self, operation: &dyn Operation, key: &StepKey, open: &OpenChange) -> Result<Verdict, StepError> {
        let account = operation.account();
        let verdict = match self.look_up(operation, key, &account, open).await? {
            Ok(Settled::Happened) => Verdict::Happened,
            Ok(Settled::NotHappened) => Verdict::NotHappened,
            Ok(Settled::Refused(failure)) => Verdict::Refused(failure),
            Err(failure) => {
                let question = question(open, &failure);
                if self
                    .ports
                    .ask
                    .decide(&format!("{}. Are you sure it did not take effect, so that it may be sent again?", question.message))
                {
                    Verdict::NotHappened
                } else {
                    return Ok(Verdict::Undecided(question));
                }
            }
        };
        let outcome = match &verdict {
            Verdict::Happened => Outcome::Happened,
            Verdict::NotHappened => Outcome::NotHappened,
            Verdict::Refused(failure) => Outcome::Failed { problem: problem(failure) },
            Verdict::Undecided(_) => return Ok(verdict),
        };
        self.write(&Entry::Outcome { key: key.clone(), number: open.number, outcome })?;
        Ok(verdict)
    }

    async fn look_up(
        &self,
        operation: &dyn Operation,
        key: &StepKey,
        account: &AccountLabel,
        open: &OpenChange,
    ) -> Result<Result<Settled, Failure>, StepError> {
        let mut retry = Retry::default();
        loop {
            let door = Door { inner: self, key, account, number: open.number, state: Mutex::default() };
            let result = operation.settle(&open.change, open.handle.as_ref(), open.intended, &door).await;
            if let (Some(ended), _) = door.close() {
                return Err(ended);
            }
            match result {
                Err(failure) if failure.class == FailureClass::Stopped => return Err(Stop::Cancel.into()),
                Err(failure) => {
                    if let Some(failure) = self.again(&mut retry, key, account, failure).await? {
                        return Ok(Err(failure));
                    }
                }
                settled => return Ok(settled),
            }
        }
    }

    /// Builds the operation of an open change again and settles it, without the script.
    pub(super) async fn settle_unreached(&self, key: &StepKey, open: &OpenChange) -> Result<Verdict, StepError> {
        match self.ports.catalog.rebuild(&key.primitive, &open.session, &open.input) {
            Ok(operation) => self.settle(operation.as_ref(), key, open).await,
            Err(failure) => Ok(Verdict::Undecided(question(open, &failure))),
        }
    }
}

fn question(open: &OpenChange, failure: &Failure) -> Failure {
    let Failure { code, message, hints, ways, .. } = failure;
    let what = format!("it is not known whether {} of `{}` took effect ({code}: {message})", open.change.call, open.label);
    let ways =
        if ways.is_empty() { vec![Way::After("try again later, on a terminal, where you are asked".to_owned())] } else { ways.clone() };
    Failure { hints: hints.clone(), ways, ..Failure::needs_you("unsettled", what) }
}
