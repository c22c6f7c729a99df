//! What ended steps and script on the copy: what will fail on the target too, and what may only be unknown here.

use super::accounts::{Accounts, Standing};
use super::known::{Known, Step};
use crate::error::{Error, Kind};
use crate::event::StepProblem;

/// Adds what went wrong to the problems, or to the notes where it may be that the copy only does not have it. Gives whether the play
/// came to its end, so that nothing is left that is not known.
pub(super) fn sort(known: &Known, accounts: &Accounts, problems: &mut Vec<Error>, notes: &mut Vec<String>) -> bool {
    let failed: Vec<(&Step, &StepProblem)> = known.steps.iter().filter_map(|step| Some((step, step.end.problem.as_ref()?))).collect();
    let mut unsure = false;
    for (step, problem) in &failed {
        let end = &step.end;
        let told = |name: &String| accounts.wanted.iter().any(|wanted| wanted.standing == Standing::Twice && wanted.name == *name);
        if !is_certain(known, step, problem) {
            unsure = true;
            notes.push(format!(
                "known so far: `{}` in `{}` ({}) was refused on the copy, which has none of the target's IAM: {}: {}",
                end.label, end.account.name, end.place, problem.code, problem.message
            ));
        } else if !step.caught && (end.key.primitive != "create_account" || !told(&end.key.identity)) {
            let error = Error::failed(problem.code.clone(), format!("`{}` in `{}`: {}", end.label, end.account.name, problem.message));
            problems.push(problem.hints.iter().fold(error.at(end.place.clone()), |error, hint| error.hint(hint.clone())));
        }
    }
    let of_a_step =
        |error: &Error| failed.iter().any(|(_, problem)| error.code == problem.code && error.message.contains(&problem.message));
    for error in known.errors.iter().filter(|error| error.kind != Kind::Paused && !of_a_step(error)) {
        // A script that met what only the copy does not have may have said so in words of its own.
        if unsure {
            let place = error.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
            notes.push(format!("known so far: on the copy the script ended here{place}: {}", error.message));
        } else {
            problems.push(error.clone());
        }
    }
    known.errors.is_empty() && !unsure && failed.iter().all(|(step, _)| step.caught)
}

fn is_certain(known: &Known, step: &Step, problem: &StepProblem) -> bool {
    known.whole || step.is_of_organization() || problem.code == "policy-too-long"
}
