//! `runner play PLAYBOOK`

use super::context::Context;
use super::given;
use super::interrupt::{Interrupt, guard};
use super::prompts::{self, Terminal};
use crate::error::{Error, Kind};
use crate::host::{self, Playbook};
use crate::project::{Environment, Project, Target};
use crate::report::{End, Reporter, command, print_error, shell_word};
use crate::step::Engine;
use crate::time::Time;
use crate::wiring::{self, Request, Start};
use clap::builder::BoolishValueParser;
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::Arc;

const EXAMPLES: &str = "\
Examples:
  runner play multi-account.rhai -p mail=aws@example.com
  runner play multi-account.rhai --params people.toml --target prod --env stage
";

/// Play a playbook: look at what is there and make it so, step by checkpointed step
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Args {
    /// The script to play
    playbook: PathBuf,

    /// Begin anew although an earlier run of it is unfinished; what that run left open is settled first
    #[arg(long, env = "RUNNER_FRESH", value_parser = BoolishValueParser::new())]
    fresh: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8, Error> {
    let project = context.project()?;
    let target = context.target(&project)?;
    let environment = project.config.environment(context.globals.env.as_deref())?.cloned();
    let playbook_name = project.playbook_name(&args.playbook)?;
    let playbook = Playbook::load(&project.path(&args.playbook))?;
    let params = given::parameters(context, &project, &playbook, None, environment.as_ref(), &target)?;
    let start = Start::Play { fresh: args.fresh };
    carry_out(context, Plan { project, target, environment, playbook, playbook_name, params, start })
}

/// A run with everything about it decided.
pub(super) struct Plan {
    pub(super) project: Project,
    pub(super) target: Target,
    pub(super) environment: Option<Environment>,
    pub(super) playbook: Playbook,
    pub(super) playbook_name: String,
    pub(super) params: Map<String, Value>,
    pub(super) start: Start,
}

/// Asks what has to be asked, plays, reports; gives the exit code.
pub(super) fn carry_out(context: &Context, plan: Plan) -> Result<u8, Error> {
    let Plan { project, target, environment, playbook, playbook_name, params, start } = plan;
    sound(&playbook)?;
    let (yes, interactive) = (context.globals.yes, context.interactive);
    let target = prompts::approve(target, &playbook_name, yes, interactive, &mut prompts::ask)?;
    let time =
        Time::real().map_err(|error| Error::failed("no-threads", "cannot start the runtime").cause(error).hint("free some resources"))?;
    let mut settings = context.report(&target);
    let flags = settings.resume_flags.clone();
    let without = match &start {
        Start::Play { .. } => Vec::new(),
        Start::Resume { selection, .. } => selection.without.clone(),
    };
    settings.resume_flags.extend(without_flags(&without));
    let reporter = Reporter::new(settings)?;
    let interrupt = Interrupt::default();
    let terminal = Arc::new(Terminal { reporter: reporter.clone(), interactive, yes });
    let (asked, drained) = (Arc::clone(&terminal), interrupt.clone());
    let request = Request {
        project,
        target,
        environment,
        playbook: Arc::new(playbook),
        playbook_name,
        params,
        start,
        max_parallel: context.globals.max_parallel.into(),
        time: time.clone(),
        sink: reporter.sink(),
        ask: terminal,
        token_code: Arc::new(move |serial| asked.token_code(serial)),
        begun: Box::new(move |engine: Engine| drained.drains(move || engine.drain())),
    };
    let ended = guard(&time, &interrupt, move || wiring::run(request)).inspect_err(|_| reporter.close())?;
    let Some(ended) = ended else { return Ok(stopped(&reporter)) };
    let ended = ended.inspect_err(|_| reporter.close())?;
    let done = ended.error.is_none() && ended.recap.status == crate::step::RunStatus::Done;
    let run = &ended.recap.run;
    let next = if done {
        command("show", run, &flags)
    } else {
        // A label that is none would be refused again.
        let refused = ended.error.as_ref().is_some_and(|error| error.code == "unknown-label");
        let without = without.iter().filter(|label| !refused || ended.recap.left_out.contains(*label));
        command("resume", run, &flags.into_iter().chain(without_flags(without)).collect::<Vec<_>>())
    };
    let end = End { recap: &ended.recap, took: ended.took, error: ended.error.as_ref(), next: Some(&next) };
    reporter.finish(&end)?;
    Ok(end.exit_code())
}

/// What a resume has left out stays out of the next only if it is said again.
pub(super) fn without_flags<'l>(labels: impl IntoIterator<Item = &'l String>) -> impl Iterator<Item = String> {
    labels.into_iter().flat_map(|label| ["--without".to_owned(), shell_word(label)])
}

/// A mistake that can be seen without running is refused before the first call.
fn sound(playbook: &Playbook) -> Result<(), Error> {
    let mut errors = host::check(playbook).into_iter();
    let Some(first) = errors.next() else { return Ok(()) };
    Err(match errors.len() {
        0 => first,
        more => first.hint(format!("`runner check` shows this and {more} more")),
    })
}

/// The second Ctrl-C: nothing is waited for.
fn stopped(reporter: &Reporter) -> u8 {
    reporter.abandon();
    print_error("stopped\n");
    if let Some(next) = reporter.continue_with() {
        print_error(&format!("what was under way is looked into when you continue:\n  {next}\n"));
    }
    Kind::Interrupted.exit_code()
}
