//! `runner check PLAYBOOK…`

use super::completions::Known;
use super::context::Context;
use crate::error::Error;
use crate::host::{self, Playbook};
use crate::report::{FORMAT, Output, explain, plain, print_error};
use clap_complete::ArgValueCandidates;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;

/// Check playbooks without playing them: syntax, names, parameters, what would be lost in a parallel branch
#[derive(Debug, clap::Args)]
#[command(before_help = "Examples:\n  runner check multi-account.rhai\n  runner check playbooks/*.rhai --output json\n")]
pub(super) struct Args {
    /// The scripts to check
    #[arg(required = true, add = ArgValueCandidates::new(Known::Playbooks))]
    playbooks: Vec<PathBuf>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8, Error> {
    let project = context.project()?;
    let mut code = 0;
    let mut documents = Vec::new();
    let mut codes = Vec::new();
    let mut text = String::new();
    for path in &args.playbooks {
        let errors = Playbook::load(&project.path(path)).map_or_else(|error| vec![error], |playbook| host::check(&playbook));
        let name = path.display().to_string();
        if errors.is_empty() {
            let _ = writeln!(text, "{}: ok", plain(&name));
        }
        for error in &errors {
            code = code.max(error.kind.exit_code());
            if context.globals.output == Output::Text {
                print_error(&error.text(context.stderr));
            }
        }
        codes.extend(errors.iter().map(|error| error.code.clone()));
        let errors: Vec<Value> = errors.iter().map(Error::json).collect();
        documents.push(json!({"playbook": name, "errors": errors}));
    }
    if context.globals.output == Output::Text {
        print_error(&explain(codes.iter().map(|code| &**code), context.stderr));
    }
    context.result(&json!({"type": "check", "format": FORMAT, "playbooks": documents}), || text)?;
    Ok(code)
}
