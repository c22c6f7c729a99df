//! `runner resume [RUN]`

use super::completions::Known;
use super::context::Context;
use super::given;
use super::history::History;
use super::play::{Plan, carry_out};
use crate::error::Error;
use crate::host::{Playbook, describe};
use crate::project::params::{self, Source};
use crate::report::shell_word;
use crate::step::{Only, RunStart, RunSummary, Selection};
use crate::wiring::Start;
use clap::builder::BoolishValueParser;
use clap_complete::ArgValueCandidates;
use serde_json::{Map, Value};
use std::path::Path;

const EXAMPLES: &str = "\
Examples:
  runner resume                                  the last run that is not done
  runner resume 7k -p mail=other@example.com     a run by the beginning of its id, with another parameter
  runner resume 7k --without dev                 without the branch that is labelled `dev`
  runner resume 7k --pinned                      from the text it was last started with, whatever became of the file
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

    /// Play the playbook and its modules as they were when the run was last started or resumed, with the parameters of then
    #[arg(long, env = "RUNNER_PINNED", value_parser = BoolishValueParser::new())]
    pinned: bool,
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
    let reason = args.reason.clone().or(start.reason.clone());
    let stored = stored(start.parameters.clone());
    let (playbook, params) = if args.pinned {
        given::none(context)?;
        let playbook = pinned(start, &path)?;
        let params = params::resolve(&describe(&playbook).parameters, &[Source::Run(&summary.id, &stored)])?;
        (playbook, params)
    } else {
        let playbook = there(&path, summary)?;
        let params = given::parameters(context, &project, &playbook, Some((&summary.id, &stored)), environment.as_ref(), &target)?;
        (playbook, params)
    };
    let start = Start::Resume { run: summary.id.clone(), selection: args.selection() };
    let plan = Plan { playbook_name: summary.playbook.clone(), project, target, environment, playbook, params, pinned: args.pinned };
    carry_out(context, plan, start, reason)
}

/// The playbook as it is now, where it was.
fn there(path: &Path, summary: &RunSummary) -> Result<Playbook, Error> {
    if path.exists() {
        return Playbook::load(path);
    }
    let (playbook, run) = (&summary.playbook, &summary.id);
    Err(Error::usage("no-playbook", format!("the playbook `{playbook}` of run `{run}` is gone"))
        .hint(format!("put it back where it was (`git checkout -- {}`), then: runner resume {run}", shell_word(playbook)))
        .hint(format!("go on with its text of then: runner resume {run} --pinned"))
        .hint("or play another playbook: it looks at what is there"))
}

/// The playbook as the run has stored it.
fn pinned(start: RunStart, path: &Path) -> Result<Playbook, Error> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Playbook::from_stored(&name, start.text, start.modules, path.parent().unwrap_or(Path::new(".")))
}

fn stored(parameters: Value) -> Map<String, Value> {
    match parameters {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
