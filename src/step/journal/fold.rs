//! What the entries of one run amount to, per step.

use super::entry::{Entry, Intent, Outcome, Record, RunStart, RunStatus, StepEnd};
use crate::event::{Status, StepProblem};
use crate::step::key::StepKey;
use crate::step::operation::{Change, Class};
use crate::step::resolve::Resolution;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A change whose outcome is not known.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenChange {
    pub number: u32,
    pub label: String,
    pub account: crate::event::AccountLabel,
    pub input: Value,
    pub session: Value,
    pub change: Change,
    pub handle: Option<Value>,
    pub intended: jiff::Timestamp,
    /// By when the call has left, if this process sent it.
    pub left: Option<jiff::Timestamp>,
    /// What no lookup could tell when it was last tried.
    pub question: Option<StepProblem>,
    /// What a person has answered since.
    pub resolution: Option<Resolution>,
}

/// What a step that ended well left behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    pub input_hash: String,
    pub output: Value,
}

/// All that one run knows of one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepView {
    pub open: Vec<OpenChange>,
    pub finished: Option<Finished>,
    /// The last input anything was done with: its hash and itself.
    pub latest: Option<(String, Value)>,
    /// The input of the last create-blind change that took effect.
    pub created: Option<Value>,
    /// A change of it took effect in this run.
    pub changed: bool,
    /// How many changes were intended so far.
    pub intents: u32,
    /// It came to an end before, so its end is in `RunView::ends`.
    pub ended: bool,
}

/// All that one run knows.
#[derive(Clone, Debug, PartialEq)]
pub struct RunView {
    /// Of the last start or resume.
    pub start: RunStart,
    pub status: RunStatus,
    pub started: jiff::Timestamp,
    pub finished: Option<jiff::Timestamp>,
    pub steps: BTreeMap<StepKey, StepView>,
    /// By account, primitive, hash of the arguments and occurrence.
    pub reads: BTreeMap<(String, String, String, u32), Value>,
    pub outputs: BTreeMap<String, Value>,
    /// The last end of each step, in the order they came about.
    pub ends: Vec<StepEnd>,
}

/// A journal that says something impossible: the number of the row, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impossible {
    pub seq: i64,
    pub reason: String,
}

/// The state of the run that these records (all of one run, in order) describe.
pub fn fold(records: &[Record]) -> Result<RunView, Impossible> {
    let mut records_in_order = records.iter();
    let Some((first, Entry::RunStarted(start))) = records_in_order.next().map(|record| (record, &record.entry)) else {
        let seq = records.first().map_or(0, |record| record.seq);
        return Err(Impossible { seq, reason: "a run does not begin with its start".into() });
    };
    let mut view = RunView {
        start: start.clone(),
        status: RunStatus::Running,
        started: first.at,
        finished: None,
        steps: BTreeMap::new(),
        reads: BTreeMap::new(),
        outputs: BTreeMap::new(),
        ends: Vec::new(),
    };
    for record in records_in_order {
        view.add(record).map_err(|reason| Impossible { seq: record.seq, reason })?;
    }
    Ok(view)
}

impl RunView {
    /// Whether anything was ever sent, or about to be.
    #[must_use]
    pub fn has_intent(&self) -> bool {
        self.steps.values().any(|step| step.intents > 0)
    }

    /// Steps that finished or changed something, and that the script has not reached again; not those of branches that are left out.
    pub fn unreached(&self, reached: impl Fn(&StepKey) -> bool) -> impl Iterator<Item = &StepKey> {
        let without = &self.start.selection.without;
        let left_out = |end: &StepEnd| end.scope.iter().any(|label| without.contains(label));
        let left_out: BTreeSet<&StepKey> = self.ends.iter().filter(|end| left_out(end)).map(|end| &end.key).collect();
        let done = self.steps.iter().filter(|(_, step)| step.finished.is_some() || step.changed).map(|(key, _)| key);
        done.filter(move |key| !reached(key) && !left_out.contains(key))
    }

    /// Unfinished runs with an intent stand in the way of a fresh play.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        !self.status.is_over()
    }

    fn add(&mut self, record: &Record) -> Result<(), String> {
        match &record.entry {
            Entry::RunStarted(_) => return Err("a run starts twice".into()),
            Entry::Pruned { .. } => return Err("a pruning stands within a run".into()),
            Entry::RunResumed(start) => {
                if self.status.is_over() {
                    return Err("a run that was over is resumed".into());
                }
                self.start = start.clone();
                self.status = RunStatus::Running;
                self.finished = None;
            }
            Entry::RunFinished { status } => {
                self.status = *status;
                self.finished = Some(record.at);
            }
            // Settling goes on after the end of a run (`play --fresh` of a later one).
            Entry::Handle { key, number, handle } => self.open(key, *number)?.handle = Some(handle.clone()),
            Entry::Outcome { key, number, outcome } => self.outcome(key, *number, outcome)?,
            Entry::Resolved { key, number, resolution } => {
                let open = self.open(key, *number)?;
                if open.question.is_none() {
                    return Err(format!("change {number} of {key} is resolved without a question"));
                }
                open.resolution = Some(resolution.clone());
            }
            entry if self.status != RunStatus::Running => return Err(format!("`{}` after the end of the run", entry.kind())),
            Entry::Intent(intent) => self.intent(intent, record.at)?,
            Entry::StepEnded(end) => self.end(end)?,
            Entry::Read { account, primitive, arguments_hash, occurrence, output } => {
                let occasion = (account.clone(), primitive.clone(), arguments_hash.clone(), *occurrence);
                if self.reads.insert(occasion, output.clone()).is_some() {
                    return Err(format!("the same occurrence of `{primitive}` is read twice"));
                }
            }
            Entry::Output { name, value } => {
                self.outputs.insert(name.clone(), value.clone());
            }
            Entry::Caught { .. } | Entry::Log { .. } => {}
        }
        Ok(())
    }

    fn intent(&mut self, intent: &Intent, at: jiff::Timestamp) -> Result<(), String> {
        let step = self.steps.entry(intent.key.clone()).or_default();
        if intent.number != step.intents + 1 {
            return Err(format!("change {} of {} comes after change {}", intent.number, intent.key, step.intents));
        }
        if !step.open.is_empty() {
            return Err(format!("{} begins a change while another one is open", intent.key));
        }
        step.intents = intent.number;
        step.latest = Some((intent.input_hash.clone(), intent.input.clone()));
        step.finished = None;
        step.open.push(OpenChange {
            number: intent.number,
            label: intent.label.clone(),
            account: intent.account.clone(),
            input: intent.input.clone(),
            session: intent.session.clone(),
            change: intent.change.clone(),
            handle: None,
            intended: at,
            left: None,
            question: None,
            resolution: None,
        });
        Ok(())
    }

    fn open(&mut self, key: &StepKey, number: u32) -> Result<&mut OpenChange, String> {
        self.steps
            .get_mut(key)
            .and_then(|step| step.open.iter_mut().find(|open| open.number == number))
            .ok_or_else(|| format!("change {number} of {key} is not open"))
    }

    fn outcome(&mut self, key: &StepKey, number: u32, outcome: &Outcome) -> Result<(), String> {
        let open = self.open(key, number)?;
        let took_effect = matches!(outcome, Outcome::Ok | Outcome::Happened);
        let created = took_effect && open.change.class == Class::CreateBlind;
        let input = created.then(|| open.input.clone());
        match outcome {
            Outcome::Unknown { .. } => return Ok(()),
            Outcome::Undecided { problem } => {
                (open.question, open.resolution) = (Some(problem.clone()), None);
                return Ok(());
            }
            Outcome::Ok | Outcome::Failed { .. } | Outcome::Happened | Outcome::NotHappened => {}
        }
        if let Some(step) = self.steps.get_mut(key) {
            step.open.retain(|open| open.number != number);
            step.changed |= took_effect;
            if created {
                step.created = input;
            }
        }
        Ok(())
    }

    fn end(&mut self, end: &StepEnd) -> Result<(), String> {
        let step = self.steps.entry(end.key.clone()).or_default();
        match end.status {
            Status::Ok | Status::Changed => {
                if !step.open.is_empty() {
                    return Err(format!("{} ends well while a change of it is open", end.key));
                }
                step.finished = Some(Finished { input_hash: end.input_hash.clone(), output: end.output.clone() });
                step.latest = Some((end.input_hash.clone(), end.input.clone()));
            }
            Status::Failed | Status::Paused => step.finished = None,
            Status::Replayed => return Err(format!("{} is written down as replayed", end.key)),
        }
        if std::mem::replace(&mut step.ended, true) {
            self.ends.retain(|earlier| earlier.key != end.key);
        }
        self.ends.push(end.clone());
        Ok(())
    }
}
