//! `runner runs [prune]`

use super::context::Context;
use super::history::{History, moment, refuse, status_word};
use super::prune;
use crate::error::Error;
use crate::report::{FORMAT, took};
use clap::Subcommand;
use serde_json::json;

/// List the runs of this project, the last one at the end
#[derive(Debug, clap::Args)]
#[command(before_help = "Examples:\n  runner runs\n  runner runs --target prod --output json\n  runner runs prune --keep 10\n")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Prune(prune::Args),
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8, Error> {
    if let Some(Command::Prune(args)) = &args.command {
        return prune::run(args, context);
    }
    let project = context.project()?;
    let history = History::read(&project, context.globals.target.as_deref())?;
    let documents: Vec<_> = history
        .runs
        .iter()
        .map(|run| {
            let summary = &run.summary;
            json!({
                "run": summary.id, "playbook": summary.playbook, "target": run.target, "environment": summary.environment,
                "status": summary.status, "reason": summary.reason, "started": summary.started, "finished": summary.finished,
            })
        })
        .collect();
    let rows: Vec<Vec<String>> = history
        .runs
        .iter()
        .map(|run| {
            let summary = &run.summary;
            let lasted = summary.finished.and_then(|finished| finished.duration_since(summary.started).try_into().ok());
            vec![
                summary.id.clone(),
                summary.playbook.clone(),
                run.target.clone(),
                summary.environment.clone().unwrap_or_else(|| "-".into()),
                status_word(summary.status).into(),
                moment(summary.started),
                lasted.map_or_else(|| "-".into(), took),
                summary.reason.clone().unwrap_or_else(|| "-".into()),
            ]
        })
        .collect();
    if documents.is_empty() {
        // "No run" would be untrue where one cannot be read.
        refuse(history.unreadable.clone())?;
    }
    let document = json!({"type": "runs", "format": FORMAT, "runs": documents});
    let header = ["RUN", "PLAYBOOK", "TARGET", "ENV", "STATUS", "STARTED", "TOOK", "REASON"];
    let code = context.rows(&document, &header, &rows, "no run is written down here yet")?;
    refuse(history.unreadable)?;
    Ok(code)
}
