//! How fast calls may leave: a bucket per account and operation group, so that AWS need not throttle, and one change of an
//! organisation at a time. Organizations' rates are its published quotas; those of IAM and STS are guesses. All of them learn.

use super::rate::Rate;
use crate::step::{Failure, Notice, until};
use crate::time::Time;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::MutexGuard as Alone;

/// The bucket an action (`organizations:CreateAccount`) is counted in. IAM's limits are not published by operation.
fn bucket(action: &str) -> &str {
    match action.split_once(':') {
        Some((service @ ("iam" | "sts"), _)) => service,
        _ => action,
    }
}

/// Calls a second, how many may come at once, and the most there can be (AWS Organizations quotas; STS: 600 a second; IAM: guessed).
fn published(bucket: &str) -> (f64, f64, f64) {
    let (rate, burst) = match bucket.strip_prefix("organizations:").unwrap_or(bucket) {
        "iam" => return (15.0, 30.0, 100.0),
        "sts" => return (100.0, 100.0, 600.0),
        "CreateAccount" => (0.1, 3.0),
        "CloseAccount" => (0.05, 1.0),
        "DescribeCreateAccountStatus" => (2.0, 2.0),
        "ListCreateAccountStatus" | "ListParents" | "ListAccountsForParent" | "ListOrganizationalUnitsForParent" => (5.0, 8.0),
        "ListAccounts" => (8.0, 12.0),
        "ListChildren" => (6.0, 10.0),
        "ListTagsForResource" => (10.0, 15.0),
        "DescribeAccount" => (20.0, 30.0),
        "InviteAccountToOrganization" => (3.0, 5.0),
        "TagResource" => (4.0, 6.0),
        "MoveAccount"
        | "UpdateOrganizationalUnit"
        | "DeleteOrganizationalUnit"
        | "CreatePolicy"
        | "UpdatePolicy"
        | "DeletePolicy"
        | "AttachPolicy"
        | "DetachPolicy" => (2.0, 3.0),
        "CreateOrganization" | "EnablePolicyType" | "DisablePolicyType" => (1.0, 1.0),
        _ => (1.0, 2.0),
    };
    (rate, burst, rate)
}

/// How long so many calls of an action take at least, by AWS's published rate.
#[must_use]
pub fn least_time(action: &str, calls: usize) -> Duration {
    let (per_second, burst, _) = published(bucket(action));
    let calls = u32::try_from(calls).map_or(f64::from(u32::MAX), f64::from);
    Duration::from_secs_f64(((calls - burst) / per_second).max(0.0))
}

/// Changes of one organisation conflict even below their rates ("another request is already in progress").
fn changes_organization(action: &str) -> bool {
    action.strip_prefix("organizations:").is_some_and(|call| !call.starts_with("Describe") && !call.starts_with("List"))
}

/// The buckets of one cloud.
pub(crate) struct Pacing {
    time: Time,
    /// Whether AWS's published rates hold; else nothing is known until something throttles.
    published: bool,
    buckets: Mutex<BTreeMap<(String, String), Arc<Bucket>>>,
    organization: tokio::sync::Mutex<()>,
}

struct Bucket {
    /// Taken in turn; who holds it waits for the next call that may leave.
    queue: tokio::sync::Mutex<()>,
    waiting: AtomicU32,
    rate: Mutex<Rate>,
}

impl Bucket {
    fn rate(&self) -> MutexGuard<'_, Rate> {
        self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long the calls that wait now need to leave.
    fn queued(&self) -> Duration {
        seconds(f64::from(self.waiting.load(Ordering::Relaxed)) / self.rate().per_second())
    }
}

/// One among those that wait, until it is dropped.
struct Waiting<'b>(&'b AtomicU32);

impl<'b> Waiting<'b> {
    fn new(count: &'b AtomicU32) -> Waiting<'b> {
        count.fetch_add(1, Ordering::Relaxed);
        Waiting(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A call that may leave.
#[must_use]
pub(crate) struct Turn<'p> {
    pacing: &'p Pacing,
    bucket: Arc<Bucket>,
    since: Timestamp,
    _alone: Option<Alone<'p, ()>>,
}

impl Turn<'_> {
    /// Tells the bucket what AWS said.
    pub(crate) fn over(self, throttled: bool) {
        let now = self.pacing.time.now();
        let mut rate = self.bucket.rate();
        if throttled { rate.throttled(self.since, now) } else { rate.answered(now) }
    }
}

impl Pacing {
    pub(crate) fn new(time: Time, published: bool) -> Pacing {
        Pacing { time, published, buckets: Mutex::default(), organization: tokio::sync::Mutex::default() }
    }

    /// Waits until a call of `action` by `account` may leave; told with `notice` where there is one.
    pub(crate) async fn turn(
        &self,
        account: &str,
        action: &str,
        notice: Option<&(dyn Fn() -> Notice + Sync)>,
    ) -> Result<Turn<'_>, Failure> {
        let bucket = self.bucket(account, action);
        {
            let _waiting = Waiting::new(&bucket.waiting);
            let told = || notice.map_or_else(|| held(action, &bucket), |notice| notice());
            until(self.next(&bucket), told).await?;
        }
        // Five creations at a time are no conflict; where AWS's rates are held to, sending them together would gain nothing.
        let together = !self.published && action == "organizations:CreateAccount";
        let alone = if changes_organization(action) && !together {
            let told = || Notice { reason: "AWS makes one change of an organisation at a time".to_owned(), left: Duration::ZERO };
            Some(until(self.organization.lock(), told).await?)
        } else {
            None
        };
        Ok(Turn { pacing: self, bucket, since: self.time.now(), _alone: alone })
    }

    async fn next(&self, bucket: &Bucket) {
        let _first = bucket.queue.lock().await;
        loop {
            let wait = bucket.rate().wait(self.time.now());
            if wait.is_zero() {
                return bucket.rate().take(self.time.now());
            }
            // The rate may be another one after that.
            self.time.sleep(wait).await;
        }
    }

    /// How long until this many more calls of `action` have left; none when AWS's rate is not known.
    pub(crate) fn ahead(&self, account: &str, action: &str, calls: u32) -> Option<Duration> {
        let per_second = self.bucket(account, action).rate().per_second();
        per_second.is_finite().then(|| seconds(f64::from(calls) / per_second))
    }

    fn bucket(&self, account: &str, action: &str) -> Arc<Bucket> {
        let name = bucket(action);
        let new = || {
            let now = self.time.now();
            let (rate, burst, most) = published(name);
            let rate = if self.published { Rate::new(rate, burst, most, now) } else { Rate::unknown(now) };
            Arc::new(Bucket { queue: tokio::sync::Mutex::default(), waiting: AtomicU32::new(0), rate: Mutex::new(rate) })
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.entry((account.to_owned(), name.to_owned())).or_insert_with(new).clone()
    }
}

fn held(action: &str, bucket: &Bucket) -> Notice {
    let call = action.split_once(':').map_or(action, |(_, call)| call);
    Notice {
        reason: format!("{call} is held to {:.1} a second, so that AWS need not throttle", bucket.rate().per_second()),
        left: bucket.queued(),
    }
}

/// A rate may be so small, or so great, that no duration holds what comes of it.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iam_calls_share_one_bucket_and_organizations_have_one_each() {
        assert_eq!(bucket("iam:CreateRole"), bucket("iam:GetRole"));
        assert_ne!(bucket("organizations:MoveAccount"), bucket("organizations:ListAccounts"));
        assert_eq!(published(bucket("organizations:MoveAccount")), (2.0, 3.0, 2.0));
    }

    #[test]
    fn whatever_is_no_read_changes_the_organisation() {
        for action in ["organizations:CreateAccount", "organizations:TagResource", "organizations:EnablePolicyType"] {
            assert!(changes_organization(action), "{action}");
        }
        for action in ["organizations:ListParents", "organizations:DescribeOrganization", "iam:CreateRole"] {
            assert!(!changes_organization(action), "{action}");
        }
    }

    /// When each of `calls` calls leaves, in milliseconds, when they all want to at once.
    fn departures(published: bool, action: &str, calls: usize) -> Vec<i64> {
        let time = Time::simulated(1);
        let pacing = Pacing::new(time.clone(), published);
        let start = time.now();
        let leave = async {
            let mut left = Vec::new();
            for _ in 0..calls {
                pacing.turn("111122223333", action, None).await.expect("no stop").over(false);
                left.push(i64::try_from(time.now().duration_since(start).as_millis()).expect("small"));
            }
            left
        };
        time.block_on(leave).expect("not stopped")
    }

    #[test]
    fn calls_leave_at_the_published_rate_where_it_holds() {
        assert_eq!(departures(true, "organizations:CreateAccount", 5), [0, 0, 0, 10_000, 20_000]);
        assert_eq!(departures(false, "organizations:CreateAccount", 5), [0; 5]);
    }

    #[test]
    fn a_creation_takes_ten_seconds_beyond_the_third() {
        for (accounts, seconds) in [(0, 0), (3, 0), (4, 10), (5, 20), (1000, 9970)] {
            assert_eq!(least_time("organizations:CreateAccount", accounts), Duration::from_secs(seconds), "{accounts}");
        }
    }
}
