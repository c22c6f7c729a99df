//! The labels of branches and scopes a script has come by, and those that `--without` leaves out.

use super::suggest;
use crate::error::Error;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Default)]
pub(super) struct Labels {
    met: Mutex<BTreeSet<String>>,
}

impl Labels {
    pub(super) fn meet(&self, label: &str) {
        self.met().insert(label.to_owned());
    }

    /// An error once the script has ended, if no branch and no scope has one of the labels that were to be left out.
    pub(super) fn all_met(&self, without: &[String]) -> Result<(), Error> {
        let met = self.met();
        let Some(unmet) = without.iter().find(|label| !met.contains(*label)) else { return Ok(()) };
        let message = format!("nothing was left out for `--without {unmet}`: no branch of `parallel` and no scope has that label");
        let error = Error::usage("unknown-label", message);
        Err(error.hint(suggestion(unmet, &met)))
    }

    /// What ends a script may come from what was left out, or from a label that is none.
    pub(super) fn hint(&self, without: &[String], error: Error) -> Error {
        let met = self.met();
        let (left_out, unmet): (Vec<_>, Vec<_>) = without.iter().partition(|label| met.contains(*label));
        let error = match left_out.as_slice() {
            [] => error,
            labels => error.hint(format!("what comes after has to do without what was left out: {}", listed(labels.iter().copied()))),
        };
        unmet.iter().fold(error, |error, label| error.hint(format!("so far nothing is labelled `{label}`: {}", suggestion(label, &met))))
    }

    fn met(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn suggestion(label: &str, met: &BTreeSet<String>) -> String {
    if met.is_empty() {
        return "the playbook has no labels".to_owned();
    }
    match suggest::nearest(label, met.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`? The labels are {}", listed(met)),
        None => format!("the labels are {}", listed(met)),
    }
}

fn listed<'l>(labels: impl IntoIterator<Item = &'l String>) -> String {
    labels.into_iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(met: &[&str]) -> Labels {
        let labels = Labels::default();
        for label in met {
            labels.meet(label);
        }
        labels
    }

    #[test]
    fn a_label_that_is_none_is_told_with_those_there_are() {
        let without = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect::<Vec<_>>();
        assert_eq!(labels(&["dev", "prod"]).all_met(&without(&["dev"])), Ok(()));
        let error = labels(&["dev", "prod"]).all_met(&without(&["dev", "prd"])).unwrap_err();
        assert_eq!((error.code.as_ref(), error.kind.exit_code()), ("unknown-label", 64));
        assert_eq!(error.hints, ["did you mean `prod`? The labels are `dev`, `prod`"]);
        assert_eq!(labels(&[]).all_met(&without(&["dev"])).unwrap_err().hints, ["the playbook has no labels"]);

        let failed = labels(&["dev"]).hint(&without(&["dev", "x"]), Error::failed("c", "m"));
        assert_eq!(
            failed.hints,
            ["what comes after has to do without what was left out: `dev`", "so far nothing is labelled `x`: the labels are `dev`"]
        );
        assert_eq!(labels(&["dev"]).hint(&[], Error::failed("c", "m")), Error::failed("c", "m"));
    }
}
