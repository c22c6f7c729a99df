//! `runner sandbox show|operations|reset|serve`

use super::context::Context;
use super::interrupt::{Interrupt, guard};
use crate::error::Error;
use crate::report::{FORMAT, Output, print, print_document, print_error, table};
use crate::time::Time;
use crate::wiring;
use clap::Subcommand;
use serde_json::json;

/// Look into the embedded AWS, begin it anew, or offer it to other tools
#[derive(Debug, clap::Args)]
#[command(before_help = "Examples:\n  runner sandbox show --output json\n  runner sandbox serve --port 4600\n", subcommand_required = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what is there; as JSON, the whole estate in canonical form
    Show,
    /// List the AWS operations it offers
    Operations,
    /// Begin with an empty world; the journals of the runs on it go, too
    Reset,
    /// Answer on a port of this machine, for other tools, until Ctrl-C
    Serve {
        /// Port on 127.0.0.1; 0 takes a free one
        #[arg(long, value_name = "PORT", env = "RUNNER_PORT", default_value_t = 0)]
        port: u16,
    },
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8, Error> {
    match args.command {
        Command::Show => show(context),
        Command::Operations => operations(context),
        Command::Reset => reset(context),
        Command::Serve { port } => serve(context, port),
    }
}

fn show(context: &Context) -> Result<u8, Error> {
    let project = context.project()?;
    let target = context.target(&project)?;
    let estate = wiring::sandbox_estate(&project, &target)?;
    let organization = estate.organization.as_ref();
    let rows: Vec<Vec<String>> = estate
        .accounts
        .values()
        .map(|account| {
            let unit = account.parent.as_ref().map_or("-", |parent| {
                organization.and_then(|organization| organization.units.get(parent)).map_or(parent.as_str(), |unit| unit.name.as_str())
            });
            let iam = &account.iam;
            let policies = iam.policies.values().filter(|policy| !policy.is_lease()).count();
            let counts = [iam.users.len(), iam.groups.len(), iam.roles.len(), policies].map(|count| count.to_string());
            let mut row = vec![
                account.id.clone(),
                account.name.clone(),
                account.email.clone(),
                json!(account.state).as_str().unwrap_or_default().to_owned(),
                unit.to_owned(),
            ];
            row.extend(counts);
            row
        })
        .collect();
    let header = ["ACCOUNT", "NAME", "EMAIL", "STATE", "UNIT", "USERS", "GROUPS", "ROLES", "POLICIES"];
    context.result(&wiring::canonical(&estate), || table(&header, &rows))
}

fn operations(context: &Context) -> Result<u8, Error> {
    let operations = wiring::sandbox_operations();
    let items: Vec<_> = operations.iter().map(|(service, name)| json!({"service": service, "name": name})).collect();
    let rows: Vec<Vec<String>> = operations.iter().map(|(service, name)| vec![(*service).to_owned(), (*name).to_owned()]).collect();
    let document = json!({"type": "operations", "format": FORMAT, "operations": items});
    context.result(&document, || table(&["SERVICE", "OPERATION"], &rows))
}

fn reset(context: &Context) -> Result<u8, Error> {
    let project = context.project()?;
    let target = context.target(&project)?;
    let journals = wiring::sandbox_reset(&project, &target, &time()?)?;
    let document = json!({"type": "reset", "format": FORMAT, "target": target.name, "journals": journals});
    let s = if journals == 1 { "" } else { "s" };
    context.result(&document, || format!("the world of `{}` is empty again; {journals} journal{s} removed\n", target.name))
}

fn serve(context: &Context, port: u16) -> Result<u8, Error> {
    let project = context.project()?;
    let target = context.target(&project)?;
    let (output, served_on) = (context.globals.output, time()?);
    let time = served_on.clone();
    let serving = move || {
        wiring::sandbox_serve(&project, &target, &served_on, port, |served| {
            let pairs = [
                ("AWS_ENDPOINT_URL", served.endpoint_url.as_str()),
                ("AWS_ACCESS_KEY_ID", &served.access_key_id),
                ("AWS_SECRET_ACCESS_KEY", &served.secret_access_key),
                ("AWS_REGION", "us-east-1"),
            ];
            let told = match output {
                Output::Json => print_document(&pairs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()),
                Output::Text => print(&(pairs.map(|(name, value)| format!("export {name}={value}")).join("\n") + "\n")),
            };
            told.unwrap_or_else(|error| print_error(&error.to_string()));
            print_error("serving; Ctrl-C ends it\n");
        })
    };
    // Ctrl-C is how it is meant to end.
    guard(&time, &Interrupt::default(), serving)?.map_or(Ok(0), |ended| ended.map(|()| 0))
}

fn time() -> Result<Time, Error> {
    Time::real().map_err(|error| Error::failed("no-threads", "cannot start the runtime").cause(error).hint("free some resources"))
}
