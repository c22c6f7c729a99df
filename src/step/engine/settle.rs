//! Finding out what became of a change whose outcome is not known.

use super::attempt::Door;
use super::core::{Inner, problem};
use super::error::StepError;
use crate::step::failure::{Failure, FailureClass, Way};
use crate::step::journal::{Entry, OpenChange, Outcome};
use crate::step::key::StepKey;
use crate::step::operation::{Class, Leaving, Operation, Settled};
use crate::step::resolve::Resolution;
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
    /// Settles one open change and writes down what was found: by what a person has decided, else by a lookup.
    pub(super) async fn settle(&self, operation: &dyn Operation, key: &StepKey, open: &OpenChange) -> Result<Verdict, StepError> {
        let found = match &open.resolution {
            Some(Resolution::Retry) => Ok(Settled::NotHappened),
            resolution => self.look_up(operation, key, open, resolution.as_ref()).await?,
        };
        self.settled(key, open, found)
    }

    fn settled(&self, key: &StepKey, open: &OpenChange, found: Result<Settled, Failure>) -> Result<Verdict, StepError> {
        let (verdict, outcome) = match found {
            Ok(Settled::Happened) => (Verdict::Happened, Outcome::Happened),
            Ok(Settled::NotHappened) => (Verdict::NotHappened, Outcome::NotHappened),
            Ok(Settled::Refused(failure)) => {
                let problem = problem(&failure);
                (Verdict::Refused(failure), Outcome::Failed { problem })
            }
            Err(failure) => {
                let question = question(open, &failure);
                let problem = problem(&self.completed(question.clone(), Some(key), None, None));
                (Verdict::Undecided(question), Outcome::Undecided { problem })
            }
        };
        self.write(&Entry::Outcome { key: key.clone(), number: open.number, outcome })?;
        Ok(verdict)
    }

    /// Asks AWS, again and again while it does not answer well: about what a person wants to be taken over, or about the change itself.
    async fn look_up(
        &self,
        operation: &dyn Operation,
        key: &StepKey,
        open: &OpenChange,
        resolution: Option<&Resolution>,
    ) -> Result<Result<Settled, Failure>, StepError> {
        let account = operation.account();
        let mut retry = Retry::default();
        let leaving = Leaving { from: open.intended, until: open.left.unwrap_or(self.began) };
        loop {
            let door = Door { inner: self, key, account: &account, number: open.number, state: Mutex::default() };
            let result = match resolution {
                Some(Resolution::Adopt { id }) => operation.adopt(&open.change, id).await.map(|()| Settled::Happened),
                _ => operation.settle(&open.change, open.handle.as_ref(), leaving, &door).await,
            };
            if let (Some(ended), _) = door.close() {
                return Err(ended);
            }
            match result {
                Err(failure) if failure.class == FailureClass::Stopped => return Err(Stop::Cancel.into()),
                Err(failure) => {
                    if let Some(failure) = self.again(&mut retry, key, &account, failure).await? {
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
            Err(_) if open.resolution == Some(Resolution::Retry) => self.settled(key, open, Ok(Settled::NotHappened)),
            Err(failure) => self.settled(key, open, Err(failure)),
        }
    }
}

fn question(open: &OpenChange, failure: &Failure) -> Failure {
    let Failure { code, message, hints, ways, .. } = failure;
    let what = format!("it is not known whether {} of `{}` took effect ({code}: {message})", open.change.call, open.label);
    let question = match failure.class {
        // Nobody has to know more than AWS: it is asked again by a resume.
        FailureClass::Retry { .. } | FailureClass::RetryAfter(_) | FailureClass::Unknown => Failure::needs_you("unanswered", what),
        _ => Failure::needs_you("unsettled", what),
    };
    let question = Failure { hints: hints.clone(), ways: ways.clone(), ..question };
    if failure.is_question() {
        return question;
    }
    let question = if failure.ways.is_empty() { question.way(Way::After("when AWS can be asked".to_owned())) } else { question };
    let question = match open.change.class {
        Class::CreateBlind => {
            let adopt = Resolution::Adopt { id: "ID".to_owned() };
            question.way(Way::Resolve("it did, and you know the id of what it made".to_owned(), adopt))
        }
        _ => question,
    };
    question.way(Way::Resolve("you are sure that it did not".to_owned(), Resolution::Retry))
}
