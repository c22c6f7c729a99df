//! The parameters of a playbook, from all the places they may be given in.

use super::context::Context;
use crate::error::Error;
use crate::host::{self, Playbook};
use crate::project::params::{self, Source};
use crate::project::{Environment, Project, Target};
use serde_json::{Map, Value};
use std::fs;

/// A file's name and the values in it.
type Named = (String, Map<String, Value>);

/// The values given: `-p` before `--params`, before what the run was started with (id and values), before environment and target.
pub(super) fn parameters(
    context: &Context,
    project: &Project,
    playbook: &Playbook,
    run: Option<(&str, &Map<String, Value>)>,
    environment: Option<&Environment>,
    target: &Target,
) -> Result<Map<String, Value>, Error> {
    let file = file(context, project)?;
    let mut sources = vec![Source::Flags(&context.globals.given)];
    sources.extend(file.as_ref().map(|(name, values)| Source::File(name, values)));
    sources.extend(run.map(|(id, values)| Source::Run(id, values)));
    sources.extend(environment.map(|environment| Source::Environment(&environment.name, &environment.params)));
    sources.push(Source::Target(&target.name, &target.params));
    params::resolve(&host::describe(playbook).parameters, &sources)
}

/// Fails if any value is given.
pub(super) fn none(context: &Context) -> Result<(), Error> {
    if context.globals.given.is_empty() && context.globals.params.is_none() {
        return Ok(());
    }
    Err(Error::usage("pinned-parameters", "--pinned takes the parameters the run was started with, so no others can be given")
        .hint("leave out -p and --params, and RUNNER_PARAM and RUNNER_PARAMS of the environment")
        .hint("or leave out --pinned: the playbook is played as it is now"))
}

/// Name and values of the `--params` file.
fn file(context: &Context, project: &Project) -> Result<Option<Named>, Error> {
    let Some(path) = &context.globals.params else { return Ok(None) };
    let name = path.display().to_string();
    let text = fs::read_to_string(project.path(path)).map_err(|error| {
        Error::usage("unreadable-params-file", format!("cannot read `{name}`")).cause(error).hint("give a TOML or JSON file with --params")
    })?;
    let values = params::parse_file(&name, &text)?;
    Ok(Some((name, values)))
}
