//! How the seeds of a rehearsal went, and what must not happen in any of them. Pure.

use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What a rehearsal finds wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "violation", rename_all = "kebab-case")]
pub enum Violation {
    /// What there is at the end is not what an undisturbed play leaves.
    OtherEnd { differences: Vec<String> },
    /// More accounts were made than an undisturbed play makes.
    Accounts { made: usize, wanted: usize },
    /// So many requests for an account were sent although an earlier one for the same address had taken effect: only AWS's rule that an
    /// address has one account stood between them and another account.
    AskedAgain { requests: usize },
    /// However often it was resumed, the run did not come to its end.
    Unfinished { processes: usize, last: String },
    /// A person was asked for what a lookup can find out.
    Question { question: String },
    /// The journal is not what was written, or makes no sense.
    Journal { problem: String },
}

/// One seed, played to its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Played {
    pub seed: u64,
    pub calls: u64,
    /// Faults that calls met, by name.
    pub faults: BTreeMap<&'static str, u64>,
    pub crashes: usize,
    /// Ends of a process that a user would have read, and resumed.
    pub paused: usize,
    pub failed: usize,
    pub resumes: usize,
    pub questions: usize,
    /// Requests for an account that came to one.
    pub accounts: usize,
    /// Simulated, in seconds: from the first call to the end.
    #[serde(serialize_with = "seconds")]
    pub took: Duration,
    /// Hash of the journal's last row.
    pub journal: String,
    pub violations: Vec<Violation>,
}

/// Whole seconds: the reader has no use for more.
fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_secs())
}

/// All seeds together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    pub runs: u64,
    pub calls: u64,
    pub faults: BTreeMap<&'static str, u64>,
    pub crashes: usize,
    pub paused: usize,
    pub failed: usize,
    pub resumes: usize,
    pub questions: usize,
    pub accounts: usize,
    pub took: Duration,
    /// Seeds in which something was wrong.
    pub violated: BTreeSet<u64>,
}

impl Totals {
    pub fn add(&mut self, played: &Played) {
        self.runs += 1;
        self.calls += played.calls;
        for (fault, count) in &played.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        self.crashes += played.crashes;
        self.paused += played.paused;
        self.failed += played.failed;
        self.resumes += played.resumes;
        self.questions += played.questions;
        self.accounts += played.accounts;
        self.took += played.took;
        if !played.violations.is_empty() {
            self.violated.insert(played.seed);
        }
    }
}

/// What one estate (in canonical form) has otherwise than the other, a line each: `accounts.111122223333.name: "a" -> "b"`.
#[must_use]
pub fn differences(from: &Value, to: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", Some(from), Some(to), &mut lines);
    lines
}

fn compare(path: &str, from: Option<&Value>, to: Option<&Value>, lines: &mut Vec<String>) {
    match (from, to) {
        (Some(from), Some(to)) if from == to => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for name in names {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                compare(&path, old.get(name), new.get(name), lines);
            }
        }
        (from, to) => {
            let shown = |value: Option<&Value>| value.map_or_else(|| "(none)".to_owned(), Value::to_string);
            lines.push(format!("{path}: {} -> {}", shown(from), shown(to)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_are_told_by_path() {
        let from = json!({"accounts": {"1": {"name": "a", "tags": {}}}, "partition": "aws"});
        let to = json!({"accounts": {"1": {"name": "b", "tags": {}}, "2": {}}, "partition": "aws"});
        assert_eq!(differences(&from, &to), [r#"accounts.1.name: "a" -> "b""#, "accounts.2: (none) -> {}"]);
        assert!(differences(&from, &from).is_empty());
    }

    #[test]
    fn totals_are_sums_and_name_the_seeds_that_went_wrong() {
        let mut totals = Totals::default();
        let played = Played { seed: 3, crashes: 2, faults: BTreeMap::from([("late", 4)]), ..Played::default() };
        let wrong = Violation::Question { question: "?".into() };
        totals.add(&played);
        totals.add(&Played { seed: 4, violations: vec![wrong], ..played });
        assert_eq!((totals.runs, totals.crashes, totals.faults["late"]), (2, 4, 8));
        assert_eq!(totals.violated, BTreeSet::from([4]));
    }
}
