//! The parameters of a playbook, from all the places they may be given in.

use super::context::Context;
use crate::error::Error;
use crate::host::{self, ParameterKind, Playbook};
use crate::project::params::{self, Declared, Kind, Source};
use crate::project::{Environment, Project, Target};
use serde_json::{Map, Value};
use std::fs;

/// A file's name and the values in it.
type Named = (String, Map<String, Value>);

/// What the playbook declares, as the project knows it.
fn declared(playbook: &Playbook) -> Vec<Declared> {
    let parameters = host::describe(playbook).parameters.into_iter();
    parameters
        .map(|parameter| Declared {
            kind: match parameter.kind {
                ParameterKind::String => Kind::String,
                ParameterKind::Email => Kind::Email,
                ParameterKind::Bool => Kind::Bool,
                ParameterKind::Int => Kind::Int,
                ParameterKind::List => Kind::List,
                ParameterKind::Map => Kind::Map,
            },
            name: parameter.name,
            help: parameter.help.unwrap_or_default(),
            required: parameter.value.is_none(),
            one_of: parameter.one_of.unwrap_or_default(),
        })
        .collect()
}

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
    params::resolve(&declared(playbook), &sources)
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
