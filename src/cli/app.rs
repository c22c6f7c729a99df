//! The program: its subcommands, the one match, and what becomes of an error.

use super::args::{Globals, everywhere, parameters};
use super::context::Context;
use super::{
    check, completions, definitions, explain, journal, list, man, new, output, play, preflight, rehearse, resolve, resume, runs, sandbox,
    schema, show, unlock,
};
use crate::error::Error;
use crate::report::show_error;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;

const USAGE: u8 = 64;

const EXAMPLES: &str = "\
Examples:
  runner play multi-account.rhai -p mail=aws@example.com     play on the sandbox
  runner play multi-account.rhai --target prod               play on AWS
  runner resume                                              go on with the last run
  runner output 7k2q role                                    one output of a run
";

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    the script, its input or a step failed
  2    kept for `plan --detailed-exitcode`
  3    declined
  4    credentials missing, expired or of another account
  5    kept for a failed expectation
  6    paused; the run can be resumed
  7    another runner holds the target, or the lease of its account
  64   command line, parameter or unknown target
  130  interrupted";

/// Plays Rhai playbooks that bootstrap AWS organisations, step by checkpointed step
#[derive(Debug, Parser)]
#[command(name = "runner", version, before_help = EXAMPLES, subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Play(play::Args),
    Preflight(preflight::Args),
    Rehearse(rehearse::Args),
    Resume(resume::Args),
    Resolve(resolve::Args),
    Unlock(unlock::Args),
    Runs(runs::Args),
    Show(show::Args),
    Output(output::Args),
    Check(check::Args),
    List(list::Args),
    Explain(explain::Args),
    Sandbox(sandbox::Args),
    New(new::Args),
    Journal(journal::Args),
    Completions(completions::Args),
    Man(man::Args),
    Schema(schema::Args),
    Definitions(definitions::Args),
}

impl Command {
    /// The exit code of what was done, or the error it ended with.
    fn run(self, context: &Context) -> Result<u8, Error> {
        match self {
            Command::Play(args) => play::run(&args, context),
            Command::Preflight(args) => preflight::run(&args, context),
            Command::Rehearse(args) => rehearse::run(&args, context),
            Command::Resume(args) => resume::run(&args, context),
            Command::Resolve(args) => resolve::run(&args, context),
            Command::Unlock(args) => unlock::run(&args, context),
            Command::Runs(args) => runs::run(&args, context),
            Command::Show(args) => show::run(&args, context),
            Command::Output(args) => output::run(&args, context),
            Command::Check(args) => check::run(&args, context),
            Command::List(args) => list::run(&args, context),
            Command::Explain(args) => explain::run(&args, context),
            Command::Sandbox(args) => sandbox::run(&args, context),
            Command::New(args) => new::run(&args, context),
            Command::Journal(args) => journal::run(&args, context),
            Command::Completions(args) => completions::run(&args, context),
            Command::Man(args) => man::run(&args, context),
            Command::Schema(args) => schema::run(&args, context),
            Command::Definitions(args) => definitions::run(&args, context),
        }
    }
}

/// Runs the program with the arguments given, its own name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let parsed = completions::answer(&arguments).and_then(|answered| if answered { Ok(None) } else { parse(arguments).map(Some) });
    let cli = match parsed {
        Ok(Some(cli)) => cli,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            // Help asked for goes to stdout, a mistake to stderr; a reader that has gone away is no error.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    let context = Context::new(cli.globals);
    let code = cli.command.run(&context).unwrap_or_else(|error| {
        let shown = show_error(&error, context.globals.output, context.stderr);
        shown.map_or_else(|unwritable| unwritable.kind.exit_code(), |()| error.kind.exit_code())
    });
    ExitCode::from(code)
}

/// The command line's definition.
pub(super) fn command() -> clap::Command {
    everywhere(Cli::command(), true, EXIT_CODES)
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(arguments)?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    cli.globals.given = parameters(&matches);
    Ok(cli)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::error::ErrorKind;

    fn parsed(line: &str) -> Result<Cli, clap::Error> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn the_definition_holds_together() {
        command().debug_assert();
    }

    #[test]
    fn every_flag_has_its_variable() {
        fn check(command: &clap::Command) {
            for flag in command.get_arguments().filter(|argument| !argument.is_positional()) {
                let name = flag.get_id().as_str();
                // `-p` is read from the environment at the top alone, and counts everywhere.
                let needs_none = matches!(name, "help" | "version" | "param");
                let has = flag.get_env().is_some_and(|variable| variable.to_string_lossy().starts_with("RUNNER_"));
                assert!(has || needs_none, "{} --{name}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        check(&command());
        assert!(command().get_arguments().any(|argument| argument.get_id() == "param" && argument.get_env().is_some()));
    }

    #[test]
    fn flags_stand_before_and_behind_the_subcommand() {
        for line in ["runner --target prod -p a=1 play x.rhai -p b=2", "runner play -p a=1 x.rhai --target prod -p b=2"] {
            let cli = parsed(line).unwrap();
            assert_eq!(cli.globals.target.as_deref(), Some("prod"), "{line}");
            let given: Vec<_> = cli.globals.given.iter().map(|(name, value)| format!("{name}={value}")).collect();
            assert_eq!(given, ["a=1", "b=2"], "{line}");
        }
        let cli = parsed("runner sandbox show --output json -C there").unwrap();
        assert_eq!(cli.globals.dir.unwrap(), std::path::Path::new("there"));
    }

    #[test]
    fn usage_errors_name_what_was_meant() {
        for (line, kind, said) in [
            ("runner paly x", ErrorKind::InvalidSubcommand, "play"),
            ("runner play x --targt prod", ErrorKind::UnknownArgument, "--target"),
            ("runner play", ErrorKind::MissingRequiredArgument, "PLAYBOOK"),
            ("runner play x -p mail", ErrorKind::ValueValidation, "NAME=VALUE"),
            ("runner play x --output xml", ErrorKind::InvalidValue, "json"),
            ("runner play x --max-parallel 0", ErrorKind::ValueValidation, "512"),
            ("runner play x -v -q", ErrorKind::ArgumentConflict, "--quiet"),
            ("runner", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand, "Usage"),
        ] {
            let error = parsed(line).unwrap_err();
            assert_eq!(error.kind(), kind, "{line}");
            assert!(error.use_stderr() && error.to_string().contains(said), "{line}: {error}");
        }
    }

    #[test]
    fn help_has_examples_first_and_exit_codes_last() {
        let error = parsed("runner --help").unwrap_err();
        let help = error.to_string();
        assert!(!error.use_stderr());
        assert!(help.starts_with("Examples:") && help.trim_end().ends_with("130  interrupted"), "{help}");
        assert!(help.contains("[env: RUNNER_TARGET=]"), "{help}");
        assert!(parsed("runner play --help").unwrap_err().to_string().trim_end().ends_with("130  interrupted"));
        assert!(!parsed("runner --version").unwrap_err().use_stderr());
    }
}
