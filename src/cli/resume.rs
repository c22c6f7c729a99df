//! `runner resume [RUN]`

use super::completions::Known;
use super::context::Context;
use super::given;
use super::history::History;
use super::play::{Plan, carry_out};
use crate::error::Error;
use crate::host::Playbook;
use crate::report::shell_word;
use crate::step::{Only, Selection};
use crate::wiring::Start;
use clap_complete::ArgValueCandidates;
use serde_json::{Map, Value};
use std::path::Path;

const EXAMPLES: &str = "\
Examples:
  runner resume                                  the last run that is not done
  runner resume 7k -p mail=other@example.com     a run by the beginning of its id, with another parameter
  runner resume 7k --without dev                 without the branch that is labelled `dev`
";

/// Go on with a run that failed, paused or was interrupted; the playbook may have been edited
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Args {
    /// Id of the run, or the beginning of it [default: the last run that is not done]
    #[arg(add = ArgValueCandidates::new(Known::Runs))]
    run: Option<String>,

    /// Why it goes on; kept with the run [default: what its last start or resume gave]
    #[arg(long, value_name = "TEXT", env = "RUNNER_REASON")]
    reason: Option<String>,

    /// Try only steps again that ended so; the other kind stays as it is, finished steps are replayed and new ones run
    #[arg(long, value_name = "KIND", env = "RUNNER_ONLY")]
    only: Option<Kind>,

    /// Leave out the branches of `parallel` and the scopes of this label; repeatable
    #[arg(long, value_name = "LABEL", env = "RUNNER_WITHOUT", value_delimiter = '\n')]
    without: Vec<String>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    Failed,
    Paused,
}

impl Args {
    fn selection(&self) -> Selection {
        let only = self.only.map(|kind| match kind {
            Kind::Failed => Only::Failed,
            Kind::Paused => Only::Paused,
        });
        // An empty variable of the environment names no label.
        let without = self.without.iter().filter(|label| !label.is_empty()).cloned().collect();
        Selection { only, without }
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8, Error> {
    let project = context.project()?;
    let found = History::read(&project, context.globals.target.as_deref())?.unfinished(args.run.as_deref())?;
    let summary = &found.summary;
    let start = found.journal.view(&summary.id)?.start;
    let target = project.config.target(Some(&found.target))?.clone();
    let environment = project.config.environment(summary.environment.as_deref())?.cloned();
    if let Some(asked) = context.globals.env.as_ref().filter(|asked| Some(*asked) != summary.environment.as_ref()) {
        return Err(Error::usage("other-environment", format!("run `{}` was not played in environment `{asked}`", summary.id))
            .hint("leave --env out: a run keeps its environment"));
    }
    let path = project.root.join(&summary.playbook);
    if !path.exists() {
        return Err(Error::usage("no-playbook", format!("the playbook `{}` of run `{}` is gone", summary.playbook, summary.id))
            .hint(format!(
                "put it back where it was (`git checkout -- {}`), then: runner resume {}",
                shell_word(&summary.playbook),
                summary.id
            ))
            .hint("or play another playbook: it looks at what is there"));
    }
    let playbook = Playbook::load(&path)?;
    let stored = stored(start.parameters);
    let params = given::parameters(context, &project, &playbook, Some((&summary.id, &stored)), environment.as_ref(), &target)?;
    let playbook_name = project.playbook_name(Path::new(&path))?;
    let reason = args.reason.clone().or(start.reason);
    let start = Start::Resume { run: summary.id.clone(), selection: args.selection() };
    carry_out(context, Plan { project, target, environment, playbook, playbook_name, params }, start, reason)
}

fn stored(parameters: Value) -> Map<String, Value> {
    match parameters {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
