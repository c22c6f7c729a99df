//! `runner definitions [DIR]`

use super::context::Context;
use crate::error::Error;
use crate::host;
use crate::project::Project;
use crate::report::print;
use std::fs;
use std::path::{Path, PathBuf};

/// Print what scripts can call, as Rhai definitions for editors; into a folder, with the standard modules beside
#[derive(Debug, clap::Args)]
#[command(before_help = "Examples:\n  runner definitions > runner.d.rhai\n  runner definitions .rhai\n")]
pub(super) struct Args {
    /// Folder for `runner.d.rhai` and `std/…`; it is made if it is not there, and files of these names are replaced
    folder: Option<PathBuf>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8, Error> {
    let Some(folder) = &args.folder else {
        print(&host::definitions())?;
        return Ok(0);
    };
    let folder = Project::folder(context.globals.dir.as_deref())?.join(folder);
    write(&folder.join("runner.d.rhai"), &host::definitions())?;
    for (name, text) in host::standard_modules() {
        write(&folder.join(format!("{name}.rhai")), text)?;
    }
    Ok(0)
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, text)).map_err(|error| {
        Error::failed("unwritable-folder", format!("cannot write `{}`", path.display())).cause(error).hint("give a folder you may write to")
    })
}
