//! How often, and after what wait, a call is made again.

use super::failure::FailureClass;
use jiff::SignedDuration;
use std::time::Duration;

/// The first call counts.
const ATTEMPTS: u32 = 6;
const THROTTLES: u32 = 12;
const BASE: Duration = Duration::from_secs(1);
const CAP: Duration = Duration::from_mins(1);
/// In all, for what AWS is busy with (five account creations at a time, an account just made that is not ready).
const PATIENCE: Duration = Duration::from_mins(20);
/// The longest wait between two calls about something new.
const NOT_YET: Duration = Duration::from_secs(10);

/// What one call has gone through so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retry {
    failures: u32,
    throttles: u32,
    waited: Duration,
    /// For something new to become known: how often, and how long in all.
    not_yet: (u32, Duration),
    /// Calls and waits of every kind.
    tries: u32,
    spent: Duration,
}

impl Retry {
    /// The wait before the next attempt; `None` when there is to be none. `random` is uniform over `u64` (full jitter).
    pub fn next(&mut self, class: FailureClass, random: u64) -> Option<Duration> {
        let wait = self.wait(class, random);
        self.tries += 1;
        self.spent += wait.unwrap_or_default();
        wait
    }

    /// `tried 6 times, 31s of waiting between`, once there was more than one call.
    pub(super) fn told(&self) -> Option<String> {
        let spent = SignedDuration::from_secs(self.spent.as_secs().try_into().unwrap_or(i64::MAX));
        (self.tries > 1).then(|| format!("tried {} times, {spent:#} of waiting between", self.tries))
    }

    fn wait(&mut self, class: FailureClass, random: u64) -> Option<Duration> {
        match class {
            FailureClass::Retry { throttled: true } => {
                self.throttles += 1;
                (self.throttles < THROTTLES).then(|| jittered(self.throttles, random))
            }
            FailureClass::Retry { throttled: false } | FailureClass::Unknown => {
                self.failures += 1;
                (self.failures < ATTEMPTS).then(|| jittered(self.failures, random))
            }
            FailureClass::RetryAfter(wait) => {
                // A wait of nothing would try forever.
                let wait = wait.max(Duration::from_millis(100));
                self.waited += wait;
                (self.waited <= PATIENCE).then_some(wait)
            }
            FailureClass::NotYet(within) => {
                let (times, waited) = &mut self.not_yet;
                let left = within.saturating_sub(*waited);
                let wait = BASE.saturating_mul(2_u32.saturating_pow(*times)).min(NOT_YET).min(left);
                (*times, *waited) = (*times + 1, *waited + wait);
                (!left.is_zero()).then_some(wait)
            }
            FailureClass::NeedsYou | FailureClass::Fatal | FailureClass::Stopped => None,
        }
    }
}

/// Uniform between nothing and 1 s × 2^(n-1), at most 60 s.
fn jittered(failures: u32, random: u64) -> Duration {
    let ceiling = BASE.saturating_mul(2_u32.saturating_pow(failures - 1)).min(CAP);
    let millis = u64::try_from(ceiling.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(random % (millis + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(class: FailureClass, random: impl Fn(u64) -> u64) -> Vec<u64> {
        let mut retry = Retry::default();
        (0..).map_while(|turn| retry.next(class, random(turn))).map(|wait| wait.as_millis().try_into().expect("small")).collect()
    }

    #[test]
    fn each_class_has_its_own_patience() {
        let retry = FailureClass::Retry { throttled: false };
        // The remainder of the division by ceiling + 1 is greatest for the ceiling itself.
        let ceilings = [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000, 60000, 60000];
        let most = |turn: u64| ceilings[usize::try_from(turn).expect("small").min(10)];
        assert_eq!(all(retry, most), [1000, 2000, 4000, 8000, 16000]);
        assert_eq!(all(FailureClass::Unknown, most), [1000, 2000, 4000, 8000, 16000]);
        assert_eq!(all(FailureClass::Retry { throttled: true }, most), ceilings);
        assert_eq!(all(retry, |_| 0), [0, 0, 0, 0, 0]);
        assert_eq!(all(FailureClass::RetryAfter(Duration::from_mins(1)), |_| 0).len(), 20);
        assert_eq!(all(FailureClass::RetryAfter(Duration::ZERO), |_| 0).len(), 12_000);
        assert_eq!(all(FailureClass::NotYet(Duration::from_secs(30)), |_| 0), [1000, 2000, 4000, 8000, 10_000, 5000]);
        assert_eq!(all(FailureClass::NotYet(Duration::ZERO), |_| 0), [0; 0]);
        assert_eq!(all(FailureClass::Fatal, |_| 0), [0; 0]);
        assert_eq!(all(FailureClass::NeedsYou, |_| 0), [0; 0]);
    }

    #[test]
    fn what_was_tried_is_told() {
        let mut retry = Retry::default();
        assert!(retry.next(FailureClass::Fatal, 0).is_none());
        assert_eq!(retry.told(), None);
        let mut retry = Retry::default();
        while retry.next(FailureClass::RetryAfter(Duration::from_secs(50)), 0).is_some() {}
        assert_eq!(retry.told().as_deref(), Some("tried 25 times, 20m of waiting between"));
    }

    #[test]
    fn throttles_do_not_use_up_attempts() {
        let mut retry = Retry::default();
        for _ in 0..11 {
            assert!(retry.next(FailureClass::Retry { throttled: true }, 0).is_some());
        }
        for _ in 0..5 {
            assert!(retry.next(FailureClass::Unknown, 0).is_some());
        }
        assert!(retry.next(FailureClass::Unknown, 0).is_none());
    }
}
