//! How many calls a second AWS takes, as far as it is known: a token bucket whose rate learns from throttles. Pure.
//!
//! A throttle says that AWS's own bucket is empty. Between two of them it has let through just what it takes, so the calls answered in
//! between are a measure of its rate; before there are two, the rate is halved. Answers let it creep up again: fast up to where it was
//! throttled, slowly beyond.

use jiff::Timestamp;
use std::collections::VecDeque;
use std::time::Duration;

/// No rate falls below this: a call every 50 seconds.
const LEAST: f64 = 0.02;
/// What a rate grows by with each answer, below and beyond where AWS throttled last.
const BACK: f64 = 1.1;
const BEYOND: f64 = 1.001;
/// Below this share of the rate that was throttled, growth is fast.
const NEAR: f64 = 0.9;

/// Calls a second, and how many may come at once.
#[derive(Clone, Debug)]
pub(super) struct Rate {
    per_second: f64,
    burst: f64,
    /// It does not grow beyond this.
    most: f64,
    /// Where it was throttled last, or began.
    throttled_at: f64,
    /// Calls that may leave, counted at `counted`.
    left: f64,
    counted: Timestamp,
    /// When it was cut last; none before the first throttle.
    cut: Option<Timestamp>,
    /// Calls answered since then.
    answered: u32,
    /// Answers of the last second.
    recent: VecDeque<Timestamp>,
}

impl Rate {
    /// Begins at `per_second` and may learn anything from next to nothing up to `most`.
    pub(super) fn new(per_second: f64, burst: f64, most: f64, now: Timestamp) -> Rate {
        let recent = VecDeque::new();
        Rate { per_second, burst, most, throttled_at: per_second, left: burst, counted: now, cut: None, answered: 0, recent }
    }

    /// Nothing is known: every call may leave until AWS throttles one.
    pub(super) fn unknown(now: Timestamp) -> Rate {
        Rate::new(f64::INFINITY, 2.0, f64::INFINITY, now)
    }

    pub(super) fn per_second(&self) -> f64 {
        self.per_second
    }

    /// How long until the next call may leave.
    pub(super) fn wait(&mut self, now: Timestamp) -> Duration {
        self.refill(now);
        let missing = 1.0 - self.left;
        // Less than a microsecond is the noise of the arithmetic.
        if missing <= 1e-6 * self.per_second { Duration::ZERO } else { Duration::from_secs_f64(missing / self.per_second) }
    }

    /// A call leaves.
    pub(super) fn take(&mut self, now: Timestamp) {
        self.refill(now);
        self.left -= 1.0;
    }

    /// AWS took a call.
    pub(super) fn answered(&mut self, now: Timestamp) {
        self.answered = self.answered.saturating_add(1);
        if self.per_second.is_infinite() {
            self.recent.push_back(now);
            self.forget(now);
        }
        // A rate that nobody waits for teaches nothing.
        if self.left < 1.0 {
            let growth = if self.per_second < NEAR * self.throttled_at { BACK } else { BEYOND };
            self.per_second = (self.per_second * growth).min(self.most);
        }
    }

    /// AWS throttled a call that left at `sent`. What left before the last cut says nothing new.
    pub(super) fn throttled(&mut self, sent: Timestamp, now: Timestamp) {
        if self.cut.is_some_and(|cut| sent <= cut) {
            return;
        }
        self.refill(now);
        self.throttled_at = self.per_second;
        self.per_second = if self.per_second.is_infinite() {
            // A burst may have hidden, or a first throttle prevented, what AWS takes: growth is fast until the next one.
            self.forget(now);
            count(self.recent.len()).max(2.0) / 2.0
        } else {
            match self.cut {
                None => self.per_second * 0.5,
                // Of a few answers nothing can be said, but that it is still too fast.
                Some(_) if self.answered < 8 => self.per_second * 0.8,
                Some(cut) => {
                    let measured = f64::from(self.answered) / seconds(cut, now).max(0.001);
                    (measured * 0.97).clamp(self.per_second * 0.5, self.per_second * 0.98)
                }
            }
        };
        self.per_second = self.per_second.max(LEAST);
        self.burst = (self.burst / 2.0).max(1.0);
        (self.left, self.cut, self.answered) = (0.0, Some(now), 0);
        self.recent.clear();
    }

    fn refill(&mut self, now: Timestamp) {
        let elapsed = seconds(self.counted, now);
        self.counted = self.counted.max(now);
        self.left = if self.per_second.is_infinite() { self.burst } else { (self.left + elapsed * self.per_second).min(self.burst) };
    }

    fn forget(&mut self, now: Timestamp) {
        while self.recent.front().is_some_and(|answer| seconds(*answer, now) > 1.0) {
            self.recent.pop_front();
        }
    }
}

/// Never negative: a clock may be set back.
fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}

fn count(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: f64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_burst_passes_and_the_rest_is_spread() {
        let mut rate = Rate::new(0.1, 3.0, 0.1, at(0.0));
        for _ in 0..3 {
            assert!(rate.wait(at(0.0)).is_zero());
            rate.take(at(0.0));
        }
        assert_eq!(rate.wait(at(0.0)), Duration::from_secs(10));
        assert_eq!(rate.wait(at(4.0)), Duration::from_secs(6));
        assert!(rate.wait(at(10.0)).is_zero());
        assert!(rate.wait(at(3600.0)).is_zero());
    }

    #[test]
    fn a_throttle_halves_once_and_answers_bring_it_back_to_the_most_there_is() {
        let mut rate = Rate::new(2.0, 3.0, 2.0, at(0.0));
        rate.throttled(at(1.0), at(1.1));
        assert!((rate.per_second() - 1.0).abs() < 1e-9);
        // Left before the cut.
        rate.throttled(at(1.05), at(1.2));
        assert!((rate.per_second() - 1.0).abs() < 1e-9);
        for _ in 0..100 {
            rate.answered(at(2.0));
        }
        assert!((rate.per_second() - 2.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_not_known_is_not_held_up() {
        let mut rate = Rate::unknown(at(0.0));
        for call in 0..1000 {
            let now = at(f64::from(call) * 0.1);
            assert!(rate.wait(now).is_zero());
            rate.take(now);
            rate.answered(now);
        }
        // Ten answers in the second before the throttle (and one on its edge).
        rate.throttled(at(99.9), at(99.95));
        assert!((4.0..6.0).contains(&rate.per_second()), "{}", rate.per_second());
    }

    /// An AWS with a bucket of its own, and somebody who always has another call to make. Gives calls taken and calls refused.
    fn play(rate: &mut Rate, hidden: f64, burst: f64, from: f64, until: f64) -> (u32, u32) {
        let (mut now, mut left, mut counted) = (from, burst, from);
        let (mut taken, mut refused) = (0, 0);
        while now < until {
            // A call is never quicker than 10 ms.
            now += rate.wait(at(now)).as_secs_f64().max(0.01);
            rate.take(at(now));
            left = (left + (now - counted) * hidden).min(burst);
            counted = now;
            if left >= 1.0 {
                left -= 1.0;
                taken += 1;
                rate.answered(at(now));
            } else {
                refused += 1;
                rate.throttled(at(now), at(now));
            }
        }
        (taken, refused)
    }

    proptest! {
        #[test]
        fn never_more_than_rate_and_burst(per_second in 0.1_f64..50.0, burst in 1.0_f64..30.0, gaps in prop::collection::vec(0.0_f64..3.0, 1..200)) {
            let mut rate = Rate::new(per_second, burst, per_second, at(0.0));
            let mut left = Vec::new();
            let mut now = 0.0;
            for gap in gaps {
                now += gap * gap / per_second;
                now += rate.wait(at(now)).as_secs_f64();
                rate.take(at(now));
                rate.answered(at(now));
                left.push(now);
            }
            for (first, start) in left.iter().enumerate() {
                for (last, end) in left.iter().enumerate().skip(first) {
                    let calls = f64::from(u32::try_from(last - first + 1).unwrap());
                    prop_assert!(calls <= (end - start) * per_second + burst + 1e-3, "{calls} calls in {} s", end - start);
                }
            }
        }

        #[test]
        fn nobody_waits_forever(per_second in 0.1_f64..50.0, known: bool, throttles in prop::collection::vec(0.0_f64..10.0, 0..100)) {
            let mut rate = if known { Rate::new(per_second, 5.0, per_second, at(0.0)) } else { Rate::unknown(at(0.0)) };
            let mut now = 0.0;
            for gap in throttles {
                now += gap;
                rate.throttled(at(now), at(now));
            }
            prop_assert!(rate.wait(at(now)) <= Duration::from_secs_f64(1.0 / LEAST + 1e-3));
            prop_assert!(rate.wait(at(now + 1.0 / LEAST + 1e-3)).is_zero());
        }

        #[test]
        fn a_hidden_rate_is_found(hidden in 0.2_f64..50.0, burst in 1.0_f64..10.0, known: bool) {
            let mut rate = if known { Rate::new(15.0, 30.0, 100.0, at(0.0)) } else { Rate::unknown(at(0.0)) };
            let warm = 100.0 / hidden + 100.0;
            play(&mut rate, hidden, burst, 0.0, warm);
            let span = 200.0 / hidden;
            let (taken, refused) = play(&mut rate, hidden, burst, warm, warm + span);
            let share = f64::from(taken) / (hidden * span);
            prop_assert!(share > 0.9, "{share} of {hidden} calls a second, {refused} refused");
            prop_assert!(f64::from(refused) < 0.06 * f64::from(taken), "{refused} of {taken} refused");
        }
    }
}
