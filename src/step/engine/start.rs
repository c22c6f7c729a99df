//! Beginning a run, or going on with one.

use super::core::{Answers, Engine, Inner, Ports, problem};
use super::error::StepError;
use super::settle::Verdict;
use crate::error::{Error, Kind};
use crate::event::{Event, Status};
use crate::step::failure::Failure;
use crate::step::journal::{Entry, Journal, RunStart, RunStatus, RunSummary, RunView, WriteError};
use crate::step::key::StepKey;
use crate::step::operation::Class;
use crate::step::selection::{Only, Selection};
use std::collections::{BTreeMap, BTreeSet};

impl Engine {
    /// Fails as `play` without `fresh` does while an earlier run is unfinished, before anything is asked or begun.
    pub fn may_play(journal: &Journal) -> Result<(), Error> {
        for earlier in journal.runs()? {
            if !earlier.status.is_over() && journal.view(&earlier.id)?.has_intent() {
                return Err(unfinished(&earlier));
            }
        }
        Ok(())
    }

    /// Begins a new run. Refused while an earlier run of the rollout that may have changed something is unfinished, unless `fresh`: then
    /// its open changes are settled (those that a repeat cannot harm are not), and it is over. One that sent nothing is over with the next play.
    pub fn play(ports: Ports, start: RunStart, fresh: bool) -> Result<Engine, Error> {
        Inner::begin(ports, start, fresh).map(Engine::over)
    }

    /// Plays on a copy what a resume of the run `known` would play, to see which steps it has. The copy may know less than AWS: where the
    /// run has a result, the script gets that.
    pub fn survey(ports: Ports, start: RunStart, run: &str, known: RunView) -> Result<Engine, Error> {
        let held = start.selection.held(run, &known)?;
        let mut inner = Inner::begin(ports, start, false)?;
        (inner.held, inner.surveyed) = (held, Some(known));
        Ok(Engine::over(inner))
    }

    /// What the run has done so far; fails as `resume` does when it cannot go on.
    pub fn may_resume(journal: &Journal, run: &str, start: &RunStart) -> Result<RunView, Error> {
        let view = journal.view(run)?;
        if !view.is_unfinished() {
            let what = if view.status == RunStatus::Done { "is done" } else { "was superseded by a later one" };
            let message = format!("run `{run}` {what}: there is nothing to resume");
            return Err(Error::usage("run-over", message).hint("`runner play` looks at what is there and makes it so"));
        }
        same_account(run, &view, start)?;
        start.selection.held(run, &view)?;
        Ok(view)
    }

    /// Goes on with a run, perhaps from an edited playbook. Every open change is settled first, whether or not the script reaches it.
    /// `answers` are those to questions of its survey.
    pub fn resume(ports: Ports, run: &str, start: RunStart, answers: Answers) -> Result<Engine, Error> {
        let mut view = Engine::may_resume(&ports.journal, run, &start)?;
        let held = start.selection.held(run, &view)?;
        view.start = start.clone();
        let selection = start.selection.clone();
        (ports.ready)(run)?;
        let entry = Entry::RunResumed(start);
        ports.journal.append(&ports.time, run, &entry).map_err(|error| super::StepError::from(error).to_error())?;
        let before = Inner::new(ports, run.to_owned(), view);
        before.announce(true);
        before.tell_found(selection);
        let unsettled = before.settle_all(|_| true)?;
        let unsure = before.unsettled_steps();
        let view = before.ports.journal.view(run)?;
        let mut inner = Inner::new(before.ports, before.run, view);
        (inner.unsettled, inner.unsure, inner.held, inner.answers) = (unsettled, unsure, held, answers);
        inner.report_unsettled();
        Ok(Engine::over(inner))
    }
}

impl Inner {
    fn begin(ports: Ports, start: RunStart, fresh: bool) -> Result<Inner, Error> {
        if !fresh {
            Engine::may_play(&ports.journal)?;
        }
        let runs = ports.journal.runs()?;
        let mut unfinished = Vec::new();
        for earlier in runs.iter().filter(|earlier| !earlier.status.is_over()) {
            let view = ports.journal.view(&earlier.id)?;
            if view.has_intent() {
                same_account(&earlier.id, &view, &start)?;
            }
            unfinished.push((earlier, view));
        }
        let run = loop {
            let run = ports.time.run_id();
            if runs.iter().all(|earlier| earlier.id != run) {
                break run;
            }
        };
        (ports.ready)(&run)?;
        let mut unsure = BTreeSet::new();
        for (earlier, view) in unfinished {
            unsure.extend(supersede(&ports, earlier, view)?);
        }
        let entry = Entry::RunStarted(start);
        ports.journal.append(&ports.time, &run, &entry).map_err(unbegun)?;
        let view = ports.journal.view(&run)?;
        let inner = Inner { unsure, ..Inner::new(ports, run, view) };
        inner.announce(false);
        Ok(inner)
    }

    fn announce(&self, resumed: bool) {
        let RunStart { playbook, target, account, reason, .. } = self.view.start.clone();
        self.emit(&Event::Run { run: self.run.clone(), playbook, target, account, resumed, reason });
    }

    /// What there is of the run, and what is made of it.
    fn tell_found(&self, selection: Selection) {
        let ended = |status: Status| self.view.ends.iter().filter(|end| end.status == status).count();
        self.emit(&Event::Found {
            finished: self.view.steps.values().filter(|step| step.finished.is_some()).count(),
            failed: ended(Status::Failed),
            paused: ended(Status::Paused),
            open: self.view.steps.values().map(|step| step.open.len()).sum(),
            only: selection.only.map(Only::status),
            without: selection.without,
        });
    }

    /// The steps that had an open change when this process began.
    fn unsettled_steps(&self) -> BTreeSet<StepKey> {
        self.view.steps.iter().filter(|(_, step)| !step.open.is_empty()).map(|(key, _)| key.clone()).collect()
    }

    /// Settles the open changes of this run's steps; gives the questions of those that nobody can settle.
    fn settle_all(&self, which: impl Fn(Class) -> bool) -> Result<BTreeMap<StepKey, Failure>, Error> {
        let mut unsettled = BTreeMap::new();
        for (key, step) in &self.view.steps {
            for open in step.open.iter().filter(|open| which(open.change.class)) {
                // It may have to wait before a list can be believed, and there is no step yet that shows it.
                let text = format!("finding out whether {} of `{}` took effect", open.change.call, open.label);
                self.emit(&Event::Log { text, scope: Vec::new() });
                let _at_work = self.waiter(key, &open.account).at_work();
                let settled = self.ports.time.block_on(self.settle_unreached(key, open)).unwrap_or_else(|stop| Err(stop.into()));
                if let Verdict::Undecided(question) = settled.map_err(|error| error.to_error())? {
                    unsettled.insert(key.clone(), question);
                }
            }
        }
        Ok(unsettled)
    }

    fn report_unsettled(&self) {
        for (key, question) in &self.unsettled {
            let question = self.completed(question.clone(), Some(key), None, None);
            let Some(open) = self.view.steps.get(key).and_then(|step| step.open.first()) else { continue };
            self.tally().add(key, &open.account, Status::Paused);
            self.emit(&Event::StepFinished {
                key: key.to_string(),
                account: open.account.clone(),
                scope: Vec::new(),
                label: open.label.clone(),
                status: Status::Paused,
                changes: Vec::new(),
                error: Some(problem(&question)),
                place: None,
                took: std::time::Duration::ZERO,
            });
        }
    }
}

/// There is no run yet that could be continued.
fn unbegun(error: WriteError) -> Error {
    match error {
        WriteError::Failed(reason) => Error::failed("journal-unusable", "the journal cannot be written, so nothing was begun")
            .cause(reason)
            .hint("make room or mend the disk, then the same command again"),
        stopped @ WriteError::Stopped(_) => StepError::from(stopped).to_error(),
    }
}

/// Gives the steps whose changes were open.
fn supersede(ports: &Ports, earlier: &RunSummary, view: RunView) -> Result<BTreeSet<StepKey>, Error> {
    let inner = Inner::new(ports.clone(), earlier.id.clone(), view);
    let unsettled = inner.settle_all(|class| class != Class::Converge)?;
    let is_blind = |key: &StepKey| inner.view.steps[key].open.iter().any(|open| open.change.class == Class::CreateBlind);
    if let Some((key, question)) = unsettled.iter().find(|(key, _)| is_blind(key)) {
        let message = format!("a fresh run might do harm: in run `{}`, {key}: {}", earlier.id, question.message);
        // The answers it names end in the command that continues that run.
        let hints = inner.completed(question.clone(), Some(key), None, None).hints;
        return Err(hints.into_iter().fold(Error::new(Kind::Paused, "unsettled", message), Error::hint));
    }
    inner.write(&Entry::RunFinished { status: RunStatus::Superseded }).map_err(|error| error.to_error())?;
    Ok(inner.unsettled_steps())
}

/// What was under way in one account cannot be settled with the credentials of another: it would look as if it had not happened.
fn same_account(run: &str, view: &RunView, start: &RunStart) -> Result<(), Error> {
    if view.start.account == start.account {
        return Ok(());
    }
    let message = format!("run `{run}` works from account {}, but the credentials are of account {}", view.start.account, start.account);
    Err(Error::new(Kind::Credentials, "wrong-account", message)
        .hint("sign in to the account of that run, or choose its profile in runner.toml"))
}

fn unfinished(earlier: &RunSummary) -> Error {
    let how = match earlier.status {
        RunStatus::Failed => "failed",
        RunStatus::Paused => "is paused",
        RunStatus::Interrupted => "was interrupted",
        _ => "ended without a word (its process died)",
    };
    Error::new(Kind::Paused, "unfinished-run", format!("run `{}` of this playbook {how}, and may have changed something", earlier.id))
        .hint(format!("continue it: runner resume {}", earlier.id))
        .hint("or look at everything afresh: add --fresh to this command")
}
