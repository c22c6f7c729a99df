//! Which account creations are under way, when it is worth asking AWS about them, and what to ask. Pure.

use super::creations::Standing;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Between two questions about the same account.
pub(super) const SOONEST: Duration = Duration::from_millis(50);
/// The same while it is not known how long a creation takes.
const AT_FIRST: Duration = Duration::from_millis(400);
const LATEST: Duration = Duration::from_secs(10);
/// Creations that are due within this part of the time a creation takes are asked for together.
const TOGETHER: u32 = 8;

/// What is being watched.
#[derive(Default)]
pub(super) struct Watched {
    pub(super) requests: BTreeMap<String, Watch>,
    /// How long a creation takes at least and at most, as seen lately. None before the first was made.
    takes: Option<(Duration, Duration)>,
    /// The oldest age at which the first ones were seen in progress.
    least: Duration,
    /// The first page of all requests was seen not to hold new ones; AWS does not say in what order it lists them.
    pub(super) hidden: bool,
}

pub(super) struct Watch {
    since: Timestamp,
    /// When it is worth asking.
    due: Timestamp,
    /// Whether AWS was asked before.
    asked: bool,
    pub(super) decided: Option<Standing>,
    told: Arc<Notify>,
}

/// What to ask next.
#[derive(Debug, PartialEq)]
pub(super) enum Question {
    /// DescribeCreateAccountStatus of this request.
    One(String),
    /// ListCreateAccountStatus: how all of them stand.
    All,
}

impl Watched {
    pub(super) fn add(&mut self, request: &str, now: Timestamp) -> Arc<Notify> {
        let due = now + self.expected().unwrap_or_default();
        let new = || Watch { since: now, due, asked: false, decided: None, told: Arc::default() };
        self.requests.entry(request.to_owned()).or_insert_with(new).told.clone()
    }

    /// When to ask, and what: of several creations all are listed, once for those that are due at about the same time; where the
    /// list does not show new ones, each is asked for by itself.
    pub(super) fn next(&self, now: Timestamp) -> Option<(Timestamp, Question)> {
        let open = || self.requests.iter().filter(|(_, watch)| watch.decided.is_none());
        let (request, first) = open().min_by_key(|(_, watch)| watch.due)?;
        let together = first.due.max(now) + self.expected().unwrap_or_default() / TOGETHER;
        let due: Vec<Timestamp> = open().map(|(_, watch)| watch.due).filter(|due| *due <= together).collect();
        if open().count() == 1 || (self.hidden && due.len() == 1) {
            return Some((first.due, Question::One(request.clone())));
        }
        Some((due.into_iter().max()?, Question::All))
    }

    /// The creations whose end was not heard of.
    pub(super) fn open(&self) -> BTreeSet<String> {
        self.requests.iter().filter(|(_, watch)| watch.decided.is_none()).map(|(request, _)| request.clone()).collect()
    }

    /// Since when a request is watched.
    pub(super) fn since(&self, request: &str) -> Option<Timestamp> {
        self.requests.get(request).map(|watch| watch.since)
    }

    pub(super) fn is_due(&self, request: &str, now: Timestamp) -> bool {
        self.requests.get(request).is_some_and(|watch| watch.due <= now)
    }

    /// When a creation may well be done: between what is known too early and what was late enough, until these are close.
    pub(super) fn expected(&self) -> Option<Duration> {
        let (least, most) = self.takes?;
        Some(if most.saturating_sub(least) < most / 32 { most } else { (least + most) / 2 })
    }

    /// What AWS said of a request when it was asked at `now`; how long the answer took to come says nothing of the creation.
    pub(super) fn heard(&mut self, request: &str, standing: Standing, now: Timestamp) {
        let Some(watch) = self.requests.get_mut(request) else { return };
        let age = Duration::try_from(now.duration_since(watch.since)).unwrap_or_default();
        let first = !std::mem::replace(&mut watch.asked, true);
        if standing == Standing::InProgress {
            let pause = match &mut self.takes {
                None => (age / 2).max(AT_FIRST),
                Some((least, most)) if first => {
                    (*least, *most) = (age, (*most).max(age + age / 50));
                    age / 32
                }
                Some(_) => age / 8,
            };
            if self.takes.is_none() {
                self.least = self.least.max(age);
            }
            watch.due = now + pause.clamp(SOONEST, LATEST);
            return;
        }
        match &mut self.takes {
            None => self.takes = Some((self.least.min(age), age)),
            Some((least, most)) => {
                if first {
                    // It may have become faster: in time a smaller one is tried again.
                    *least = (*least).min(age).mul_f64(0.999);
                }
                *most = age;
            }
        }
        watch.decided = Some(standing);
        watch.told.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs_f64(seconds)
    }

    fn succeeded() -> Standing {
        Standing::Succeeded("111122223333".into())
    }

    #[test]
    fn several_that_nothing_is_known_of_are_listed_and_one_is_described() {
        let mut watched = Watched::default();
        watched.add("a", at(0.0));
        assert_eq!(watched.next(at(0.0)), Some((at(0.0), Question::One("a".into()))));
        watched.add("b", at(0.0));
        assert_eq!(watched.next(at(0.0)), Some((at(0.0), Question::All)));
        for request in ["a", "b"] {
            watched.heard(request, Standing::InProgress, at(8.0));
        }
        assert_eq!(watched.next(at(0.0)), Some((at(12.0), Question::All)));
        watched.heard("a", succeeded(), at(12.0));
        assert_eq!(watched.next(at(0.0)).map(|(_, question)| question), Some(Question::One("b".into())));
        watched.heard("b", Standing::Unknown, at(12.0));
        assert_eq!(watched.next(at(0.0)), None);
    }

    /// Seen in progress at 8 s and done at 10 s.
    fn nine_seconds_expected() -> Watched {
        let mut watched = Watched::default();
        watched.add("a", at(0.0));
        watched.heard("a", Standing::InProgress, at(8.0));
        watched.heard("a", succeeded(), at(10.0));
        watched.requests.clear();
        watched
    }

    #[test]
    fn those_expected_at_about_the_same_time_are_asked_for_together() {
        let mut watched = nine_seconds_expected();
        for (request, since) in [("b", 20.0), ("c", 21.0), ("d", 25.0)] {
            watched.add(request, at(since));
        }
        assert_eq!(watched.next(at(25.0)), Some((at(30.0), Question::All)));
        // Late as it is, all that is due by now is asked for.
        assert_eq!(watched.next(at(33.0)), Some((at(34.0), Question::All)));
        watched.hidden = true;
        assert_eq!(watched.next(at(25.0)), Some((at(30.0), Question::All)));
        watched.heard("b", succeeded(), at(30.0));
        assert_eq!(watched.next(at(25.0)), Some((at(30.0), Question::One("c".into()))));
    }

    #[test]
    fn how_long_a_creation_takes_is_found_by_halving() {
        let mut watched = nine_seconds_expected();
        let (mut too_early, mut now) = (0, 100.0);
        for number in 0..100 {
            let request = number.to_string();
            watched.add(&request, at(now));
            loop {
                let due = watched.requests[&request].due;
                if due >= at(now + 9.5) {
                    watched.heard(&request, succeeded(), due);
                    break;
                }
                too_early += 1;
                watched.heard(&request, Standing::InProgress, due);
            }
            now += 100.0;
        }
        let expected = watched.expected().unwrap().as_secs_f64();
        assert!((9.4..9.8).contains(&expected), "{expected}");
        assert!(too_early <= 12, "{too_early}");
    }
}
