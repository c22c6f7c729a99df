//! `runner show [RUN]`

use super::completions::Known;
use super::context::Context;
use super::history::{History, Stored, moment, status_word};
use super::play::without_flags;
use crate::error::Error;
use crate::event::{AccountLabel, Status, StepProblem};
use crate::report::{FORMAT, Paint, command, outputs, plain, plain_lines, status};
use crate::step::journal::{OpenChange, RunView, StepEnd};
use crate::step::{Resolution, StepKey};
use clap_complete::ArgValueCandidates;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Show a run: its steps by account, with status, place and changes
#[derive(Debug, clap::Args)]
#[command(before_help = "Examples:\n  runner show\n  runner show 7k2q --output json\n")]
pub(super) struct Args {
    /// Id of the run, or the beginning of it [default: the last run]
    #[arg(add = ArgValueCandidates::new(Known::Runs))]
    run: Option<String>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8, Error> {
    let project = context.project()?;
    let found = History::read(&project, context.globals.target.as_deref())?.find(args.run.as_deref())?;
    let view = found.journal.view(&found.summary.id)?;
    let log =
        Some(project.state().log(&found.target, &found.summary.id)).filter(|path| path.exists()).map(|path| path.display().to_string());
    context.result(&document(&found, &view, log.as_deref()), || text(&found, &view, log.as_deref(), context))
}

fn document(found: &Stored, view: &RunView, log: Option<&str>) -> Value {
    let steps: Vec<Value> = view
        .ends
        .iter()
        .map(|end| {
            json!({
                "key": end.key.to_string(), "account": end.account, "label": end.label, "scope": end.scope, "place": end.place,
                "status": end.status, "changes": end.changes, "problem": end.problem,
            })
        })
        .collect();
    let open: Vec<Value> = open(view)
        .map(|(key, open)| {
            let OpenChange { label, change, handle, question, resolution, .. } = open;
            let key = key.to_string();
            json!({"key": key, "label": label, "call": change.call, "handle": handle, "question": question, "resolution": resolution})
        })
        .collect();
    json!({
        "type": "run", "format": FORMAT, "run": found.summary.id, "playbook": view.start.playbook, "target": found.target,
        "account": view.start.account, "environment": view.start.environment, "parameters": view.start.parameters,
        "status": view.status, "reason": view.start.reason, "log": log, "started": view.started, "finished": view.finished, "steps": steps, "open": open,
        "outputs": view.outputs, "left_out": view.start.selection.without,
    })
}

/// Changes whose outcome is not known.
fn open(view: &RunView) -> impl Iterator<Item = (&StepKey, &OpenChange)> {
    view.steps.iter().flat_map(|(key, step)| step.open.iter().map(move |open| (key, open)))
}

/// The question of an open change, unless its step has said it above; and what was answered.
fn open_text(out: &mut String, view: &RunView, key: &StepKey, open: &OpenChange) {
    let OpenChange { label, change, question, resolution, .. } = open;
    let _ = writeln!(out, "open: what became of {} is not known: {} ({})", plain(&change.call), plain(label), plain(&key.to_string()));
    let said = view.ends.iter().any(|end| end.key == *key && end.status == Status::Paused);
    if let Some(question) = question.as_ref().filter(|_| !said) {
        problem(out, "  ", question);
    }
    match resolution {
        Some(Resolution::Adopt { id }) => drop(writeln!(out, "  decided: it made {}, which the resume checks", plain(id))),
        Some(Resolution::Retry) => out.push_str("  decided: it did not take effect; the resume looks once more\n"),
        None => {}
    }
}

fn text(found: &Stored, view: &RunView, log: Option<&str>, context: &Context) -> String {
    let paint = context.stdout;
    let mut out = String::new();
    let start = &view.start;
    let run = &found.summary.id;
    let environment = start.environment.as_ref().map(|name| format!("  environment {name}")).unwrap_or_default();
    let place = format!("{}  target {} {}{environment}", start.playbook, found.target, start.account);
    let _ = writeln!(out, "run {} {}", paint.bold(run), plain(&place));
    let _ = writeln!(out, "{} since {}", status_word(view.status), moment(view.finished.unwrap_or(view.started)));
    if let Some(reason) = &start.reason {
        let _ = writeln!(out, "reason: {}", plain(reason));
    }
    if !start.selection.without.is_empty() {
        let _ = writeln!(out, "left out: {}", plain(&start.selection.without.join(", ")));
    }
    for (account, ends) in by_account(view) {
        let name = if account.name == account.id { String::new() } else { format!(" {}", account.id) };
        let _ = writeln!(out, "\n{}{}", paint.bold(plain(&account.name)), plain(&name));
        for end in ends {
            step(&mut out, end, paint);
        }
    }
    if open(view).next().is_some() {
        out.push('\n');
    }
    for (key, open) in open(view) {
        open_text(&mut out, view, key, open);
    }
    if !view.outputs.is_empty() {
        out.push('\n');
    }
    out.push_str(&outputs(&view.outputs));
    if let Some(log) = log {
        let _ = writeln!(out, "\nevery call: {}", plain(log));
    }
    if view.is_unfinished() {
        let flags: Vec<String> = context.here().into_iter().chain(without_flags(&start.selection.without)).collect();
        let _ = writeln!(out, "\nto continue:\n  {}", command("resume", run, &flags));
    }
    out
}

/// By account, each with the latest name it was known by: that may become known in the course of a run.
fn by_account(view: &RunView) -> Vec<(&AccountLabel, Vec<&StepEnd>)> {
    let mut accounts: BTreeMap<&str, (&AccountLabel, Vec<&StepEnd>)> = BTreeMap::new();
    for end in &view.ends {
        let (label, ends) = accounts.entry(&end.account.id).or_insert((&end.account, Vec::new()));
        if end.account.name != end.account.id {
            *label = &end.account;
        }
        ends.push(end);
    }
    let mut accounts: Vec<_> = accounts.into_values().collect();
    accounts.sort_by_key(|(label, _)| *label);
    accounts
}

fn step(out: &mut String, end: &StepEnd, paint: Paint) {
    let place = paint.dim(plain(&end.place.to_string()));
    let _ = writeln!(out, "{} {}  {place}", status(end.status, paint), plain(&end.label));
    for change in &end.changes {
        let _ = writeln!(out, "           {}", plain(change));
    }
    if let Some(told) = &end.problem {
        problem(out, "           ", told);
    }
}

fn problem(out: &mut String, indent: &str, problem: &StepProblem) {
    let StepProblem { code, message, hints } = problem;
    let message = plain_lines(message).replace('\n', &format!("\n{indent}  "));
    let _ = writeln!(out, "{indent}{}: {message}", plain(code));
    for hint in hints {
        let _ = writeln!(out, "{indent}help: {}", plain(hint));
    }
}
