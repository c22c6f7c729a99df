//! `runner unlock`

use super::context::Context;
use super::play::real_time;
use super::prompts;
use crate::error::{Error, Kind};
use crate::report::{FORMAT, plain, print_error};
use crate::wiring::Unlock;
use serde_json::json;
use std::sync::Arc;

const EXAMPLES: &str = "\
Examples:
  runner unlock --target live           who holds the lease, and whether to take it away
  runner unlock --target live --yes
";

/// Take away the lease of an AWS target whose runner has died on another machine
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Args {}

pub(super) fn run(_: &Args, context: &Context) -> Result<u8, Error> {
    let project = context.project()?;
    let target = context.target(&project)?;
    // A yes is asked for once it is known who holds it.
    let target = prompts::pinned(target, true, context.interactive, &mut prompts::ask)?;
    let interactive = context.interactive;
    let token_code = Arc::new(move |serial: &str, again| prompts::token_code(serial, again, interactive));
    let unlock = Unlock::look(&project, &target, &real_time()?, token_code)?;
    let (account, name) = (&unlock.account, &target.name);
    let Some((arn, holder)) = unlock.held() else {
        let document = json!({"type": "unlock", "format": FORMAT, "target": name, "account": account, "holder": null, "removed": false});
        return context.result(&document, || format!("nobody holds the lease of account {account}\n"));
    };
    let who =
        holder.map_or_else(|| "somebody, but its policy does not tell who".to_owned(), |holder| plain(&holder.to_string()).into_owned());
    let told = format!("the lease of account {account} is held by {who}\n{:4}{}\n", "", plain(arn));
    confirm(context, &told)?;
    let removed = unlock.remove()?;
    let document =
        json!({"type": "unlock", "format": FORMAT, "target": name, "account": account, "arn": arn, "holder": holder, "removed": removed});
    context.result(&document, || {
        if removed { "the lease is taken away\n".to_owned() } else { "it was given back meanwhile; nothing was taken away\n".to_owned() }
    })
}

fn confirm(context: &Context, told: &str) -> Result<(), Error> {
    print_error(told);
    if context.globals.yes {
        return Ok(());
    }
    if !context.interactive {
        return Err(Error::usage("not-confirmed", "taking a lease away needs a yes, and nobody can be asked")
            .hint("make sure that the run is dead, then add --yes, or set RUNNER_YES=1"));
    }
    print_error("If that run still works, two will change the same account, and may make accounts twice.\n");
    if prompts::ask("Is it dead, and may its lease be taken away? Only `yes` goes on: ")? == "yes" {
        return Ok(());
    }
    Err(Error::new(Kind::Declined, "declined", "not confirmed; the lease is as it was").hint("type `yes`, or add --yes"))
}
