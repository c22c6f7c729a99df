//! What a resume will meet: the steps of the playbook as it is now, held against those of the run. Pure.

use super::decide::{Decision, decide};
use super::hash::difference;
use super::journal::{RunView, StepEnd, StepView};
use super::key::StepKey;
use crate::error::Error;
use crate::event::{AccountLabel, Survey, Surveyed};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The steps of a playbook, as a play on a copy has met them.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Those that were worked on, in the order they came to their end there.
    pub steps: Vec<StepEnd>,
    /// All of them.
    pub reached: BTreeSet<StepKey>,
    /// What ended the play early.
    pub ended_by: Option<String>,
}

/// What a resume of this run will meet. `view` has the selection of this resume; what it does not try again is not told of.
///
/// Fails with `nothing-selected` as the resume does.
pub fn survey(run: &str, view: &RunView, wanted: &Wanted) -> Result<Survey, Error> {
    let held = view.start.selection.held(run, view)?;
    let mut survey = Survey { run: run.to_owned(), ended_by: wanted.ended_by.clone(), ..Survey::default() };
    let nothing = StepView::default();
    for step in &wanted.steps {
        let known = view.steps.get(&step.key);
        let told = |previous: Option<&Value>| surveyed(step, previous);
        match decide(known.unwrap_or(&nothing), None, held.get(&step.key), &step.input_hash) {
            Decision::Replay(_) => survey.replayed += 1,
            Decision::Settle(open) => survey.open.push(told(open.first().map(|open| &open.input))),
            Decision::Differs { previous, .. } => survey.changed.push(told(Some(previous))),
            Decision::Look { .. } if known.is_some() => survey.again.push(told(None)),
            Decision::Look { .. } => survey.new.push(told(None)),
            Decision::Hold(_) | Decision::Share | Decision::Conflict { .. } => {}
        }
    }
    let ends: BTreeMap<&StepKey, &StepEnd> = view.ends.iter().map(|end| (&end.key, end)).collect();
    let of_the_run = |key: &StepKey| ends.get(key).map_or_else(|| unended(key, view), |end| surveyed(end, None));
    // Settled whether or not the playbook reaches it.
    let unmet = view.steps.iter().filter(|(key, step)| !step.open.is_empty() && !wanted.reached.contains(*key));
    survey.open.extend(unmet.map(|(key, _)| of_the_run(key)));
    if wanted.ended_by.is_none() {
        let open = |key: &StepKey| view.steps.get(key).is_some_and(|step| !step.open.is_empty());
        survey.no_longer_reached = view.unreached(|key| wanted.reached.contains(key) || open(key)).map(of_the_run).collect();
    }
    Ok(survey)
}

/// A step for which this run has created something with other arguments than the playbook has now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedOtherwise {
    pub key: StepKey,
    pub label: String,
    pub account: String,
    pub difference: String,
}

/// The steps that a person has to be asked about before the run goes on; not those of which the copy shows that they will be refused.
pub fn created_otherwise(run: &str, view: &RunView, wanted: &Wanted) -> Result<Vec<CreatedOtherwise>, Error> {
    let held = view.start.selection.held(run, view)?;
    let asked = |step: &StepEnd| {
        let known = view.steps.get(&step.key)?;
        let difference = difference(known.created.as_ref()?, &step.input);
        let goes_on = matches!(
            decide(known, None, held.get(&step.key), &step.input_hash),
            Decision::Differs { created: true, .. } | Decision::Look { created: true }
        );
        let (key, label, account) = (step.key.clone(), step.label.clone(), step.account.name.clone());
        (goes_on && !difference.is_empty() && step.problem.is_none()).then_some(CreatedOtherwise { key, label, account, difference })
    };
    Ok(wanted.steps.iter().filter_map(asked).collect())
}

/// A step of the run that never came to an end.
fn unended(key: &StepKey, view: &RunView) -> Surveyed {
    let open = view.steps.get(key).and_then(|step| step.open.first());
    let account = open.map_or_else(|| AccountLabel { id: key.account.clone(), name: key.account.clone() }, |open| open.account.clone());
    let label = open.map_or_else(|| format!("{} {}", key.primitive, key.identity), |open| open.label.clone());
    Surveyed { key: key.to_string(), label, account, place: None, difference: String::new() }
}

fn surveyed(step: &StepEnd, previous: Option<&Value>) -> Surveyed {
    let difference = previous.map(|previous| difference(previous, &step.input)).unwrap_or_default();
    let (label, account) = (step.label.clone(), step.account.clone());
    Surveyed { key: step.key.to_string(), label, account, place: Some(step.place.clone()), difference }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;
    use crate::event::Status;
    use crate::step::hash::input_hash;
    use crate::step::journal::{Entry, Intent, Outcome, Record, RunStart, fold};
    use crate::step::operation::{Change, Class};
    use crate::step::selection::{Only, Selection};
    use proptest::prelude::*;
    use serde_json::json;

    fn key(identity: &str) -> StepKey {
        StepKey { account: "1".into(), primitive: "p".into(), identity: identity.into(), id: None }
    }

    fn account() -> AccountLabel {
        AccountLabel { id: "1".into(), name: "dev".into() }
    }

    fn end(identity: &str, input: &str, status: Status) -> StepEnd {
        StepEnd {
            key: key(identity),
            label: format!("p {identity}"),
            account: account(),
            scope: vec![],
            place: Place { file: "p".into(), line: 1, column: 1, source_line: None },
            input_hash: input_hash(&json!({"x": input})),
            input: json!({"x": input}),
            status,
            output: Value::Null,
            changes: vec![],
            problem: None,
        }
    }

    /// What a run has of a step: nothing, an end, a change that took effect and no end, or one under way.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Had {
        Nothing,
        Done,
        Failed,
        /// A blind creation took effect; then it failed.
        Created,
        Open,
    }

    fn entries(identity: &str, input: &str, had: Had) -> Vec<Entry> {
        let value = json!({"x": input});
        let change = Change { call: "Create".into(), class: Class::CreateBlind, difference: String::new(), detail: Value::Null };
        let intent = Entry::Intent(Intent {
            key: key(identity),
            number: 1,
            label: format!("p {identity}"),
            account: account(),
            input_hash: input_hash(&value),
            input: value,
            session: Value::Null,
            change,
        });
        let made = Entry::Outcome { key: key(identity), number: 1, outcome: Outcome::Ok };
        match had {
            Had::Nothing => vec![],
            Had::Done => vec![Entry::StepEnded(end(identity, input, Status::Ok))],
            Had::Failed => vec![Entry::StepEnded(end(identity, input, Status::Failed))],
            Had::Created => vec![intent, made, Entry::StepEnded(end(identity, input, Status::Failed))],
            Had::Open => vec![intent],
        }
    }

    fn view(steps: &[(&str, &str, Had)], selection: Selection) -> RunView {
        let start = RunStart {
            playbook: "p.rhai".into(),
            text: String::new(),
            modules: BTreeMap::new(),
            parameters: json!({}),
            tool_version: "0".into(),
            target: "sandbox".into(),
            account: "1".into(),
            environment: None,
            selection,
            reason: None,
        };
        let entries = steps.iter().flat_map(|(identity, input, had)| entries(identity, input, *had));
        let all = std::iter::once(Entry::RunStarted(start)).chain(entries);
        let records: Vec<Record> =
            (1..).zip(all).map(|(seq, entry)| Record { seq, run: "7k2q".into(), at: jiff::Timestamp::UNIX_EPOCH, entry }).collect();
        fold(&records).unwrap()
    }

    fn wanted(steps: &[(&str, &str)], ended_by: Option<&str>) -> Wanted {
        let steps: Vec<StepEnd> = steps.iter().map(|(identity, input)| end(identity, input, Status::Ok)).collect();
        let reached = steps.iter().map(|step| step.key.clone()).collect();
        Wanted { steps, reached, ended_by: ended_by.map(Into::into) }
    }

    fn names(steps: &[Surveyed]) -> String {
        steps.iter().map(|step| format!("{}{}", &step.label[2..], step.difference)).collect::<Vec<_>>().join(" ")
    }

    /// Replayed, changed, open, again, new, no longer reached.
    fn told(survey: &Survey) -> (usize, [String; 5]) {
        let Survey { replayed, changed, open, again, new, no_longer_reached, .. } = survey;
        (*replayed, [changed, open, again, new, no_longer_reached].map(|steps| names(steps)))
    }

    #[test]
    fn each_step_is_told_as_the_engine_will_take_it() {
        use Had::{Created, Done, Failed, Open};
        let run = [("a", "1", Done), ("b", "1", Done), ("c", "1", Failed), ("d", "1", Created), ("e", "1", Open)];
        let view = view(&run, Selection::default());
        let same = wanted(&[("a", "1"), ("b", "1"), ("c", "1"), ("d", "1"), ("e", "1")], None);
        let of = |wanted: &Wanted| told(&survey("7k2q", &view, wanted).unwrap());
        let texts = |texts: [&str; 5]| texts.map(str::to_owned);
        assert_eq!(of(&same), (2, texts(["", "e", "c d", "", ""])));
        let edited = wanted(&[("n", "1"), ("b", "2"), ("d", "2"), ("e", "2")], None);
        let [b, d, e] = ["b", "d", "e"].map(|name| format!(r#"{name}x: "1" -> "2""#));
        // A failed step that did nothing leaves nothing behind.
        assert_eq!(of(&edited), (0, texts([&format!("{b} {d}"), &e, "", "n", "a"])));
        // What was made is left although its step failed; what is under way is settled all the same.
        assert_eq!(of(&wanted(&[], None)), (0, texts(["", "e", "", "", "a b d"])));
        // Of a play that ended early nobody knows what it would have reached.
        assert_eq!(of(&wanted(&[("a", "1")], Some("no"))), (1, texts(["", "e", "", "", ""])));
    }

    #[test]
    fn only_what_was_created_otherwise_and_goes_on_is_asked_about() {
        use Had::{Created, Done, Open};
        let run = [("a", "1", Done), ("d", "1", Created), ("e", "1", Open)];
        let view = view(&run, Selection::default());
        let asked = |wanted: &Wanted| -> Vec<String> {
            created_otherwise("7k2q", &view, wanted).unwrap().into_iter().map(|step| format!("{} {}", step.key, step.difference)).collect()
        };
        assert_eq!(asked(&wanted(&[("a", "2"), ("d", "1"), ("e", "2")], None)), [] as [&str; 0]);
        let mut edited = wanted(&[("a", "2"), ("d", "2"), ("e", "2")], None);
        assert_eq!(asked(&edited), [r#"1/p:d x: "1" -> "2""#]);
        edited.steps[1].problem = Some(crate::event::StepProblem { code: "no".into(), message: String::new(), hints: vec![] });
        assert_eq!(asked(&edited), [] as [&str; 0], "it will be refused: there is nothing to decide");
    }

    #[test]
    fn what_is_not_tried_again_is_not_told_of() {
        let selection = Selection { only: Some(Only::Paused), without: vec![] };
        let run = [("a", "1", Had::Done), ("c", "1", Had::Failed)];
        assert_eq!(survey("7k2q", &view(&run, selection.clone()), &wanted(&[], None)).unwrap_err().code, "nothing-selected");
        let mut view = view(&run, selection);
        view.ends.push(end("z", "1", Status::Paused));
        let (replayed, [changed, .., again, new, gone]) =
            told(&survey("7k2q", &view, &wanted(&[("a", "1"), ("c", "2"), ("z", "1")], None)).unwrap());
        assert_eq!((replayed, changed, again, new, gone), (1, String::new(), String::new(), "z".to_owned(), String::new()));
    }

    proptest! {
        #[test]
        fn every_step_is_told_of_exactly_once(
            run in proptest::collection::btree_map("[a-e]", ("[12]", 0_usize..5), 0..5),
            playbook in proptest::collection::btree_map("[a-e]", "[12]", 0..5),
        ) {
            let kinds = [Had::Nothing, Had::Done, Had::Failed, Had::Created, Had::Open];
            let steps: Vec<_> = run.iter().map(|(name, (input, had))| (name.as_str(), input.as_str(), kinds[*had])).collect();
            let edited: Vec<_> = playbook.iter().map(|(name, input)| (name.as_str(), input.as_str())).collect();
            let survey = survey("7k2q", &view(&steps, Selection::default()), &wanted(&edited, None)).unwrap();
            let lists = [&survey.changed, &survey.open, &survey.again, &survey.new, &survey.no_longer_reached];
            let told: Vec<&str> = lists.iter().flat_map(|list| list.iter().map(|step| &step.label[2..])).collect();
            let once: BTreeSet<&str> = told.iter().copied().collect();
            prop_assert_eq!(once.len(), told.len());
            for (name, input) in &playbook {
                let done_so = run.get(name).is_some_and(|(had, kind)| had == input && kinds[*kind] == Had::Done);
                prop_assert_eq!(once.contains(name.as_str()), !done_so, "{}", name);
            }
            prop_assert_eq!(survey.replayed + told.len() - survey.no_longer_reached.len()
                - survey.open.iter().filter(|step| !playbook.contains_key(&step.label[2..])).count(), playbook.len());
            for (name, (_, kind)) in run.iter().filter(|(name, _)| !playbook.contains_key(*name)) {
                let left = matches!(kinds[*kind], Had::Done | Had::Created | Had::Open);
                prop_assert_eq!(once.contains(name.as_str()), left, "{}", name);
            }
        }
    }
}
