//! `runner completions SHELL`, and what is offered for words only this project knows: runs, playbooks, targets, environments.

use super::app;
use super::context::Context;
use super::history::{History, status_word};
use super::list;
use crate::error::Error;
use crate::project::Project;
use crate::report::print;
use clap_complete::engine::{CompletionCandidate, ValueCandidates};
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};
use std::env;
use std::ffi::OsString;
use std::path::Path;

/// Set by the shell's script when it asks for candidates; names the shell.
const VARIABLE: &str = "RUNNER_COMPLETE";

/// Print what makes a shell complete commands, flags, runs, playbooks and targets
#[derive(Debug, clap::Args)]
#[command(before_help = "Examples:\n  runner completions bash > ~/.local/share/bash-completion/completions/runner\n  \
                         runner completions fish > ~/.config/fish/completions/runner.fish\n  \
                         source <(runner completions zsh)\n")]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &Args, _: &Context) -> Result<u8, Error> {
    let failed = |reason: String| {
        Error::failed("internal", format!("cannot write the completions for {}", args.shell))
            .cause(reason)
            .hint("nothing was done; please report it")
    };
    let shells = Shells::builtins();
    let shell = shells.completer(&args.shell.to_string()).ok_or_else(|| failed("the shell is not supported".to_owned()))?;
    let mut script = Vec::new();
    shell.write_registration(VARIABLE, "runner", "runner", "runner", &mut script).map_err(|error| failed(error.to_string()))?;
    print(&String::from_utf8_lossy(&script))?;
    Ok(0)
}

/// Answers a shell that asks for candidates; false when it is an ordinary command line.
pub(super) fn answer(arguments: &[OsString]) -> Result<bool, clap::Error> {
    let here = env::current_dir().ok();
    CompleteEnv::with_factory(app::command).var(VARIABLE).try_complete(arguments, here.as_deref())
}

/// The project of the current folder, or of `RUNNER_DIR`. Somebody who presses TAB is shown no error: there is just nothing to offer.
fn project() -> Option<Project> {
    let folder = env::var_os("RUNNER_DIR");
    Project::find(folder.as_deref().map_or(Path::new("."), Path::new)).ok()
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Known {
    Runs,
    Playbooks,
    Targets,
    Environments,
}

impl ValueCandidates for Known {
    fn candidates(&self) -> Vec<CompletionCandidate> {
        project().map(|project| self.of(&project)).unwrap_or_default()
    }
}

impl Known {
    fn of(self, project: &Project) -> Vec<CompletionCandidate> {
        match self {
            Known::Runs => {
                // Newest first.
                let runs = History::read(project, None).map(|history| history.runs).unwrap_or_default();
                let told = runs.iter().rev().map(|run| {
                    let help = format!("{} on {}, {}", run.summary.playbook, run.target, status_word(run.summary.status));
                    CompletionCandidate::new(&run.summary.id).help(Some(help.into()))
                });
                told.collect()
            }
            Known::Playbooks => {
                let names = list::playbooks(project).unwrap_or_default();
                // As typed from the folder one is in.
                let below = project.folder.strip_prefix(&project.root).unwrap_or(Path::new(""));
                let up: String = below.components().map(|_| "../").collect();
                names.into_iter().map(|name| CompletionCandidate::new(format!("{up}{name}"))).collect()
            }
            Known::Targets => project.config.targets.keys().map(CompletionCandidate::new).collect(),
            Known::Environments => project.config.environments.keys().map(CompletionCandidate::new).collect(),
        }
    }
}
