//! One step made so: looked at, changed, and looked at again until nothing differs.

use super::change::{Made, line};
use super::perform::{End, Step};
use super::settle::Verdict;
use crate::event::Event;
use crate::step::decide::Decision;
use crate::step::failure::{Failure, FailureClass, Way};
use crate::step::hash::difference;
use crate::step::journal::StepView;
use crate::step::operation::{Change, Class, Freshness};
use crate::step::retry::Retry;
use serde_json::Value;

impl Step<'_> {
    /// Makes it so, and gives what the script gets.
    pub(super) async fn converge(&mut self, view: &StepView, decision: Decision<'_>) -> Result<Value, End> {
        if let Some(question) = self.inner.unsettled.get(&self.key) {
            return Err(End::Failure(question.clone()));
        }
        self.declined(view.created.as_ref())?;
        let mut created = view.created.clone();
        let mut freshness = if self.inner.unsure.contains(&self.key) { Freshness::Live } else { Freshness::Snapshot };
        match decision {
            Decision::Settle(open) => {
                for open in open {
                    match self.inner.settle(self.operation.as_ref(), &self.key, open).await? {
                        Verdict::Happened if open.change.class == Class::CreateBlind => created = Some(open.input.clone()),
                        // A failure is not replayed: what is there now decides.
                        Verdict::Happened | Verdict::NotHappened | Verdict::Refused(_) => {}
                        Verdict::Undecided(question) => return Err(End::Failure(question)),
                    }
                }
                freshness = Freshness::Live;
            }
            Decision::Differs { previous, .. } => {
                let difference = difference(previous, self.operation.input());
                let text = format!("{} differs from what this run did before: {difference}", self.operation.label());
                self.inner.emit(&Event::Log { text, scope: self.call.scope.clone() });
            }
            _ => {}
        }
        if created.is_some() {
            self.operation.doubt();
        }
        let mut acknowledged = Vec::new();
        loop {
            let (found, changes) = match &created {
                None => self.compare(freshness, None).await?,
                Some(created) => self.find_created(created, freshness).await?,
            };
            if changes.is_empty() {
                match self.operation.output(&found) {
                    Ok(output) => return Ok(output),
                    Err(failure) if failure.class == FailureClass::Fatal => return Err(End::Failure(failure)),
                    Err(failure) => self.lagged(failure).await?,
                }
                freshness = Freshness::Live;
                continue;
            }
            // What AWS has taken once is not sent again because a list is late. (Something create-blind gets here only if it is certain.)
            let is_acknowledged =
                |change: &Change| acknowledged.iter().any(|made: &Change| (&made.call, &made.detail) == (&change.call, &change.detail));
            let missing: Vec<Change> =
                changes.iter().filter(|change| change.class == Class::CreateBlind || !is_acknowledged(change)).cloned().collect();
            if missing.is_empty() {
                self.lagged(self.still_differs(&changes)).await?;
                freshness = Freshness::Live;
                continue;
            }
            self.confirm(&missing)?;
            freshness = self.make(missing, &mut acknowledged).await?;
            if acknowledged.iter().any(|change| change.class == Class::CreateBlind) {
                created = Some(self.operation.input().clone());
            }
        }
    }

    /// Makes all changes, one after the other, unless it turns out that what is there has to be looked at anew. Gives how to look then.
    async fn make(&mut self, changes: Vec<Change>, acknowledged: &mut Vec<Change>) -> Result<Freshness, End> {
        let mut freshness = Freshness::Snapshot;
        for change in changes {
            match self.change(&change).await? {
                Made::Seen => {}
                Made::Unseen => freshness = Freshness::Live,
                Made::Nothing => return Ok(Freshness::Live),
            }
            acknowledged.push(change);
        }
        Ok(freshness)
    }

    /// All was made, and still something differs: AWS shows it late, keeps another value, or somebody else changes the same.
    fn still_differs(&self, changes: &[Change]) -> Failure {
        let lines: Vec<String> = changes.iter().map(line).collect();
        let message = format!("`{}` was made so, but AWS still shows another state: {}", self.operation.label(), lines.join(", "));
        Failure::new(FailureClass::Retry { throttled: false }, "still-differs", message)
    }

    /// Waits before what is there is looked at anew, for as long as AWS may lag behind; after that the failure ends the step.
    pub(super) async fn lagged(&mut self, failure: Failure) -> Result<(), End> {
        let class = failure.class;
        let lagging = Failure { class: FailureClass::NotYet(self.operation.lag()), ..failure };
        match self.inner.again(&mut self.looks, &self.key, &self.account, lagging).await? {
            None => Ok(()),
            Some(told) => Err(End::Failure(Failure { class, ..told })),
        }
    }

    /// What is there, and the calls that would make it so.
    pub(super) async fn compare(&self, freshness: Freshness, created: Option<&Value>) -> Result<(Value, Vec<Change>), End> {
        let found = self.look(freshness).await?;
        let changes = self.changes(&found, created)?;
        Ok((found, changes))
    }

    /// The calls that would make it so. That what this run has created does not fit is a question, not a failure.
    fn changes(&self, found: &Value, created: Option<&Value>) -> Result<Vec<Change>, End> {
        self.operation.changes(found).map_err(|failure| {
            let Some(created) = created.filter(|_| failure.class == FailureClass::Fatal) else { return End::Failure(failure) };
            let difference = difference(created, self.operation.input());
            let with = if difference.is_empty() { ", but".to_owned() } else { format!(" with other arguments ({difference})") };
            let question = format!("`{}` was created by this run{with}: {}", self.operation.label(), failure.message);
            let Failure { hints, ways, then, .. } = failure;
            let asked = Failure { hints, ways, then, ..Failure::needs_you("created-before", question) };
            let back = |failure: Failure| failure.way(Way::Change("put the arguments back".to_owned()));
            End::Failure(if difference.is_empty() { asked } else { back(asked) })
        })
    }

    pub(super) async fn look(&self, freshness: Freshness) -> Result<Value, End> {
        let mut retry = Retry::default();
        loop {
            match self.operation.look(freshness).await {
                Ok(found) => return Ok(found),
                Err(failure) => self.again(&mut retry, failure).await?,
            }
        }
    }

    /// Waits before another attempt, or ends the step.
    async fn again(&self, retry: &mut Retry, failure: Failure) -> Result<(), End> {
        match self.inner.again(retry, &self.key, &self.account, failure).await? {
            None => Ok(()),
            Some(failure) => Err(End::Failure(failure)),
        }
    }

    /// What takes something away is done only when confirmed.
    fn confirm(&self, changes: &[Change]) -> Result<(), End> {
        let lines: Vec<String> = changes.iter().filter(|change| change.class == Class::Destructive).map(line).collect();
        if lines.is_empty() {
            return Ok(());
        }
        let question = format!("`{}` in `{}` takes something away: {}", self.operation.label(), self.account.name, lines.join(", "));
        if self.inner.ports.ask.confirm(&format!("{question}. Go on?")) {
            Ok(())
        } else {
            Err(End::Failure(
                Failure::needs_you("takes-away", question).way(Way::After("confirm it on a terminal, or add --yes".to_owned())),
            ))
        }
    }
}
