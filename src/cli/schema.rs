//! `runner schema`

use super::context::Context;
use crate::error::Error;
use crate::project::SCHEMA;
use crate::report::print;

/// Print the JSON schema of runner.toml, for editors
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Examples:\n  runner schema > runner.schema.json     then, first line of runner.toml: #:schema ./runner.schema.json\n"
)]
pub(super) struct Args {}

pub(super) fn run(_: &Args, _: &Context) -> Result<u8, Error> {
    print(SCHEMA)?;
    Ok(0)
}
