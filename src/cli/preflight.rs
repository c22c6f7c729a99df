//! `runner preflight PLAYBOOK`

use super::context::Context;
use super::interrupt::{Interrupt, guard};
use super::play::{Plan, real_time, sound};
use super::prompts;
use crate::error::{Error, Kind};
use crate::report;
use crate::wiring;
use std::path::PathBuf;
use std::sync::Arc;

const EXAMPLES: &str = "\
Examples:
  runner preflight multi-account.rhai -p mail=aws@example.com
  runner preflight multi-account.rhai --target prod --output json
";

/// See whether a playbook fits its target: accounts and quota, addresses, names, policy sizes. Nothing is touched
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Args {
    /// The script to look at
    playbook: PathBuf,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8, Error> {
    let plan = Plan::read(context, &args.playbook)?;
    sound(&plan.playbook)?;
    let time = real_time()?;
    let interactive = context.interactive;
    let token_code = Arc::new(move |serial: &str, again| prompts::token_code(serial, again, interactive));
    let work = plan.work(context, &time, token_code);
    let preflight = guard(&time, &Interrupt::default(), move || wiring::preflight(&work))?;
    let Some(preflight) = preflight else {
        prompts::stopped("stopped; nothing was touched");
        return Ok(Kind::Interrupted.exit_code());
    };
    let preflight = preflight?;
    let paint = context.stdout;
    let text = || format!("{}\n{}\n", report::preflight(&preflight, paint), report::fits(&preflight, paint));
    context.result(&report::preflight_document(&preflight), text)?;
    Ok(if preflight.fits() { 0 } else { Kind::Failed.exit_code() })
}
