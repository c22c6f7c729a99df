//! Which part of an earlier run a resume takes up.

use super::journal::{RunView, StepEnd};
use super::key::StepKey;
use crate::error::Error;
use crate::event::Status;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Steps that ended so are tried again; those of the other kind stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Only {
    Failed,
    Paused,
}

/// What a resume was told to try and to leave out; by default everything is tried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Only>,
    /// Labels of `parallel` branches and scopes that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
}

impl Only {
    /// How the steps that are tried again ended.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Only::Failed => Status::Failed,
            Only::Paused => Status::Paused,
        }
    }
}

impl Selection {
    /// Nothing was selected: the whole run goes on.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self == Selection::default()
    }

    /// The steps of the run that are not to be tried again, by key.
    ///
    /// Fails with `nothing-selected` when no step ended as `only` says.
    pub(super) fn held(&self, run: &str, view: &RunView) -> Result<BTreeMap<StepKey, StepEnd>, Error> {
        let Some(only) = self.only else { return Ok(BTreeMap::new()) };
        let (word, other) = match only {
            Only::Failed => ("failed", Only::Paused),
            Only::Paused => ("is paused", Only::Failed),
        };
        let ended = |status: Status| view.ends.iter().filter(move |end| end.status == status);
        if ended(only.status()).next().is_none() {
            let counts = format!("{} failed, {} paused", ended(Status::Failed).count(), ended(Status::Paused).count());
            return Err(Error::usage(
                "nothing-selected",
                format!("no step of run `{run}` {word} ({counts}): nothing would be tried again"),
            )
            .hint(format!("continue the whole run: runner resume {run}")));
        }
        Ok(ended(other.status()).map(|end| (end.key.clone(), end.clone())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;
    use crate::event::AccountLabel;
    use crate::step::journal::{Entry, Record, RunStart, fold};
    use serde_json::{Value, json};

    /// A run whose steps ended so.
    fn view(ends: &[(&str, Status)]) -> RunView {
        let start = RunStart {
            playbook: "p.rhai".into(),
            text: String::new(),
            modules: BTreeMap::new(),
            parameters: json!({}),
            tool_version: "0".into(),
            target: "sandbox".into(),
            account: "1".into(),
            environment: None,
            selection: Selection::default(),
            reason: None,
        };
        let end = |(identity, status): &(&str, Status)| {
            Entry::StepEnded(StepEnd {
                key: StepKey { account: "1".into(), primitive: "p".into(), identity: (*identity).into(), id: None },
                label: "l".into(),
                account: AccountLabel { id: "1".into(), name: "1".into() },
                scope: vec![],
                place: Place { file: "p".into(), line: 1, column: 1, source_line: None },
                input_hash: "h".into(),
                input: Value::Null,
                status: *status,
                output: Value::Null,
                changes: vec![],
                problem: None,
            })
        };
        let entries = std::iter::once(Entry::RunStarted(start)).chain(ends.iter().map(end));
        let records: Vec<Record> =
            (1..).zip(entries).map(|(seq, entry)| Record { seq, run: "7k2q".into(), at: jiff::Timestamp::UNIX_EPOCH, entry }).collect();
        fold(&records).unwrap()
    }

    /// Ends of steps, what to try again, and what is held then.
    type Row<'r> = (&'r [(&'r str, Status)], Option<Only>, Option<&'r [&'r str]>);

    #[test]
    fn the_other_kind_is_held_and_an_empty_selection_refused() {
        use Status::{Changed, Failed, Ok, Paused};
        let all = [("a", Ok), ("b", Failed), ("c", Paused), ("d", Changed), ("e", Failed)];
        let rows: [Row<'_>; 7] = [
            (&all, None, Some(&[])),
            (&all, Some(Only::Failed), Some(&["c"])),
            (&all, Some(Only::Paused), Some(&["b", "e"])),
            (&all[..2], Some(Only::Failed), Some(&[])),
            (&all[..2], Some(Only::Paused), None),
            (&[("b", Paused), ("b", Failed)], Some(Only::Failed), Some(&[])),
            (&[("b", Failed), ("b", Ok)], Some(Only::Failed), None),
        ];
        for (ends, only, wanted) in rows {
            let held = Selection { only, without: vec![] }.held("7k2q", &view(ends));
            let keys = held.as_ref().map(|held| held.keys().map(|key| key.identity.as_str()).collect::<Vec<_>>());
            assert_eq!(keys.ok().as_deref(), wanted, "{ends:?} {only:?}");
        }
        let refused = Selection { only: Some(Only::Paused), without: vec![] }.held("7k2q", &view(&all[..2])).unwrap_err();
        assert_eq!(refused.message, "no step of run `7k2q` is paused (1 failed, 0 paused): nothing would be tried again");
    }
}
