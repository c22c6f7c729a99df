//! What to do about a step that the script asks for: a pure function of what the run knows of it.

use super::journal::{Finished, OpenChange, StepView};
use crate::error::Place;
use serde_json::Value;

/// What this process has begun (or done) under the same key.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Claimed {
    pub(super) input_hash: String,
    pub(super) place: Place,
}

#[derive(Debug, PartialEq)]
pub(super) enum Decision<'v> {
    /// Another call of this process does it, or did: take its result.
    Share,
    /// Another call of this process asks for something else under the same key.
    Conflict { first: Place },
    /// Done in this run with the same input: no call.
    Replay(&'v Finished),
    /// The outcome of these changes is not known: find out first, then look.
    Settle(&'v [OpenChange]),
    /// Look at what is there and apply what differs. `created`: a create-blind change of this step has taken effect in this run, so
    /// it must be found; it is never sent again unasked.
    Look { created: bool },
    /// As `Look`, but this run has asked for something else before; people are shown the difference.
    Differs { previous: &'v Value, created: bool },
}

/// `input_hash` is that of the request.
pub(super) fn decide<'v>(view: &'v StepView, claimed: Option<&Claimed>, input_hash: &str) -> Decision<'v> {
    if let Some(claimed) = claimed {
        if claimed.input_hash == input_hash {
            return Decision::Share;
        }
        return Decision::Conflict { first: claimed.place.clone() };
    }
    if !view.open.is_empty() {
        return Decision::Settle(&view.open);
    }
    let created = view.created.is_some();
    match (&view.finished, &view.latest) {
        (Some(finished), _) if finished.input_hash == input_hash => Decision::Replay(finished),
        (_, Some((latest, previous))) if latest != input_hash => Decision::Differs { previous, created },
        _ => Decision::Look { created },
    }
}
