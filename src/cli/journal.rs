//! `runner journal export|verify`

use super::completions::Known;
use super::context::Context;
use super::history::History;
use crate::error::Error;
use crate::project::Project;
use crate::report::{FORMAT, Output, plain, print_document, print_error, version};
use crate::step::{Journal, Sound};
use clap::Subcommand;
use clap_complete::ArgValueCandidates;
use serde_json::json;
use std::fmt::Write;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  runner journal export 7k2q | jq 'select(.entry.kind == \"intent\")'
  runner journal verify
  runner journal verify backup/base.journal
";

/// Read the journals themselves: all that is written of a run, and whether it is as it was written
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES, subcommand_required = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print everything that is written of a run, in order: an entry per line of JSON
    Export {
        /// Id of the run, or the beginning of it [default: the last run]
        #[arg(add = ArgValueCandidates::new(Known::Runs))]
        run: Option<String>,
    },
    /// Check that no entry was changed, lost or moved, and that the entries make sense
    Verify {
        /// A journal's file, or a run whose journal is meant [default: every journal of the project]
        #[arg(value_name = "PATH|RUN", add = ArgValueCandidates::new(Known::Runs))]
        which: Option<String>,
    },
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8, Error> {
    match &args.command {
        Command::Export { run } => export(context, run.as_deref()),
        Command::Verify { which } => verify(context, which.as_deref()),
    }
}

fn export(context: &Context, run: Option<&str>) -> Result<u8, Error> {
    let project = context.project()?;
    let found = History::read(&project, context.globals.target.as_deref())?.find(run)?;
    print_document(&version())?;
    for record in found.journal.entries(&found.summary.id)? {
        print_document(&json!({"type": "entry", "seq": record.seq, "run": record.run, "at": record.at, "entry": record.entry}))?;
    }
    Ok(0)
}

fn verify(context: &Context, which: Option<&str>) -> Result<u8, Error> {
    let project = context.project()?;
    let mut text = String::new();
    let mut documents = Vec::new();
    let mut code = 0;
    for path in journals(&project, context.globals.target.as_deref(), which)? {
        let name = path.strip_prefix(&project.folder).unwrap_or(&path).display().to_string();
        match Journal::open_existing(&path).and_then(|journal| journal.verify()) {
            Ok(Sound { entries, runs, pruned, head }) => {
                let taken = if pruned == 0 { String::new() } else { format!(" ({pruned} more were pruned)") };
                let _ = writeln!(text, "{}: sound: {entries} entries, runs: {runs}{taken}, head {head}", plain(&name));
                documents.push(json!({"journal": name, "entries": entries, "runs": runs, "pruned": pruned, "head": head}));
            }
            Err(error) => {
                code = error.kind.exit_code();
                if context.globals.output == Output::Text {
                    print_error(&error.text(context.stderr));
                }
                documents.push(json!({"journal": name, "error": error.json()}));
            }
        }
    }
    if documents.is_empty() {
        "no journal is here yet\n".clone_into(&mut text);
    }
    context.result(&json!({"type": "verify", "format": FORMAT, "journals": documents}), || text)?;
    Ok(code)
}

/// The files meant. One too damaged to tell its runs is found by its path, or with all of them.
fn journals(project: &Project, target: Option<&str>, which: Option<&str>) -> Result<Vec<PathBuf>, Error> {
    let Some(which) = which else {
        return Ok(project.state().journals(target)?.into_iter().map(|(_, path)| path).collect());
    };
    let path = project.path(Path::new(which));
    if path.is_file() {
        return Ok(vec![path]);
    }
    let found = History::read(project, target)?.find(Some(which))?;
    Ok(vec![found.journal.file().into()])
}
