//! What this run has created blindly, where the playbook now asks for something else or AWS does not list it yet.

use super::perform::{End, Step};
use crate::step::failure::{Failure, FailureClass, Then, Way};
use crate::step::hash::difference;
use crate::step::operation::{Change, Class, Freshness};
use crate::step::retry::Retry;
use serde_json::Value;
use std::time::Duration;

/// Before something that this run has created with other arguments is looked at once more.
const ONCE_MORE: Duration = Duration::from_secs(1);

impl Step<'_> {
    /// A create-blind change of this step took effect in this run, so it is never sent again unasked: a list may lag behind (waited for),
    /// or the playbook now asks for something that what was created does not satisfy (a person decides).
    pub(super) async fn find_created(&self, created: &Value, freshness: Freshness) -> Result<(Value, Vec<Change>), End> {
        let is_blind = |changes: &[Change]| changes.iter().any(|change| change.class == Class::CreateBlind);
        let is_early = |compared: &Result<(Value, Vec<Change>), End>| match compared {
            Ok((_, changes)) => is_blind(changes),
            // Something else is listed, and what was created may only be late.
            Err(End::Failure(failure)) => failure.then == Some(Then::Look),
            Err(End::Outside(_)) => false,
        };
        let difference = difference(created, self.operation.input());
        let within = if difference.is_empty() { self.operation.lag() } else { ONCE_MORE };
        let mut retry = Retry::default();
        let mut compared = self.compare(freshness, Some(created)).await;
        while is_early(&compared) {
            let Some(pause) = retry.next(FailureClass::NotYet(within), 0) else { break };
            self.inner.wait(&self.key, &self.account, pause, "what this run created is not listed yet").await?;
            compared = self.compare(Freshness::Live, Some(created)).await;
        }
        let (found, changes) = compared?;
        if !is_blind(&changes) {
            return Ok((found, changes));
        }
        let label = self.operation.label();
        let question = if difference.is_empty() {
            format!("`{label}` was created by this run, but AWS does not list it")
        } else {
            format!("`{label}` was created by this run with other arguments, and now another one would be created ({difference})")
        };
        let answered = !difference.is_empty() && self.inner.answers.get(&self.key) == Some(&true);
        if answered || self.inner.ports.ask.decide(&format!("{question}. Create another one?")) {
            Ok((found, changes))
        } else {
            let failure = Failure::needs_you("created-before", question);
            let failure = match difference.as_str() {
                "" => failure.way(Way::After("wait until AWS lists it".to_owned())),
                _ => failure.way(Way::Change("put the arguments back".to_owned())),
            };
            Err(End::Failure(failure.way(Way::After("or to create another one, say yes on a terminal".to_owned()))))
        }
    }

    /// Ends the step if a person has said no to it up front.
    pub(super) fn declined(&self, created: Option<&Value>) -> Result<(), End> {
        let difference = created.map(|created| difference(created, self.operation.input())).unwrap_or_default();
        if difference.is_empty() || self.inner.answers.get(&self.key) != Some(&false) {
            return Ok(());
        }
        let question =
            format!("`{}` was created by this run with other arguments ({difference}), and was left as it is", self.operation.label());
        Err(End::Failure(
            Failure::needs_you("created-before", question)
                .way(Way::Change("put the arguments back".to_owned()))
                .way(Way::After("or to go on with the new ones, say yes on a terminal".to_owned())),
        ))
    }
}
