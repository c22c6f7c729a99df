//! `runner output [RUN] [NAME]`

use super::completions::Known;
use super::context::Context;
use super::history::History;
use crate::error::Error;
use crate::report::{self, output};
use clap_complete::ArgValueCandidates;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Print the outputs of a run, or one of them
#[derive(Debug, clap::Args)]
#[command(before_help = "Examples:\n  runner output\n  runner output 7k2q\n  runner output 7k2q accounts --output json\n")]
pub(super) struct Args {
    /// Id of the run, or the beginning of it; a word that is no run is the NAME of an output of the last one [default: the last run]
    #[arg(add = ArgValueCandidates::new(Known::Runs))]
    run: Option<String>,

    /// Name of the output [default: all]
    name: Option<String>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8, Error> {
    let project = context.project()?;
    let history = History::read(&project, context.globals.target.as_deref())?;
    let word = args.run.as_deref();
    let is_run = word.is_none_or(|word| history.runs.iter().any(|run| run.summary.id.starts_with(word)));
    let (found, name) = match (word, &args.name) {
        (Some(word), None) if !is_run => {
            let last = history.find(None)?;
            if !last.journal.view(&last.summary.id)?.outputs.contains_key(word) {
                let message = format!("`{word}` is no run, and no output of the last run `{}`", last.summary.id);
                return Err(
                    Error::usage("unknown-run", message).hint("`runner runs` lists the runs, `runner output` what the last one put out")
                );
            }
            (last, Some(word))
        }
        (word, name) => (history.find(word)?, name.as_deref()),
    };
    let outputs = found.journal.view(&found.summary.id)?.outputs;
    match name {
        None => context.result(&json!(outputs), || listing(&outputs)),
        Some(name) => {
            let value = outputs.get(name).ok_or_else(|| unknown(name, &outputs))?;
            context.result(value, || output(value) + "\n")
        }
    }
}

fn listing(outputs: &BTreeMap<String, Value>) -> String {
    if outputs.is_empty() {
        return "this run has no outputs\n".to_owned();
    }
    report::outputs(outputs)
}

fn unknown(name: &str, outputs: &BTreeMap<String, Value>) -> Error {
    let error = Error::usage("unknown-output", format!("the run has no output `{name}`"));
    if outputs.is_empty() {
        return error.hint("outputs are set in the playbook: output(\"name\", value)");
    }
    let names: Vec<&str> = outputs.keys().map(String::as_str).collect();
    error.hint(format!("it has: {}", names.join(", ")))
}
