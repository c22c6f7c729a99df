//! `runner resolve STEP --adopt ID | --retry`

use super::completions::Known;
use super::context::Context;
use super::history::History;
use super::play::real_time;
use crate::error::Error;
use crate::report::{FORMAT, command as line, plain, shell_word};
use crate::step::{Journal, Lock, Resolution, StepKey, resolve};
use clap::builder::BoolishValueParser;
use clap_complete::ArgValueCandidates;
use serde_json::json;
use std::path::Path;

const EXAMPLES: &str = "\
Examples:
  runner resolve 111122223333/create_account:dev --adopt 444455556666     that account is the one this step made
  runner resolve dev --retry --run 7k2q                                   it made none: look again, send it again
";

/// Answer the question of a paused step: what became of a change that no lookup can tell of; the next resume goes by it
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Args {
    /// The step, by its key, by its label, or by how its key ends
    step: String,

    /// It took effect: it made what has this id, which the resume checks
    #[arg(long, value_name = "ID", env = "RUNNER_ADOPT")]
    adopt: Option<String>,

    /// It did not take effect: the resume looks once more, and sends it again if it is still wanted
    #[arg(long, env = "RUNNER_RETRY", value_parser = BoolishValueParser::new())]
    retry: bool,

    /// Id of the run, or the beginning of it [default: the last run that is not done]
    #[arg(long, value_name = "RUN", env = "RUNNER_RUN", add = ArgValueCandidates::new(Known::Runs))]
    run: Option<String>,
}

impl Args {
    fn resolution(&self) -> Result<Resolution, Error> {
        match (&self.adopt, self.retry) {
            (Some(id), false) => Ok(Resolution::Adopt { id: id.clone() }),
            (None, true) => Ok(Resolution::Retry),
            (given, _) => {
                let which = if given.is_some() { "both" } else { "neither" };
                Err(Error::usage("no-resolution", format!("{which} of --adopt and --retry is given"))
                    .hint("--adopt ID if the step made what has this id, --retry if it made nothing"))
            }
        }
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8, Error> {
    let project = context.project()?;
    let resolution = args.resolution()?;
    let found = History::read(&project, context.globals.target.as_deref())?.unfinished(args.run.as_deref())?;
    let (run, target, file) = (found.summary.id.clone(), found.target.clone(), found.journal.file().to_owned());
    drop(found);
    let time = real_time()?;
    // Nobody plays meanwhile; what stands in the journal is read once nobody can.
    let _lock = Lock::acquire(&project.state().lock(&target), &target, &time)?;
    let journal = Journal::open_existing(Path::new(&file))?;
    let key = resolve(&journal, &time, &run, &args.step, resolution.clone())?;
    let next = line("resume", &run, &context.here());
    let document = json!({
        "type": "resolve", "format": FORMAT, "run": run, "step": key.to_string(), "resolution": resolution, "next": next,
    });
    context.result(&document, || {
        let what = match &resolution {
            Resolution::Adopt { id } => format!("it made {}, which the resume checks", plain(id)),
            Resolution::Retry => "it did not take effect; the resume looks once more".to_owned(),
        };
        format!("{} of run {run}: {what}\n  {next}\n", plain(&key.to_string()))
    })
}

/// The command that answers a question so.
pub(super) fn command(run: &str, step: &StepKey, resolution: &Resolution, flags: &[String]) -> String {
    let answer = match resolution {
        Resolution::Adopt { id } => format!("--adopt {}", shell_word(id)),
        Resolution::Retry => "--retry".to_owned(),
    };
    let flags: String = flags.iter().flat_map(|flag| [" ", flag]).collect();
    format!("runner resolve {} {answer} --run {}{flags}", shell_word(&step.to_string()), plain(run))
}
