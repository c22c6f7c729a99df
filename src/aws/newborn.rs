//! Roles so new that AWS may not let them be assumed everywhere yet.

use super::cloud::growing_wait;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Where AWS was seen to lag, a role counts as usable after so many good answers in a row.
const IN_A_ROW: u32 = 3;

#[derive(Default)]
pub(crate) struct Newborns {
    by_arn: Mutex<BTreeMap<String, Newborn>>,
}

struct Newborn {
    /// Until then a refusal to assume it means "not yet".
    until: Timestamp,
    refused: u32,
    /// Good answers since the last refusal.
    good: u32,
}

impl Newborns {
    fn by_arn(&self) -> MutexGuard<'_, BTreeMap<String, Newborn>> {
        self.by_arn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that a role was made at `born`, so that until `window` after it a refusal to assume it means "not yet".
    pub(crate) fn add(&self, arn: &str, born: Timestamp, window: Duration, now: Timestamp) {
        let until = born.checked_add(window).unwrap_or(born);
        if until > now {
            self.by_arn().entry(arn.to_owned()).or_insert(Newborn { until, refused: 0, good: 0 });
        }
    }

    /// Whether this process has waited for the role, and never saw it usable.
    pub(crate) fn awaits(&self, arn: &str) -> bool {
        self.by_arn().get(arn).is_some_and(|newborn| newborn.good == 0)
    }

    pub(super) fn assumed(&self, arn: &str) {
        if let Some(newborn) = self.by_arn().get_mut(arn) {
            newborn.good += 1;
        }
    }

    /// Whether its answers were good often enough to go by: once, where none was ever refused.
    pub(crate) fn is_proved(&self, arn: &str) -> bool {
        self.by_arn().get(arn).is_none_or(|newborn| newborn.refused == 0 || newborn.good >= IN_A_ROW)
    }

    /// It was refused: how long to wait before it is tried again; none when it is not (or no longer) newborn.
    pub(super) fn refused(&self, arn: &str, now: Timestamp) -> Option<Duration> {
        let mut by_arn = self.by_arn();
        let newborn = by_arn.get_mut(arn).filter(|newborn| newborn.until > now)?;
        (newborn.refused, newborn.good) = (newborn.refused + 1, 0);
        Some(growing_wait(newborn.refused - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_proved_at_once_or_after_three_good_answers_in_a_row() {
        let newborns = Newborns::default();
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        assert!(newborns.is_proved("r") && !newborns.awaits("r"), "nothing is known against it");
        newborns.add("r", at(0), Duration::from_mins(1), at(60));
        assert_eq!(newborns.refused("r", at(60)), None, "too old to be newborn");
        newborns.add("r", at(0), Duration::from_mins(1), at(1));
        assert!(newborns.awaits("r"));
        newborns.assumed("r");
        assert!(newborns.is_proved("r") && !newborns.awaits("r"), "never refused");
        assert_eq!(newborns.refused("r", at(2)), Some(Duration::from_millis(50)));
        assert_eq!(newborns.refused("r", at(2)), Some(Duration::from_millis(100)));
        for good in [false, false, true] {
            newborns.assumed("r");
            assert_eq!(newborns.is_proved("r"), good);
        }
        assert!(newborns.refused("r", at(3)).is_some());
        assert!(!newborns.is_proved("r"), "the row begins anew");
        assert_eq!(newborns.refused("r", at(60)), None);
    }
}
