//! How fast calls may leave: a bucket per account and operation group, so that AWS need not throttle.
//! Organizations' rates are its published quotas; IAM's are not published and kept careful.

use crate::time::Time;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Calls a second, and how many may come at once.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rate {
    per_second: f64,
    burst: f64,
}

/// The bucket an action (`organizations:CreateAccount`) is counted in, and its rate.
fn bucket(action: &str) -> (&str, Rate) {
    let rate = |per_second, burst| Rate { per_second, burst };
    let Some(call) = action.strip_prefix("organizations:") else {
        return match action.split_once(':') {
            Some(("iam", _)) => ("iam", rate(15.0, 30.0)),
            _ => ("sts", rate(100.0, 100.0)),
        };
    };
    let rate = match call {
        "CreateAccount" => rate(0.1, 3.0),
        "DescribeCreateAccountStatus" => rate(2.0, 2.0),
        "ListCreateAccountStatus" | "ListParents" | "ListOrganizationalUnitsForParent" => rate(5.0, 8.0),
        "ListAccounts" => rate(8.0, 12.0),
        "ListTagsForResource" => rate(10.0, 15.0),
        "TagResource" => rate(4.0, 6.0),
        "MoveAccount" => rate(2.0, 3.0),
        "CreateOrganization" => rate(1.0, 1.0),
        _ => rate(1.0, 2.0),
    };
    (action, rate)
}

/// The buckets of one cloud. Off for an AWS in this process.
pub(crate) struct Pacing {
    time: Time,
    on: bool,
    /// When the bucket's next call would be due if calls came evenly (the generic cell rate algorithm).
    due: Mutex<BTreeMap<(String, String), Timestamp>>,
}

impl Pacing {
    pub(crate) fn new(time: Time, on: bool) -> Pacing {
        Pacing { time, on, due: Mutex::new(BTreeMap::new()) }
    }

    /// Waits until a call of `action` by `account` may leave.
    pub(crate) async fn admit(&self, account: &str, action: &str) {
        let wait = self.turn(account, action);
        if !wait.is_zero() {
            self.time.sleep(wait).await;
        }
    }

    /// How long that is; the turn is taken.
    pub(crate) fn turn(&self, account: &str, action: &str) -> Duration {
        if self.on { self.reserve(account, action, self.time.now()) } else { Duration::ZERO }
    }

    fn reserve(&self, account: &str, action: &str, now: Timestamp) -> Duration {
        let (name, rate) = bucket(action);
        let interval = Duration::from_secs_f64(1.0 / rate.per_second);
        let allowance = Duration::from_secs_f64((rate.burst - 1.0) / rate.per_second);
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = due.entry((account.to_owned(), name.to_owned())).or_insert(now);
        let at = (*slot).max(now);
        *slot = at.checked_add(interval).unwrap_or(at);
        let ahead = Duration::try_from(at.duration_since(now)).unwrap_or_default();
        ahead.saturating_sub(allowance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_the_rest_is_spread() {
        let pacing = Pacing::new(Time::real().unwrap(), true);
        let now = Timestamp::UNIX_EPOCH;
        let waits: Vec<u64> = (0..5).map(|_| pacing.reserve("111122223333", "organizations:CreateAccount", now).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 10, 20]);
        // Another account has its own bucket, and rest refills this one.
        assert!(pacing.reserve("444455556666", "organizations:CreateAccount", now).is_zero());
        let later = now + Duration::from_mins(1);
        assert!(pacing.reserve("111122223333", "organizations:CreateAccount", later).is_zero());
    }

    #[test]
    fn iam_calls_share_one_bucket() {
        assert_eq!(bucket("iam:CreateRole").0, bucket("iam:GetRole").0);
        assert_ne!(bucket("organizations:MoveAccount").0, bucket("organizations:ListAccounts").0);
    }
}
