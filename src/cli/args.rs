//! The flags every subcommand takes, before or behind its name; each has a `RUNNER_…` twin in the environment.

use super::completions::Known;
use crate::project::params;
use crate::report::{ColorChoice, Output, Progress};
use clap::builder::BoolishValueParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command};
use clap_complete::ArgValueCandidates;
use std::path::PathBuf;

const PARAM: &str = "param";
const PARAM_VARIABLE: &str = "RUNNER_PARAM";

#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(next_help_heading = "Global options")]
pub(super) struct Globals {
    /// Parameters from a TOML or JSON file
    #[arg(long, global = true, value_name = "FILE", env = "RUNNER_PARAMS")]
    pub(super) params: Option<PathBuf>,

    /// Target of runner.toml [default: its `default_target`, else `sandbox`]
    #[arg(long, global = true, value_name = "NAME", env = "RUNNER_TARGET", add = ArgValueCandidates::new(Known::Targets))]
    pub(super) target: Option<String>,

    /// Environment of runner.toml: a set of parameters, with runs of its own
    #[arg(long, global = true, value_name = "NAME", env = "RUNNER_ENV", add = ArgValueCandidates::new(Known::Environments))]
    pub(super) env: Option<String>,

    /// Branches of `parallel` that run at a time
    #[arg(long, global = true, value_name = "N", env = "RUNNER_MAX_PARALLEL", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(super) max_parallel: u16,

    /// Say yes to playing on AWS and to taking things away
    #[arg(long, global = true, env = "RUNNER_YES", value_parser = BoolishValueParser::new())]
    pub(super) yes: bool,

    /// Never ask: without a yes that is needed nothing begins, and a step that needs a code or an answer pauses
    #[arg(long, global = true, env = "RUNNER_NO_INPUT", value_parser = BoolishValueParser::new())]
    pub(super) no_input: bool,

    /// How results are written to standard output
    #[arg(long, global = true, value_name = "FORMAT", env = "RUNNER_OUTPUT", default_value = "text")]
    pub(super) output: Output,

    /// When to colour; NO_COLOR and CLICOLOR_FORCE count with `auto`
    #[arg(long, global = true, value_name = "WHEN", env = "RUNNER_COLOR", default_value = "auto")]
    pub(super) color: ColorChoice,

    /// How progress is shown on standard error
    #[arg(long, global = true, value_name = "HOW", env = "RUNNER_PROGRESS", default_value = "auto")]
    pub(super) progress: Progress,

    /// Work as if started in this folder
    #[arg(short = 'C', global = true, value_name = "DIR", env = "RUNNER_DIR")]
    pub(super) dir: Option<PathBuf>,

    /// Show waits, and every change with its difference
    #[arg(short, long, global = true, env = "RUNNER_VERBOSE", value_parser = BoolishValueParser::new(), conflicts_with = "quiet")]
    pub(super) verbose: bool,

    /// Show only what failed or is paused while a run goes on
    #[arg(short, long, global = true, env = "RUNNER_QUIET", value_parser = BoolishValueParser::new())]
    pub(super) quiet: bool,

    /// Collected from all levels by `parameters`; clap's own global arguments would keep those of one level only.
    #[arg(skip)]
    pub(super) given: Vec<(String, String)>,
}

/// Adds `-p` at every level of the command, and the same ending to every help page.
pub(super) fn everywhere(command: Command, top: bool, after_help: &'static str) -> Command {
    let param = Arg::new(PARAM)
        .short('p')
        .value_name("NAME=VALUE")
        .help("A parameter of the playbook; repeatable. A list as `a,b`, a map as `k=v,k=v`, or either as JSON")
        .help_heading("Global options")
        .action(ArgAction::Append)
        .value_parser(params::split)
        .display_order(0);
    let param = if top { param.env(PARAM_VARIABLE).value_delimiter('\n').hide_env_values(true) } else { param };
    command.arg(param).after_long_help(after_help).mut_subcommands(move |sub| everywhere(sub, false, after_help))
}

/// The `-p` of all levels, in the order they stand on the command line; those of the environment count only if there are none.
pub(super) fn parameters(matches: &ArgMatches) -> Vec<(String, String)> {
    let mut typed = Vec::new();
    let mut from_environment = Vec::new();
    let mut level = Some(matches);
    while let Some(matches) = level {
        let found = matches.get_many::<(String, String)>(PARAM).into_iter().flatten().cloned();
        match matches.value_source(PARAM) {
            Some(clap::parser::ValueSource::EnvVariable) => from_environment.extend(found),
            _ => typed.extend(found),
        }
        level = matches.subcommand().map(|(_, below)| below);
    }
    if typed.is_empty() { from_environment } else { typed }
}
