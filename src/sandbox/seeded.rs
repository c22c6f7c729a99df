//! Faults by seed: which call meets which one is a function of the seed, of the call (who calls what with which members) and of how
//! often the same call came before; never of the order in which the calls of others arrive.

use super::faults::Kind;
use super::ids;
use super::world::World;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

/// What a rehearsal puts in the way of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Applied, but no reply comes.
    LostReply,
    /// A change is delivered twice; the second reply comes back.
    Duplicate,
    /// The reply comes after the client has given up, or the request itself is that slow and is applied only then.
    Late,
    /// Refused for its rate; not applied.
    Throttle,
    /// For a stretch of time a list shows the world as it was, up to a minute ago.
    Stale,
    /// New IAM objects are not seen yet: a role cannot be assumed, a principal is not known.
    Lag,
    /// The runner dies once the call is applied.
    Crash,
}

impl Fault {
    pub const ALL: [Fault; 7] = [Fault::LostReply, Fault::Duplicate, Fault::Late, Fault::Throttle, Fault::Stale, Fault::Lag, Fault::Crash];

    /// As it is typed: `lost-reply`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Fault::LostReply => "lost-reply",
            Fault::Duplicate => "duplicate",
            Fault::Late => "late",
            Fault::Throttle => "throttle",
            Fault::Stale => "stale",
            Fault::Lag => "lag",
            Fault::Crash => "crash",
        }
    }

    /// In a thousand calls, by how bad the seed has it.
    fn share(self, badness: u64) -> u64 {
        let share = match self {
            // Only a clock makes IAM lag.
            Fault::Lag => 0,
            // Each costs a whole process.
            Fault::Crash => 5,
            Fault::LostReply | Fault::Duplicate | Fault::Late | Fault::Throttle => 15,
            // Of the lists alone, which are few.
            Fault::Stale => 150,
        };
        share << badness
    }

    fn concerns(self, operation: &str) -> bool {
        match self {
            Fault::Stale => is_list(operation),
            Fault::Duplicate => !is_read(operation),
            _ => true,
        }
    }
}

fn is_list(operation: &str) -> bool {
    operation.starts_with("List") || operation == "GetAccountAuthorizationDetails"
}

fn is_read(operation: &str) -> bool {
    ["Get", "List", "Describe", "Assume"].iter().any(|read| operation.starts_with(read))
}

/// No new IAM object stays unseen for longer.
const LONGEST_LAG: u64 = 30;
/// A list is no older than this.
const OLDEST: SignedDuration = SignedDuration::from_secs(60);
/// How far apart the worlds are that a stale list may show.
const APART: SignedDuration = SignedDuration::from_secs(5);

/// The faults of one seed.
#[derive(Clone, Debug)]
pub struct Seeded {
    seed: u64,
    /// How many calls in a thousand each meets.
    shares: BTreeMap<Fault, u64>,
}

impl Seeded {
    #[must_use]
    pub fn new(seed: u64, faults: &BTreeSet<Fault>) -> Seeded {
        let share = |fault: &Fault| (*fault, fault.share(number(seed, &["badness", fault.name()]) % 3));
        Seeded { seed, shares: faults.iter().map(share).collect() }
    }

    /// How long new IAM objects stay unseen.
    #[must_use]
    pub fn iam_lag(&self) -> Duration {
        let lags = self.shares.contains_key(&Fault::Lag);
        Duration::from_secs(if lags { 1 + number(self.seed, &["lag"]) % LONGEST_LAG } else { 0 })
    }

    /// The fault that this call meets when it comes for the `occurrence`th time, from 1. Never more than two in a row, so that a retry
    /// gets through (a list that lags goes on to do so for its stretch of time). The number is the fault's own dice.
    fn fault(&self, operation: &str, call: &str, occurrence: u64) -> Option<(Fault, u64)> {
        let drawn = |occurrence: u64| self.drawn(operation, call, occurrence);
        let third = occurrence > 2 && drawn(occurrence - 1).is_some() && drawn(occurrence - 2).is_some();
        drawn(occurrence).filter(|_| !third)
    }

    fn drawn(&self, operation: &str, call: &str, occurrence: u64) -> Option<(Fault, u64)> {
        let number = number(self.seed, &["call", operation, call, &occurrence.to_string()]);
        let (mut left, dice) = (number % 1000, number / 1000);
        for (fault, share) in self.shares.iter().filter(|(fault, _)| fault.concerns(operation)) {
            if left < *share {
                return Some((*fault, dice));
            }
            left -= share;
        }
        None
    }
}

fn number(seed: u64, parts: &[&str]) -> u64 {
    ids::digest(seed, parts).iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A fault that a call met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    pub fault: Fault,
    /// `iam:CreateRole`
    pub action: String,
    /// Id of the account that called.
    pub account: String,
    pub(super) dice: u64,
}

impl Met {
    /// What the world does about it; the rest is the network's.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self.fault {
            Fault::LostReply => Some(Kind::LostReply),
            Fault::Duplicate => Some(Kind::Duplicate),
            Fault::Throttle => Some(Kind::Throttle),
            Fault::Stale => Some(Kind::Stale(self.dice)),
            Fault::Late | Fault::Lag | Fault::Crash => None,
        }
    }

    /// Whether a late call is itself slow, not its reply.
    pub(super) fn is_slow(&self) -> bool {
        self.fault == Fault::Late && self.dice % 2 == 1
    }

    /// How much longer than its client waits a slow call is under way.
    pub(super) fn delay(&self) -> Duration {
        Duration::from_secs(1 + self.dice / 2 % 25)
    }
}

/// What the faults of a seed have done so far.
#[derive(Default)]
pub(super) struct Trouble {
    /// How often each call came.
    calls: HashMap<String, u64>,
    met: BTreeMap<Fault, u64>,
    /// The world as it was, oldest first.
    past: VecDeque<(Timestamp, World)>,
    /// Lists that lag, by who asks: until when, and which world they show.
    lagging: HashMap<String, (Timestamp, Timestamp)>,
    /// Addresses for which a request for an account was delivered twice.
    pub(super) doubled: BTreeSet<String>,
}

impl Trouble {
    /// Counts a call, and says what it meets.
    pub(super) fn meet(
        &mut self,
        seeded: &Seeded,
        (prefix, operation): (&str, &str),
        account: &str,
        members: &str,
        now: Timestamp,
    ) -> Option<Met> {
        let call = format!("{account} {members}");
        let count = self.calls.entry(format!("{operation} {call}")).or_default();
        *count += 1;
        let drawn = seeded.fault(operation, &call, *count);
        let list = format!("{operation} {account}");
        let (fault, dice) = match drawn {
            Some((Fault::Stale, dice)) => (Fault::Stale, self.lag(&list, Some(dice), now)?),
            Some(drawn) => drawn,
            None => (Fault::Stale, self.lag(&list, None, now)?),
        };
        self.count(fault);
        Some(Met { fault, action: format!("{prefix}:{operation}"), account: account.to_owned(), dice })
    }

    /// Which world a list shows that lags: the one it has shown so far, or, where it begins to lag now, the one of these dice. For so long
    /// as drawn, and never one older than it may be.
    fn lag(&mut self, list: &str, begins: Option<u64>, now: Timestamp) -> Option<u64> {
        self.lagging.retain(|_, (until, _)| now < *until);
        if let (Some(dice), false) = (begins, self.lagging.contains_key(list)) {
            let worlds = u64::try_from(self.past.len()).ok().filter(|worlds| *worlds > 0)?;
            let (shown, _) = self.past.get(usize::try_from(dice % worlds).ok()?)?;
            let stretch = SignedDuration::from_secs(1) + OLDEST * i32::try_from(dice / worlds % 100).ok()? / 100;
            self.lagging.insert(list.to_owned(), ((now + stretch).min(*shown + OLDEST), *shown));
        }
        let (_, shown) = self.lagging.get(list)?;
        self.past.iter().position(|(at, _)| at == shown)?.try_into().ok()
    }

    /// Something arrived long after it was sent: now it is seen, since no list is to be later than a minute after a call has left.
    pub(super) fn catch_up(&mut self) {
        self.past.clear();
        self.lagging.clear();
    }

    pub(super) fn count(&mut self, fault: Fault) {
        *self.met.entry(fault).or_default() += 1;
    }

    pub(super) fn met(&self) -> &BTreeMap<Fault, u64> {
        &self.met
    }

    /// Keeps the world as it is now, for lists that will be stale.
    pub(super) fn remember(&mut self, seeded: &Seeded, world: &World, now: Timestamp) {
        if !seeded.shares.contains_key(&Fault::Stale) {
            return;
        }
        self.past.retain(|(at, _)| now.duration_since(*at) <= OLDEST);
        if self.past.back().is_none_or(|(at, _)| now.duration_since(*at) >= APART) {
            self.past.push_back((now, world.clone()));
        }
    }

    /// Lends one of the worlds as they were.
    pub(super) fn lend(&mut self, dice: u64) -> Option<(usize, (Timestamp, World))> {
        let index = usize::try_from(dice % u64::try_from(self.past.len()).ok()?.max(1)).ok()?;
        Some((index, self.past.remove(index)?))
    }

    pub(super) fn give_back(&mut self, (index, past): (usize, (Timestamp, World))) {
        self.past.insert(index, past);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(seed: u64) -> Seeded {
        Seeded::new(seed, &Fault::ALL.into())
    }

    #[test]
    fn a_call_meets_what_its_seed_has_for_it_whatever_came_between() {
        let now = Timestamp::UNIX_EPOCH;
        let meet = |trouble: &mut Trouble, members: &str| trouble.meet(&all(7), ("iam", "CreateRole"), "1", members, now);
        let (mut alone, mut among) = (Trouble::default(), Trouble::default());
        for _ in 0..300 {
            meet(&mut among, "other");
            assert_eq!(meet(&mut alone, "r"), meet(&mut among, "r"));
        }
        assert!(alone.met().values().sum::<u64>() > 5, "{:?}", alone.met());
    }

    #[test]
    fn a_list_lags_for_a_stretch_and_is_never_older_than_a_minute() {
        let seeded = |seed| Seeded::new(seed, &BTreeSet::from([Fault::Stale]));
        let world = crate::sandbox::genesis::world(&crate::sandbox::Settings::default());
        let at = |seconds: i64| Timestamp::from_second(seconds).unwrap();
        let (mut longest, mut fresh) = (0, 0);
        for seed in 0..30 {
            let mut trouble = Trouble::default();
            let mut began: Option<(i64, Timestamp)> = None;
            for second in 0..300 {
                trouble.remember(&seeded(seed), &world, at(second));
                let met = trouble.meet(&seeded(seed), ("iam", "ListRoles"), "1", "", at(second));
                let Some(met) = met else {
                    (began, fresh) = (None, fresh + 1);
                    continue;
                };
                let shown = trouble.past[usize::try_from(met.dice).unwrap()].0;
                assert!(at(second).duration_since(shown) <= OLDEST, "seed {seed}");
                began = began.filter(|(_, before)| *before == shown).or(Some((second, shown)));
                longest = longest.max(second - began.unwrap().0);
            }
        }
        assert!((30..=60).contains(&longest) && fresh > 1000, "{longest} s, fresh {fresh} times");
    }

    #[test]
    fn a_third_try_gets_through() {
        for seed in 0..200 {
            let seeded = all(seed);
            let fails = |occurrence| seeded.fault("ListAccounts", "c", occurrence).is_some();
            assert!((3..200).all(|last| !(fails(last) && fails(last - 1) && fails(last - 2))), "seed {seed}");
        }
    }

    #[test]
    fn every_fault_meets_the_calls_it_concerns_and_no_other_fault_does() {
        for fault in Fault::ALL {
            let met = |operation: &str| {
                let seeded = |seed| Seeded::new(seed, &BTreeSet::from([fault]));
                let met = (0..100).flat_map(|seed| (1..10).filter_map(move |time| seeded(seed).fault(operation, "c", time)));
                let met: Vec<Fault> = met.map(|(met, _)| met).collect();
                assert!(met.iter().all(|met| *met == fault));
                !met.is_empty()
            };
            let wanted = match fault {
                Fault::Lag => (false, false),
                Fault::Stale => (false, true),
                Fault::Duplicate => (true, false),
                _ => (true, true),
            };
            assert_eq!((met("CreateRole"), met("ListRoles")), wanted, "{fault:?}");
        }
        let lag = |seed| Seeded::new(seed, &BTreeSet::from([Fault::Lag])).iam_lag().as_secs();
        assert!((0..50).all(|seed| (1..=LONGEST_LAG).contains(&lag(seed))));
        assert!(Seeded::new(1, &BTreeSet::from([Fault::Crash])).iam_lag().is_zero());
    }
}
