//! What to do about a step that the script asks for: a pure function of what the run knows of it.

use super::journal::{Finished, OpenChange, StepEnd, StepView};
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
    /// This resume tries other steps only: it ends as it did before, without a call.
    Hold(&'v StepEnd),
    /// The outcome of these changes is not known: find out first, then look.
    Settle(&'v [OpenChange]),
    /// Look at what is there and apply what differs. `created`: a create-blind change of this step has taken effect in this run, so
    /// it must be found; it is never sent again unasked.
    Look { created: bool },
    /// As `Look`, but this run has asked for something else before; people are shown the difference.
    Differs { previous: &'v Value, created: bool },
}

/// `held` is how the step ended before, if this resume is not to try it again; `input_hash` is that of the request.
pub(super) fn decide<'v>(view: &'v StepView, claimed: Option<&Claimed>, held: Option<&'v StepEnd>, input_hash: &str) -> Decision<'v> {
    if let Some(claimed) = claimed {
        if claimed.input_hash == input_hash {
            return Decision::Share;
        }
        return Decision::Conflict { first: claimed.place.clone() };
    }
    if let Some(end) = held {
        return Decision::Hold(end);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::key::StepKey;
    use crate::step::operation::{Change, Class};
    use proptest::prelude::*;
    use serde_json::json;

    fn open(number: u32) -> OpenChange {
        OpenChange {
            number,
            label: "l".into(),
            account: crate::event::AccountLabel { id: "1".into(), name: "1".into() },
            input: json!("i"),
            session: json!({}),
            change: Change { call: "C".into(), class: Class::Converge, difference: String::new(), detail: json!(null) },
            handle: None,
            intended: jiff::Timestamp::UNIX_EPOCH,
            left: None,
            question: None,
            resolution: None,
        }
    }

    fn place() -> Place {
        Place { file: "p".into(), line: 1, column: 1, source_line: None }
    }

    fn view(opened: u32, finished: Option<&str>, latest: Option<&str>, created: bool) -> StepView {
        StepView {
            open: (1..=opened).map(open).collect(),
            finished: finished.map(|hash| Finished { input_hash: hash.into(), output: json!(hash) }),
            latest: latest.map(|hash| (hash.into(), json!(hash))),
            created: created.then(|| json!("created")),
            changed: created,
            intents: opened,
            ended: finished.is_some(),
        }
    }

    /// Open changes, finished, latest, created → what is to be done about input `a`.
    #[test]
    fn table() {
        let rows = [
            (0, None, None, false, "look"),
            (0, None, Some("a"), false, "look"),
            (0, None, Some("a"), true, "look for what was created"),
            (0, None, Some("b"), false, "differs"),
            (0, None, Some("b"), true, "differs from what was created"),
            (0, Some("a"), Some("a"), false, "replay"),
            (0, Some("a"), Some("a"), true, "replay"),
            (0, Some("b"), Some("b"), false, "differs"),
            (0, Some("b"), Some("b"), true, "differs from what was created"),
            (1, None, Some("a"), false, "settle"),
            (1, None, Some("b"), true, "settle"),
        ];
        for (opened, finished, latest, created, wanted) in rows {
            let view = view(opened, finished, latest, created);
            let got = match decide(&view, None, None, "a") {
                Decision::Look { created: false } => "look",
                Decision::Look { created: true } => "look for what was created",
                Decision::Differs { created: false, .. } => "differs",
                Decision::Differs { created: true, .. } => "differs from what was created",
                Decision::Replay(_) => "replay",
                Decision::Settle(_) => "settle",
                Decision::Hold(_) => "nothing is held",
                Decision::Share | Decision::Conflict { .. } => "nothing was claimed",
            };
            assert_eq!(got, wanted, "{view:?}");
            let failed = failed();
            assert_eq!(decide(&view, None, Some(&failed), "a"), Decision::Hold(&failed), "{view:?}");
            let claimed = Claimed { input_hash: "a".into(), place: place() };
            assert_eq!(decide(&view, Some(&claimed), Some(&failed), "a"), Decision::Share, "{view:?}");
        }
    }

    fn failed() -> StepEnd {
        StepEnd {
            key: StepKey { account: "1".into(), primitive: "p".into(), identity: "i".into(), id: None },
            label: "l".into(),
            account: crate::event::AccountLabel { id: "1".into(), name: "1".into() },
            scope: vec![],
            place: place(),
            input_hash: "a".into(),
            input: json!("a"),
            status: crate::event::Status::Failed,
            output: json!(null),
            changes: vec![],
            problem: None,
        }
    }

    /// The rules once more, as properties of the answer instead of a way to it.
    fn allowed(view: &StepView, claimed: Option<&Claimed>, request: &str, decision: &Decision<'_>) -> bool {
        let sends = matches!(decision, Decision::Look { .. } | Decision::Differs { .. } | Decision::Settle(_));
        let known: Vec<&str> =
            view.finished.iter().map(|f| f.input_hash.as_str()).chain(view.latest.iter().map(|(hash, _)| hash.as_str())).collect();
        let remembers = matches!(decision, Decision::Look { created: true } | Decision::Differs { created: true, .. });
        [
            claimed.is_none() || !sends,
            (*decision == Decision::Share) == claimed.is_some_and(|c| c.input_hash == request),
            matches!(decision, Decision::Conflict { .. }) == claimed.is_some_and(|c| c.input_hash != request),
            claimed.is_some() || matches!(decision, Decision::Settle(_)) != view.open.is_empty(),
            !matches!(decision, Decision::Replay(finished) if finished.input_hash != request || !view.open.is_empty()),
            !matches!(decision, Decision::Look { .. }) || known.iter().all(|hash| *hash == request),
            !matches!(decision, Decision::Differs { .. }) || known.iter().any(|hash| *hash != request),
            !matches!(decision, Decision::Look { .. } | Decision::Differs { .. }) || remembers == view.created.is_some(),
            !matches!(decision, Decision::Look { .. } | Decision::Differs { .. })
                || view.finished.as_ref().is_none_or(|finished| finished.input_hash != request),
        ]
        .iter()
        .all(|rule| *rule)
    }

    proptest! {
        #[test]
        fn every_answer_keeps_the_rules(
            opened in 0_u32..3,
            finished in proptest::option::of("[ab]"),
            other in proptest::option::of("[ab]"),
            created: bool,
            claim in proptest::option::of("[ab]"),
            request in "[ab]",
        ) {
            // As the fold has it: what finished is also the latest, and nothing is finished while a change is open.
            let finished = finished.filter(|_| opened == 0);
            let latest = finished.clone().or(other);
            let view = view(opened, finished.as_deref(), latest.as_deref(), created);
            let claimed = claim.map(|input_hash| Claimed { input_hash, place: place() });
            let decision = decide(&view, claimed.as_ref(), None, &request);
            prop_assert!(allowed(&view, claimed.as_ref(), &request, &decision), "{decision:?}");
        }
    }
}
