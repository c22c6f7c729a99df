//! `runner rehearse PLAYBOOK`

use super::completions::Known;
use super::context::Context;
use super::interrupt::{Interrupt, guard};
use super::play::{Plan, real_time, sound};
use super::prompts;
use crate::error::{Error, Kind};
use crate::report::{RehearsalReport, Rehearsed, Reporter, shell_word};
use crate::wiring::{Fault, Rehearsal};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap_complete::ArgValueCandidates;
use std::path::PathBuf;
use std::sync::Arc;

const EXAMPLES: &str = "\
Examples:
  runner rehearse multi-account.rhai -p mail=aws@example.com
  runner rehearse multi-account.rhai --runs 1000 --faults lost-reply,crash
  runner rehearse multi-account.rhai --seed 4711 --runs 1     the whole story of one run
";

/// Play a playbook on throw-away worlds with lost replies, throttles and crashes, resume it, and compare the end. Nothing is touched
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Args {
    /// The script to rehearse
    #[arg(add = ArgValueCandidates::new(Known::Playbooks))]
    playbook: PathBuf,

    /// Seed of the first run; all that happens in a run follows from its seed
    #[arg(long, value_name = "N", env = "RUNNER_SEED", default_value_t = 1)]
    seed: u64,

    /// How many runs, each with the next seed; of one run the whole story is shown
    #[arg(long, value_name = "N", env = "RUNNER_RUNS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    runs: u64,

    /// What is put in the way of calls [default: all of it]
    #[arg(long, value_name = "LIST", env = "RUNNER_FAULTS", value_delimiter = ',', value_parser = names(), default_values_t = Fault::ALL.map(Fault::name).map(str::to_owned), hide_default_value = true)]
    faults: Vec<String>,
}

fn names() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(Fault::ALL.map(Fault::name))
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8, Error> {
    let plan = Plan::read(context, &args.playbook)?;
    sound(&plan.playbook)?;
    let time = real_time()?;
    let interactive = context.interactive;
    let token_code = Arc::new(move |serial: &str, again| prompts::token_code(serial, again, interactive));
    let reporter = Reporter::new(context.report(&plan.target))?;
    let shown = reporter.clone();
    let faults: Vec<Fault> = Fault::ALL.into_iter().filter(|fault| args.faults.iter().any(|name| name == fault.name())).collect();
    let mut rehearsed = Rehearsed {
        playbook: plan.playbook_name.clone(),
        target: plan.target.name.clone(),
        world: world(&plan),
        first: args.seed,
        runs: args.runs,
        faults: faults.iter().map(|fault| fault.name()).collect(),
        calls: 0,
        entries: 0,
        accounts: 0,
        took: std::time::Duration::ZERO,
    };
    let again = again(args, context);
    let began = time.now();
    let work = plan.work(context, &time, token_code);
    let clock = time.clone();
    let ended = guard(&time, &Interrupt::default(), move || {
        let rehearsal = Rehearsal::new(work, faults.into_iter().collect())?;
        let before = rehearsal.before();
        (rehearsed.calls, rehearsed.entries, rehearsed.accounts, rehearsed.took) =
            (before.calls, before.entries, before.accounts, before.took);
        let (first, runs) = (rehearsed.first, rehearsed.runs);
        let report = RehearsalReport::new(reporter.clone(), rehearsed, again)?;
        if runs == 1 {
            report.played(&rehearsal.play(first, reporter.sink())?);
        } else {
            rehearsal.play_all(first, runs, &|played| report.played(played))?;
        }
        report.finish(clock.now().duration_since(began).unsigned_abs())
    });
    let ended = ended.inspect_err(|_| shown.close())?;
    let Some(ended) = ended else {
        shown.abandon();
        prompts::stopped("stopped; nothing was touched");
        return Ok(Kind::Interrupted.exit_code());
    };
    ended.inspect_err(|_| shown.close())
}

/// On what it is played.
fn world(plan: &Plan) -> &'static str {
    if plan.target.is_aws() {
        "a world that stands for your AWS (read for it: organisation, accounts, units; not IAM)"
    } else if plan.project.state().world(&plan.target.name).exists() {
        "a copy of its world"
    } else {
        "a fresh world"
    }
}

/// The command that plays a seed again.
fn again(args: &Args, context: &Context) -> impl Fn(u64) -> String + Send + Sync + use<> {
    let globals = &context.globals;
    let mut before = vec![shell_word(&args.playbook.to_string_lossy())];
    let mut after = Vec::new();
    if args.faults.len() < Fault::ALL.len() {
        after.extend(["--faults".to_owned(), args.faults.join(",")]);
    }
    let flag = |name: &str, value: Option<String>| {
        value.into_iter().flat_map(move |value| [name.to_owned(), shell_word(&value)]).collect::<Vec<_>>()
    };
    after.extend(flag("-C", globals.dir.as_ref().map(|dir| dir.to_string_lossy().into_owned())));
    after.extend(flag("--target", globals.target.clone()));
    after.extend(flag("--env", globals.env.clone()));
    after.extend(flag("--params", globals.params.as_ref().map(|file| file.to_string_lossy().into_owned())));
    if globals.max_parallel != 32 {
        after.extend(flag("--max-parallel", Some(globals.max_parallel.to_string())));
    }
    for (name, value) in &globals.given {
        after.extend(flag("-p", Some(format!("{name}={value}"))));
    }
    before.insert(0, "runner rehearse".to_owned());
    let (before, after) = (before.join(" "), after);
    move |seed| {
        let after: String = after.iter().flat_map(|word| [" ", word]).collect();
        format!("{before} --seed {seed} --runs 1{after}")
    }
}
