//! What a person decides about a change of which no lookup can tell whether it took effect.

use super::engine::StepError;
use super::journal::{Entry, Journal, OpenChange, RunStatus, RunView};
use super::key::StepKey;
use super::operation::Class;
use crate::error::Error;
use crate::event::StepProblem;
use crate::time::Time;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "kebab-case")]
pub enum Resolution {
    /// It took effect: this is what was made. Believed once the primitive has seen that it fits.
    Adopt { id: String },
    /// It did not take effect: what is there is looked at, and what is missing sent again.
    Retry,
}

/// A change that waits for a person.
#[derive(Clone, Copy, Debug)]
pub struct Question<'v> {
    pub key: &'v StepKey,
    pub open: &'v OpenChange,
    pub problem: &'v StepProblem,
}

impl RunView {
    /// The questions that wait for a person, those already answered too, by key.
    pub fn questions(&self) -> impl Iterator<Item = Question<'_>> {
        let open = self.steps.iter().flat_map(|(key, step)| step.open.iter().map(move |open| (key, open)));
        open.filter_map(|(key, open)| Some(Question { key, open, problem: open.question.as_ref()? }))
    }

    /// The question of the step that `step` names: by its key, its label, or how its key ends.
    fn question(&self, run: &str, step: &str) -> Result<Question<'_>, Error> {
        let questions = || self.questions();
        let same = |question: &Question<'_>| question.key.to_string() == step;
        let called = |question: &Question<'_>| question.open.label == step || question.key.to_string().ends_with(step);
        let mut found: Vec<Question<'_>> = questions().filter(same).collect();
        if found.is_empty() && !step.is_empty() {
            found = questions().filter(called).collect();
        }
        match found.as_slice() {
            [question] => Ok(*question),
            [] => Err(self.no_question(run, step)),
            several => {
                let error = Error::usage("ambiguous-step", format!("`{step}` may mean {} steps of run `{run}`", several.len()))
                    .hint("give the key of the one you mean");
                Err(several.iter().fold(error, |error, question| error.cause(question.key)))
            }
        }
    }

    fn no_question(&self, run: &str, step: &str) -> Error {
        let known = self.steps.keys().find(|key| key.to_string() == step || key.to_string().ends_with(step)).filter(|_| !step.is_empty());
        let labelled = || self.ends.iter().find(|end| end.label == step).map(|end| &end.key);
        let error = match known.or_else(labelled) {
            Some(key) => {
                Error::usage("no-question", format!("the step {key} of run `{run}` has no open question: there is nothing to decide"))
                    .hint(format!("go on with the run, if it is not done: runner resume {run}"))
            }
            None => Error::usage("unknown-step", format!("no step of run `{run}` is called `{step}`"))
                .hint(format!("`runner show {run}` shows the steps and their questions")),
        };
        self.questions().fold(error, |error, question| error.cause(format!("a question is open at {}", question.key)))
    }
}

/// Writes down what a person decided about a step of a run; the next resume goes by it. Gives the step's key.
///
/// Fails with `run-over`, `unknown-step`, `ambiguous-step`, `no-question`, and `not-adoptable` when the change made nothing that has an id.
pub fn resolve(journal: &Journal, time: &Time, run: &str, step: &str, resolution: Resolution) -> Result<StepKey, Error> {
    let view = journal.view(run)?;
    if !view.is_unfinished() {
        let what = if view.status == RunStatus::Done { "is done" } else { "was superseded by a later one" };
        return Err(Error::usage("run-over", format!("run `{run}` {what}: there is nothing to decide"))
            .hint("`runner play` looks at what is there and makes it so"));
    }
    let Question { key, open, .. } = view.question(run, step)?;
    if matches!(resolution, Resolution::Adopt { .. }) && open.change.class != Class::CreateBlind {
        let message = format!("{} of `{}` makes nothing that could be taken over by an id", open.change.call, open.label);
        return Err(Error::usage("not-adoptable", message).hint("make sure that it did not take effect, then give --retry"));
    }
    let entry = Entry::Resolved { key: key.clone(), number: open.number, resolution };
    journal.append(time, run, &entry).map_err(|error| StepError::from(error).to_error())?;
    Ok(key.clone())
}
