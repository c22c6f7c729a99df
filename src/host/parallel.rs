//! `parallel`: one branch per item, side by side, results in input order.

use super::branch::Failed;
use super::object::Object;
use super::run::{Run, internal};
use super::{branch, limits, values};
use crate::error::{Error, Kind};
use crate::step::StepError;
use crate::step::schedule::{self, Branch, BranchError};
use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, Map, NativeCallContext};
use std::collections::BTreeSet;
use std::sync::Arc;

type Raised = Box<EvalAltResult>;

/// One branch of a `parallel`: its label, what it works on, and under which key its result goes into a map.
struct Item {
    label: String,
    value: Dynamic,
}

/// How a branch ended.
struct Ended {
    result: Result<Dynamic, Raised>,
    failures: Vec<Failed>,
}

pub(super) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let with = Arc::clone(run);
    engine.register_fn("parallel", move |context: NativeCallContext, items: Dynamic, closure: FnPtr| {
        parallel(&with, &context, &items, &closure, 0)
    });
    let with = Arc::clone(run);
    engine.register_fn("parallel", move |context: NativeCallContext, items: Dynamic, closure: FnPtr, options: Map| {
        let tolerate = tolerate(&options).map_err(|error| with.refuse(error, &context))?;
        parallel(&with, &context, &items, &closure, tolerate)
    });
}

fn tolerate(options: &Map) -> Result<usize, Error> {
    if let Some(unknown) = options.keys().find(|name| name.as_str() != "tolerate") {
        return Err(Error::failed("unknown-argument", format!("`parallel` has no option `{unknown}`")).hint("it has `tolerate`"));
    }
    let number = options.get("tolerate").map_or(Ok(0), Dynamic::as_int).ok().and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| {
        Error::failed("wrong-arguments", "`tolerate` is the number of branches that may fail").hint("write `#{ tolerate: 1 }`")
    })
}

fn parallel(run: &Run, context: &NativeCallContext, items: &Dynamic, closure: &FnPtr, tolerate: usize) -> Result<Dynamic, Raised> {
    let (mut list, is_map) = list(items).map_err(|error| run.refuse(error, context))?;
    list.retain(|item| !run.leaves_out(&item.label));
    let labels: Vec<String> = list.iter().map(|item| item.label.clone()).collect();
    let ended = limits::outside(|| play(run, context, list, closure));
    let results = join(run, context, &labels, ended, tolerate)?;
    Ok(if is_map {
        labels.into_iter().map(Into::into).zip(results).collect::<Map>().into()
    } else {
        results.into_iter().collect::<Array>().into()
    })
}

fn play(run: &Run, context: &NativeCallContext, items: Vec<Item>, closure: &FnPtr) -> Vec<Result<Ended, BranchError>> {
    let scope = branch::scope();
    // One for all branches: it holds the arguments of every call on the way here.
    let global = &context.global_runtime_state().clone();
    let branches = items.into_iter().map(|item| {
        let mut scope = scope.clone();
        scope.push(item.label.clone());
        // Captured variables are shared and locked while a method is called on them; each branch gets copies.
        let mut closure = closure.clone();
        closure.iter_curry_mut().for_each(unshare);
        let work = move || {
            let context = NativeCallContext::new_with_all_fields(
                context.engine(),
                context.fn_name(),
                context.fn_source(),
                global,
                context.call_position(),
            );
            let (result, failures) = run.branch(scope, || closure.call_within_context::<Dynamic>(&context, (item.value,)));
            Ended { result, failures }
        };
        Branch { label: item.label, run: Box::new(work) }
    });
    schedule::parallel(&run.time, &run.slots, branches.collect())
}

/// The results in input order, or what the join raises.
fn join(
    run: &Run,
    context: &NativeCallContext,
    labels: &[String],
    ended: Vec<Result<Ended, BranchError>>,
    tolerate: usize,
) -> Result<Vec<Dynamic>, Raised> {
    let mut results = Vec::with_capacity(ended.len());
    let mut open = Vec::new();
    let mut raised = Vec::new();
    for (end, label) in ended.into_iter().zip(labels) {
        match end {
            Ok(Ended { result: Ok(value), .. }) => results.push(value),
            Ok(Ended { result: Err(error), failures }) => {
                results.push(Dynamic::UNIT);
                open.extend(failures);
                raised.push((label, error));
            }
            Err(problem) => {
                results.push(Dynamic::UNIT);
                raised.push((label, run.refuse(from_branch(&problem, label), context)));
            }
        }
    }
    // What cannot be caught goes first; a pause only after what is really wrong.
    raised.sort_by_key(|(_, error)| rank(error));
    let Some((_, first)) = raised.first() else { return Ok(results) };
    if rank(first) == CATCHABLE && raised.len() <= tolerate {
        run.caught(&open.into_iter().map(|failure| failure.key).collect::<Vec<_>>())?;
        for (label, error) in raised {
            let message = run.explain(error).message;
            run.engine.tolerated(label, &message, &branch::scope()).map_err(|error| run.refuse(error.to_error(), context))?;
        }
        return Ok(results);
    }
    let (_, first) = raised.swap_remove(0);
    let raised_as = super::run::step_of(&first).unwrap_or_default();
    for failure in open {
        branch::failed(Failed { key: failure.key, raised_as: raised_as.clone() });
    }
    Err(first)
}

const CATCHABLE: u8 = 2;

/// Order of importance among the errors of branches; the sort is stable, so input order decides among equals.
fn rank(error: &EvalAltResult) -> u8 {
    match error.unwrap_inner() {
        EvalAltResult::ErrorSystem(_, inner) => match inner.downcast_ref::<Error>() {
            Some(error) if error.kind == Kind::Paused => 1,
            _ => 0,
        },
        other if other.is_catchable() => CATCHABLE,
        _ => 0,
    }
}

fn from_branch(problem: &BranchError, label: &str) -> Error {
    match problem {
        BranchError::Panicked(words) => internal(&format!("branch `{label}` panicked: {words}")),
        BranchError::Stopped(stop) => StepError::Stopped(stop.clone()).to_error(),
        BranchError::NoThread(problem) => Error::failed("no-thread", format!("no thread for branch `{label}`: {problem}"))
            .hint("work on fewer items at a time, or raise the limit on threads"),
    }
}

fn list(items: &Dynamic) -> Result<(Vec<Item>, bool), Error> {
    let mut items = items.flatten_clone();
    unshare(&mut items);
    let (list, is_map) = if let Some(map) = items.read_lock::<Map>() {
        (map.iter().map(|(key, value)| Item { label: key.to_string(), value: value.clone() }).collect::<Vec<_>>(), true)
    } else if let Some(array) = items.read_lock::<Array>() {
        (array.iter().map(item).collect::<Result<_, _>>()?, false)
    } else {
        return Err(Error::failed("wrong-arguments", format!("`parallel` works on an array or a map, not on {}", values::kind_of(&items)))
            .hint("write `parallel(items, |item| …)`"));
    };
    let mut seen = BTreeSet::new();
    match list.iter().find(|item| !seen.insert(item.label.clone())) {
        Some(twice) => Err(Error::failed("duplicate-label", format!("two items of `parallel` are both called `{}`", twice.label))
            .hint("give each item its own `key`, or remove the duplicate")),
        None => Ok((list, is_map)),
    }
}

fn item(value: &Dynamic) -> Result<Item, Error> {
    let text = |value: &Dynamic| value.clone().into_string().ok().filter(|text| !text.is_empty());
    let label = if let Some(object) = value.read_lock::<Object>() {
        ["key", "name", "id"].iter().find_map(|field| object.text(field)).map(str::to_owned)
    } else if let Some(map) = value.read_lock::<Map>() {
        ["key", "name", "id"].iter().find_map(|field| map.get(*field).and_then(text))
    } else {
        text(value).or_else(|| value.as_int().ok().map(|number| number.to_string()))
    };
    match label {
        Some(label) => Ok(Item { label, value: value.clone() }),
        None => Err(Error::failed("no-label", format!("`parallel` cannot name the branch of {}", values::kind_of(value)))
            .hint("items are strings, or have a `key`, `name` or `id`")),
    }
}

/// Replaces shared values by copies, also in arrays, maps and the captures of closures.
fn unshare(value: &mut Dynamic) {
    if value.is_shared() {
        *value = value.flatten_clone();
    }
    if let Some(mut map) = value.write_lock::<Map>() {
        map.values_mut().for_each(unshare);
        return;
    }
    if let Some(mut array) = value.write_lock::<Array>() {
        array.iter_mut().for_each(unshare);
        return;
    }
    if let Some(mut closure) = value.write_lock::<FnPtr>() {
        closure.iter_curry_mut().for_each(unshare);
    }
}

/// `scope(label, || …)`: the same, for one piece of work on this very branch.
pub(super) fn scope(run: &Run, context: &NativeCallContext, label: &str, work: &FnPtr) -> Result<Dynamic, Raised> {
    if label.is_empty() {
        return Err(run.refuse(Error::failed("wrong-arguments", "a scope needs a label").hint("write `scope(\"people\", || …)`"), context));
    }
    if run.leaves_out(label) {
        return Ok(Dynamic::UNIT);
    }
    branch::labelled(label, || work.call_within_context::<Dynamic>(context, ()))
}
