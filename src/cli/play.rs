//! `runner play PLAYBOOK`

use super::completions::Known;
use super::confirmation::Confirmation;
use super::context::Context;
use super::given;
use super::hooks::{About, Hooks};
use super::interrupt::{Interrupt, guard};
use super::log::Log;
use super::prompts::{self, Terminal};
use super::resolve;
use crate::error::{Error, Kind};
use crate::host::{self, Playbook};
use crate::project::{Environment, Project, Target};
use crate::report::{End, Output, Reporter, command, plain, print_error, shell_word};
use crate::step::{Engine, Onward};
use crate::time::Time;
use crate::wiring::{self, Begin, Request, Start, TokenCode, Work};
use clap::builder::BoolishValueParser;
use clap_complete::ArgValueCandidates;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
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
    #[arg(add = ArgValueCandidates::new(Known::Playbooks))]
    playbook: PathBuf,

    /// Begin anew although an earlier run of it is unfinished; what that run left open is settled first
    #[arg(long, env = "RUNNER_FRESH", value_parser = BoolishValueParser::new())]
    fresh: bool,

    /// Why it is played; kept with the run
    #[arg(long, value_name = "TEXT", env = "RUNNER_REASON")]
    reason: Option<String>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8, Error> {
    carry_out(context, Plan::read(context, &args.playbook)?, Start::Play { fresh: args.fresh }, args.reason.clone())
}

/// A playbook with all that was said about it.
pub(super) struct Plan {
    pub(super) project: Project,
    pub(super) target: Target,
    pub(super) environment: Option<Environment>,
    pub(super) playbook: Playbook,
    pub(super) playbook_name: String,
    pub(super) params: Map<String, Value>,
    /// The playbook is the one that the run has stored, not that of its file.
    pub(super) pinned: bool,
}

impl Plan {
    /// By the flags.
    pub(super) fn read(context: &Context, path: &Path) -> Result<Plan, Error> {
        let project = context.project()?;
        let target = context.target(&project)?;
        let environment = project.config.environment(context.globals.env.as_deref())?.cloned();
        let playbook_name = project.playbook_name(path)?;
        let playbook = Playbook::load(&project.path(path))?;
        let params = given::parameters(context, &project, &playbook, None, environment.as_ref(), &target)?;
        Ok(Plan { project, target, environment, playbook, playbook_name, params, pinned: false })
    }

    pub(super) fn work(self, context: &Context, time: &Time, token_code: TokenCode) -> Work {
        let Plan { project, target, environment, playbook, playbook_name, params, pinned: _ } = self;
        let max_parallel = context.globals.max_parallel.into();
        Work {
            project,
            target,
            environment,
            playbook: Arc::new(playbook),
            playbook_name,
            params,
            max_parallel,
            time: time.clone(),
            token_code,
        }
    }
}

pub(super) fn real_time() -> Result<Time, Error> {
    Time::real().map_err(|error| Error::failed("no-threads", "cannot start the runtime").cause(error).hint("free some resources"))
}

/// Asks what has to be asked, plays, reports; gives the exit code.
pub(super) fn carry_out(context: &Context, mut plan: Plan, start: Start, reason: Option<String>) -> Result<u8, Error> {
    sound(&plan.playbook)?;
    let (yes, interactive) = (context.globals.yes, context.interactive);
    plan.target = prompts::pinned(plan.target, yes, interactive, &mut prompts::ask)?;
    let time = real_time()?;
    let mut settings = context.report(&plan.target);
    let (without, pinned) = match &start {
        Start::Play { .. } => (Vec::new(), None),
        Start::Resume { selection, .. } => (selection.without.clone(), plan.pinned.then(|| "--pinned".to_owned())),
    };
    let flags = settings.resume_flags.clone();
    settings.resume_flags.extend(pinned.clone());
    settings.resume_flags.extend(without_flags(&without));
    let confirmation = Confirmation::new(context, &plan.target);
    let again = settings.resume_flags.clone();
    let here = context.here();
    let reporter = Reporter::new(settings)?;
    let interrupt = Interrupt::default();
    let terminal = Arc::new(Terminal { reporter: reporter.clone(), interactive, yes });
    let (state, target) = (plan.project.state(), plan.target.name.clone());
    let holds_lease = || state.has_lease(&target);
    let hooks = hooks(&plan, &start, reason.clone(), &time, &interrupt);
    let log = Arc::new(Log::new(time.clone()));
    let ready = ready(context, &plan, hooks.clone(), Arc::clone(&log), reporter.clone());
    let (sink, logged, called) = (reporter.sink(), Arc::clone(&log), Arc::clone(&log));
    let (asked, drained, shown) = (Arc::clone(&terminal), interrupt.clone(), reporter.clone());
    let request = Request {
        work: plan.work(context, &time, Arc::new(move |serial: &str, again| asked.token_code(serial, again))),
        start,
        reason,
        sink: Arc::new(move |event| {
            logged.event(event);
            sink(event);
        }),
        ask: terminal,
        calls: Arc::new(move |call| called.call(call)),
        approve: Box::new(move |before| shown.suspend(|| confirmation.confirm(before, &mut prompts::ask))),
        ready,
        resume: Arc::new(move |run, onward| {
            Some(match onward {
                Onward::Resume { without } => {
                    let label = without.map(str::to_owned);
                    command("resume", run, &again.iter().cloned().chain(without_flags(&label)).collect::<Vec<_>>())
                }
                Onward::Resolve { step, resolution } => resolve::command(run, step, resolution, &here),
            })
        }),
        begun: Box::new(move |engine: Engine| drained.drains(move || engine.drain())),
    };
    let (told, over) = (reporter.clone(), interrupt.clone());
    let work = move || {
        let ended = wiring::run(request);
        // The engine goes with it, and with the engine the last hold on journal and world: SQLite folds its logs into them and closes.
        over.drains(|| {});
        let ended = ended?;
        if let Some(warning) = &ended.warning {
            told.suspend(|| print_error(&format!("warning: {}\n", plain(warning))));
        }
        let code = finish(&told, &ended, flags, pinned, &without, &hooks);
        if let Some(lost) = log.lost() {
            print_error(&format!("warning: the debug log is not whole: {}\n", plain(&lost)));
        }
        code
    };
    let ended = guard(&time, &interrupt, work).inspect_err(|_| reporter.close())?;
    let Some(ended) = ended else { return Ok(stopped(&reporter, holds_lease().then_some(&*target))) };
    ended.inspect_err(|_| reporter.close())
}

fn hooks(plan: &Plan, start: &Start, reason: Option<String>, time: &Time, interrupt: &Interrupt) -> Hooks {
    Hooks {
        commands: plan.project.config.hooks.clone(),
        folder: plan.project.root.clone(),
        time: time.clone(),
        interrupt: interrupt.clone(),
        about: About {
            playbook: plan.playbook_name.clone(),
            target: plan.target.name.clone(),
            environment: plan.environment.as_ref().map(|environment| environment.name.clone()),
            reason,
            resumed: matches!(start, Start::Resume { .. }),
        },
    }
}

/// What is done when nothing speaks against the run any more.
fn ready(context: &Context, plan: &Plan, hooks: Hooks, log: Arc<Log>, reporter: Reporter) -> Begin {
    let (state, target) = (plan.project.state(), plan.target.name.clone());
    let verbose = context.globals.verbose && context.globals.output == Output::Text;
    Box::new(move |beginning| {
        hooks.before(beginning)?;
        let path = state.log(&target, beginning.run);
        if verbose {
            let told = format!("journal {}\nlog {}\n", plain(beginning.journal), plain(&path.display().to_string()));
            reporter.suspend(|| print_error(&told));
        }
        log.open(&path)
    })
}

/// Reports how it ended, to people and to the hook.
fn finish(
    reporter: &Reporter,
    ended: &wiring::Ended,
    flags: Vec<String>,
    pinned: Option<String>,
    without: &[String],
    hooks: &Hooks,
) -> Result<u8, Error> {
    let done = ended.error.is_none() && ended.recap.status == crate::step::RunStatus::Done;
    let run = &ended.recap.run;
    let next = if done {
        // Looking needs no yes.
        command("show", run, &flags.into_iter().filter(|flag| flag != "--yes").collect::<Vec<_>>())
    } else {
        // A label that is none would be refused again.
        let refused = ended.error.as_ref().is_some_and(|error| error.code == "unknown-label");
        let without = without.iter().filter(|label| !refused || ended.recap.left_out.contains(*label));
        command("resume", run, &flags.into_iter().chain(pinned).chain(without_flags(without)).collect::<Vec<_>>())
    };
    let end = End { recap: &ended.recap, took: ended.took, error: ended.error.as_ref(), next: Some(&next) };
    let told = reporter.finish(&end);
    hooks.after(&reporter.recap(&end));
    told.map(|()| end.exit_code())
}

/// What a resume has left out stays out of the next only if it is said again.
pub(super) fn without_flags<'l>(labels: impl IntoIterator<Item = &'l String>) -> impl Iterator<Item = String> {
    labels.into_iter().flat_map(|label| ["--without".to_owned(), shell_word(label)])
}

/// A mistake that can be seen without running is refused before the first call.
pub(super) fn sound(playbook: &Playbook) -> Result<(), Error> {
    let mut errors = host::check(playbook).into_iter();
    let Some(first) = errors.next() else { return Ok(()) };
    Err(match errors.len() {
        0 => first,
        more => first.hint(format!("`runner check` shows this and {more} more")),
    })
}

/// The second Ctrl-C: nothing is waited for. `leased` is the target, if a lease of it stays.
fn stopped(reporter: &Reporter, leased: Option<&str>) -> u8 {
    reporter.abandon();
    prompts::stopped("stopped");
    if let Some(next) = reporter.continue_with() {
        print_error(&format!("what was under way is looked into when you continue:\n  {next}\n"));
    }
    if let Some(target) = leased {
        print_error(&format!(
            "until then nobody else can play on this account: the lease stays. To take it away all the same:\n  runner unlock --target {target}\n"
        ));
    }
    Kind::Interrupted.exit_code()
}
