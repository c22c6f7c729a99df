//! One playing of a playbook: what the host functions work with, and how step and session failures reach the script.

use super::branch::{self, Failed};
use super::labels::Labels;
use super::object::Object;
use super::owned::{self, Owned};
use super::playbook::Playbook;
use super::{describe, engine, errors, functions, limits, object, parallel, primitives, resolver};
use crate::aws::{Cloud, Session};
use crate::error::{Error, Kind, Place};
use crate::step::schedule::Slots;
use crate::step::{Engine, Failure, FailureClass, StepError, StepKey};
use crate::time::Time;
use rhai::{Dynamic, EvalAltResult, Map, NativeCallContext};
use serde_json::Value;
use std::collections::HashMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a playbook is played with.
pub struct Deps {
    pub engine: Engine,
    pub time: Time,
    pub cloud: Cloud,
    /// Given by the user, by name, and of the kinds that the playbook declares.
    pub params: serde_json::Map<String, Value>,
    /// What `environment()` gives.
    pub environment: serde_json::Map<String, Value>,
    /// How many branches of `parallel` run at a time.
    pub max_parallel: usize,
}

pub(super) struct Run {
    pub(super) engine: Engine,
    pub(super) time: Time,
    pub(super) cloud: Cloud,
    pub(super) slots: Slots,
    pub(super) playbook: Arc<Playbook>,
    pub(super) parameters: serde_json::Map<String, Value>,
    pub(super) environment: serde_json::Map<String, Value>,
    /// How each failed step is shown if it ends the run, by step key.
    failures: Mutex<HashMap<String, Error>>,
    /// A journal that could not be written where Rhai lets no error through (`print`).
    late: Mutex<Option<Error>>,
    labels: Labels,
    /// Every wrong call, also of branches whose error the join does not raise.
    refused: Mutex<Vec<Error>>,
    pub(super) owned: Owned,
}

/// Where a host function was called.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) place: Place,
    pub(super) trace: Vec<Place>,
}

type Raised = Box<EvalAltResult>;

/// Plays a playbook to its end on the calling thread. Fails as the script failed; how the steps ended is the engine's to tell.
pub fn play(playbook: &Arc<Playbook>, deps: Deps) -> Result<(), Error> {
    play_through(playbook, deps).into_iter().next().map_or(Ok(()), Err)
}

/// As `play`: the error the script ended with, if it did, and behind it those of wrong calls in other branches, by their place.
pub fn play_through(playbook: &Arc<Playbook>, deps: Deps) -> Vec<Error> {
    let mut parameters = deps.params;
    for parameter in describe::describe(playbook).parameters {
        if let Some(value) = parameter.value {
            parameters.entry(parameter.name).or_insert(value);
        }
    }
    let run = Arc::new(Run {
        slots: Slots::new(deps.max_parallel),
        engine: deps.engine,
        time: deps.time,
        cloud: deps.cloud,
        playbook: Arc::clone(playbook),
        parameters,
        environment: deps.environment,
        failures: Mutex::default(),
        late: Mutex::default(),
        labels: Labels::default(),
        refused: Mutex::default(),
        owned: Owned::default(),
    });
    let engine = playing(&run);
    let result = catch_unwind(AssertUnwindSafe(|| run.branch(Vec::new(), || engine.run_ast(playbook.main()))));
    let without = run.engine.without();
    let first = match result {
        Err(_) => Some(internal("the host panicked")),
        Ok((Err(error), _)) if step_of(&error).is_some() => Some(run.explain(error)),
        Ok((Err(error), _)) => Some(run.labels.hint(without, run.explain(error))),
        Ok((Ok(()), _)) => {
            let late = run.late.lock().unwrap_or_else(PoisonError::into_inner).take();
            late.or_else(|| run.labels.all_met(without).and_then(|()| owned::end(&run)).err())
        }
    };
    let mut refused = std::mem::take(&mut *run.refused.lock().unwrap_or_else(PoisonError::into_inner));
    refused.sort_by_key(|error| (error.place.as_ref().map(|place| (place.file.clone(), place.line, place.column)), error.message.clone()));
    refused.dedup();
    let others = refused.into_iter().filter(|error| first.is_some() && Some(error) != first.as_ref());
    let others: Vec<Error> = others.collect();
    first.into_iter().chain(others).collect()
}

/// The engine with everything a playbook can call.
pub(super) fn playing(run: &Arc<Run>) -> rhai::Engine {
    let mut engine = engine::bare();
    engine.set_module_resolver(resolver::Resolver::new(Arc::clone(&run.playbook)));
    object::register(&mut engine);
    functions::register(&mut engine, run);
    parallel::register(&mut engine, run);
    primitives::register(&mut engine, run);
    engine
}

pub(super) fn internal(what: &str) -> Error {
    Error::failed("internal", what).hint("this is a bug of the runner; what was done is in the journal")
}

impl Run {
    pub(super) fn site(&self, context: &NativeCallContext) -> Site {
        let (place, trace) = errors::calls(&self.playbook, context);
        Site { place, trace }
    }

    /// Runs a branch on its own thread (or the run itself): the failures it ends with travel on, the others were caught.
    pub(super) fn branch<T>(&self, scope: Vec<String>, work: impl FnOnce() -> Result<T, Raised>) -> (Result<T, Raised>, Vec<Failed>) {
        branch::begin(scope);
        limits::begin_branch();
        let mut result = work();
        // What a join raised instead of a step's failure (a pause, a `fail`) carries the failures beside it without a name.
        let surfaced = result.as_ref().err().map(|error| step_of(error).unwrap_or_default());
        let (caught, open) = branch::end(surfaced.as_deref());
        if let Err(error) = self.caught(&caught) {
            result = Err(error);
        }
        (result, open)
    }

    /// Tells the engine which failures were caught, so that they do not fail the run.
    pub(super) fn caught(&self, keys: &[StepKey]) -> Result<(), Raised> {
        for key in keys {
            self.engine.caught(key).map_err(|error| errors::fatal(error.to_error()))?;
        }
        Ok(())
    }

    /// Whether the branch or scope of this label is not to be played.
    pub(super) fn leaves_out(&self, label: &str) -> bool {
        self.labels.meet(label);
        self.engine.leaves_out(label)
    }

    /// A step's error as the script meets it: only a definite failure can be caught.
    #[expect(clippy::unnecessary_box_returns, reason = "Rhai's errors travel boxed")]
    pub(super) fn raise(&self, error: &StepError, site: Site, context: &NativeCallContext) -> Raised {
        let mut shown = error.to_error().at(site.place);
        shown.trace = site.trace;
        let StepError::Failed { key, account, failure } = error else { return errors::fatal(shown) };
        let step = key.to_string();
        branch::failed(Failed { key: key.clone(), raised_as: step.clone() });
        self.failures().insert(step.clone(), shown);
        let mut fields = Map::new();
        fields.insert("code".into(), failure.code.clone().into());
        fields.insert("message".into(), failure.message.clone().into());
        fields.insert("step".into(), step.into());
        fields.insert("account".into(), account.id.clone().into());
        fields.insert("hints".into(), failure.hints.iter().map(|hint| Dynamic::from(hint.clone())).collect::<rhai::Array>().into());
        errors::catchable(fields, context.call_position())
    }

    /// A wrong call: shown at its place, never caught, since the script itself has to be corrected.
    #[expect(clippy::unnecessary_box_returns, reason = "Rhai's errors travel boxed")]
    pub(super) fn refuse(&self, error: Error, context: &NativeCallContext) -> Raised {
        let site = self.site(context);
        let mut error = error.at(site.place);
        error.trace = site.trace;
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).push(error.clone());
        errors::fatal(error)
    }

    /// Waits for something of AWS that is not a step: finding an account, opening a session.
    pub(super) fn wait<T>(&self, future: impl Future<Output = Result<T, Failure>>, context: &NativeCallContext) -> Result<T, Raised> {
        match limits::outside(|| self.time.block_on(future)) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(failure)) => {
                let place = self.site(context).place;
                Err(self.refuse(self.no_session(failure, Some(&place)), context))
            }
            Err(stop) => Err(self.refuse(StepError::Stopped(stop).to_error(), context)),
        }
    }

    /// Why an account cannot be entered, with the ways on as commands.
    pub(super) fn no_session(&self, failure: Failure, place: Option<&Place>) -> Error {
        let failure = self.engine.completed(failure, place, branch::scope().last().map(String::as_str));
        let kind = if failure.class == FailureClass::NeedsYou { Kind::Credentials } else { Kind::Failed };
        failure.hints.into_iter().fold(Error::new(kind, failure.code, failure.message), Error::hint)
    }

    /// The session behind what a script calls on.
    pub(super) fn session(&self, object: &Object, context: &NativeCallContext) -> Result<Session, Raised> {
        match object.session() {
            Some(session) => Ok(session.clone()),
            None => self.wait(self.cloud.account_of(&object.to_json()), context),
        }
    }

    /// Writes a line of the log; where Rhai lets no error through, a failure to journal it is kept for the end.
    pub(super) fn print(&self, text: &str) {
        if let Err(error) = limits::outside(|| self.engine.log(text, &branch::scope()).map_err(Box::new)) {
            self.late.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error.to_error());
        }
    }

    fn failures(&self) -> MutexGuard<'_, HashMap<String, Error>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The error a run ends with: a step's own where the script let it through.
    pub(super) fn explain(&self, error: Raised) -> Error {
        let failed = step_of(&error).and_then(|step| self.failures().get(&step).cloned());
        failed.unwrap_or_else(|| errors::from_rhai(*error, &self.playbook))
    }
}

/// The step an error speaks of, if a step's failure is what it is.
pub(super) fn step_of(error: &EvalAltResult) -> Option<String> {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) | EvalAltResult::ErrorInModule(_, inner, _) => step_of(inner),
        EvalAltResult::ErrorRuntime(value, _) => value.read_lock::<Map>()?.get("step")?.clone().into_string().ok(),
        _ => None,
    }
}
