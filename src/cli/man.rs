//! `runner man [DIR]`

use super::app;
use super::context::Context;
use crate::error::Error;
use crate::project::Project;
use crate::report::print;
use clap::Command;
use clap_mangen::Man;
use std::fs;
use std::path::{Path, PathBuf};

/// Print the man page, or write one page for every command into a folder
#[derive(Debug, clap::Args)]
#[command(before_help = "Examples:\n  runner man | man -l -\n  runner man ~/.local/share/man/man1\n")]
pub(super) struct Args {
    /// Folder for `runner.1`, `runner-play.1` …; it is made if it is not there
    folder: Option<PathBuf>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8, Error> {
    let mut command = examples_too(app::command());
    command.build();
    let Some(folder) = &args.folder else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page).map_err(|error| {
            Error::failed("internal", "cannot make the man page").cause(error).hint("nothing was done; please report it")
        })?;
        print(&String::from_utf8_lossy(&page))?;
        return Ok(0);
    };
    let folder = Project::folder(context.globals.dir.as_deref())?.join(folder);
    fs::create_dir_all(&folder).and_then(|()| clap_mangen::generate_to(command, &folder)).map_err(|error| unwritable(&folder, error))?;
    Ok(0)
}

fn unwritable(folder: &Path, error: std::io::Error) -> Error {
    Error::failed("unwritable-folder", format!("cannot write to `{}`", folder.display()))
        .cause(error)
        .hint("give a folder you may write to")
}

/// The examples stand above the help, where clap_mangen does not look.
fn examples_too(command: Command) -> Command {
    let examples = command.get_before_help().map(ToString::to_string).unwrap_or_default();
    let after = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    // A page for every page of help would be too many.
    command.after_long_help(format!("{examples}\n{after}")).disable_help_subcommand(true).mut_subcommands(examples_too)
}
