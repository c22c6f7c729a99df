//! What ended steps and script on the copy: what will fail on the target too, and what may only be unknown here.

use super::accounts::{Accounts, Standing};
use super::known::{Known, Step};
use crate::error::{Error, Kind};
use crate::event::StepProblem;

/// Primitives of the organisation, of which the copy is told everything they look at.
const OF_THE_ORGANIZATION: [&str; 7] =
    ["create_organization", "create_organizational_unit", "create_account", "move_account", "tag_account", "list_accounts", "find_account"];

/// Adds what went wrong to the problems, or to the notes where it may be that the copy only does not have it. Gives whether the play
/// came to its end, so that nothing is left that is not known.
pub(super) fn sort(known: &Known, accounts: &Accounts, problems: &mut Vec<Error>, notes: &mut Vec<String>) -> bool {
    let failed: Vec<(&Step, &StepProblem)> = known.steps.iter().filter_map(|step| Some((step, step.end.problem.as_ref()?))).collect();
    for (step, problem) in &failed {
        let end = &step.end;
        let told = |name: &String| accounts.wanted.iter().any(|wanted| wanted.standing == Standing::Refused && wanted.name == *name);
        if end.key.primitive == "create_account" && told(&end.key.identity) {
            continue;
        }
        if !is_certain(known, step, problem) {
            notes.push(format!(
                "known so far: `{}` in `{}` ({}) was refused on the copy, which has none of the target's IAM: {}: {}",
                end.label, end.account.name, end.place, problem.code, problem.message
            ));
            continue;
        }
        let error = Error::failed(problem.code.clone(), format!("`{}` in `{}`: {}", end.label, end.account.name, problem.message));
        problems.push(problem.hints.iter().fold(error.at(end.place.clone()), |error, hint| error.hint(hint.clone())));
    }
    let of_a_step =
        |error: &Error| failed.iter().any(|(_, problem)| error.code == problem.code && error.message.contains(&problem.message));
    for error in known.errors.iter().filter(|error| error.kind != Kind::Paused && !of_a_step(error)) {
        if error.code == "no-session" && !known.whole {
            let place = error.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
            notes.push(format!("known so far: a session the playbook needs cannot be had on the copy{place}: {}", error.message));
        } else {
            problems.push(error.clone());
        }
    }
    known.errors.is_empty() && failed.is_empty()
}

fn is_certain(known: &Known, step: &Step, problem: &StepProblem) -> bool {
    known.whole || OF_THE_ORGANIZATION.contains(&step.end.key.primitive.as_str()) || problem.code == "policy-too-long"
}
