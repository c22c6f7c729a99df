//! Accounts being made: at most five at a time, and watched together, since AWS takes few questions about them.

use super::cloud::Cloud;
use super::pages::Pages;
use super::session::Session;
use super::watched::{Question, SOONEST, Watched};
use crate::step::{Failure, FailureClass, Notice, Resolution, Way, say, until};
use aws_sdk_organizations::types::{CreateAccountState, CreateAccountStatus};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedMutexGuard, Semaphore, SemaphorePermit};

/// AWS works on at most this many account creations at a time.
const SLOTS: usize = 5;
/// How often it is said how many accounts wait.
const SAID: Duration = Duration::from_mins(1);
/// What AWS may fail to answer before whoever asks gives up; the creations go on whether they are watched or not.
const PATIENCE: u32 = 100;

/// How a request to create an account stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    InProgress,
    /// With the new account's id.
    Succeeded(String),
    /// With AWS's `FailureReason`.
    Refused(String),
    /// AWS does not know the request, or not any more.
    Unknown,
}

impl Standing {
    /// None where AWS says nothing that is understood.
    pub fn of(status: &CreateAccountStatus) -> Option<Standing> {
        match status.state.as_ref()? {
            CreateAccountState::InProgress => Some(Standing::InProgress),
            CreateAccountState::Succeeded => status.account_id.clone().map(Standing::Succeeded),
            CreateAccountState::Failed => {
                Some(Standing::Refused(status.failure_reason.as_ref().map_or("UNKNOWN", |reason| reason.as_str()).to_owned()))
            }
            _ => None,
        }
    }
}

/// The creations of one cloud.
pub(crate) struct Creations {
    slots: Semaphore,
    /// Accounts wanted whose request has not left yet.
    queued: AtomicU32,
    said: Mutex<Option<Timestamp>>,
    /// Whether AWS refuses the tag by which new accounts tell who made them.
    untagged: AtomicBool,
    /// Held by whoever asks AWS for all.
    asking: tokio::sync::Mutex<()>,
    /// Addresses whose account this run has made in an earlier process, and perhaps never seen usable.
    doubted: Mutex<BTreeSet<String>>,
    /// Held while AWS is asked for an account with the address, and while it is found out what became of that.
    addresses: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
    watched: Mutex<Watched>,
}

/// Watches one request, until it is dropped.
struct Watching<'c>(&'c Creations, &'c str);

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        self.0.watched().requests.remove(self.1);
    }
}

/// A creation that waits to be begun, until it is dropped.
pub(crate) struct Queued<'c>(&'c Creations);

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.queued.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Creations {
    fn default() -> Creations {
        Creations {
            slots: Semaphore::new(SLOTS),
            queued: AtomicU32::new(0),
            said: Mutex::default(),
            untagged: AtomicBool::new(false),
            asking: tokio::sync::Mutex::default(),
            doubted: Mutex::default(),
            addresses: Mutex::default(),
            watched: Mutex::default(),
        }
    }
}

impl Creations {
    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether new accounts are made without the tag of their step.
    pub(crate) fn are_untagged(&self) -> bool {
        self.untagged.load(Ordering::Relaxed)
    }

    /// From now on new accounts are made without the tag of their step; true for whoever says so first.
    pub(crate) fn make_untagged(&self) -> bool {
        !self.untagged.swap(true, Ordering::Relaxed)
    }

    /// Says that nobody may have seen yet whether the account with this address can be used.
    pub(crate) fn doubt(&self, email: &str) {
        self.doubted().insert(email.to_ascii_lowercase());
    }

    pub(crate) fn is_doubted(&self, email: &str) -> bool {
        self.doubted().contains(&email.to_ascii_lowercase())
    }

    fn doubted(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.doubted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The address to oneself: of two steps that want an account with it, one asks AWS at a time. With whether that took waiting.
    pub(crate) async fn address(&self, email: &str) -> Result<(OwnedMutexGuard<()>, bool), Failure> {
        let gate = Arc::clone(self.addresses.lock().unwrap_or_else(PoisonError::into_inner).entry(email.to_ascii_lowercase()).or_default());
        if let Ok(held) = Arc::clone(&gate).try_lock_owned() {
            return Ok((held, false));
        }
        let notice = || Notice { reason: format!("another step is at an account with the address `{email}`"), left: Duration::ZERO };
        Ok((until(gate.lock_owned(), notice).await?, true))
    }

    /// Counts one more account that is to be made.
    pub(crate) fn queue(&self) -> Queued<'_> {
        self.queued.fetch_add(1, Ordering::Relaxed);
        Queued(self)
    }

    /// One of the five places; held until AWS has decided.
    pub(crate) async fn slot(&self, cloud: &Cloud, account: &str) -> Result<Option<SemaphorePermit<'_>>, Failure> {
        // Nobody closes it, which alone would give none.
        Ok(until(self.slots.acquire(), || self.notice(cloud, account)).await?.ok())
    }

    /// `12 accounts wait to be made, about 2 min at AWS's rate`; said aloud once a minute, since each step tells it of itself alone.
    pub(crate) fn notice(&self, cloud: &Cloud, account: &str) -> Notice {
        let queued = self.queued.load(Ordering::Relaxed);
        let by_rate = cloud.pacing().ahead(account, "organizations:CreateAccount", queued);
        let slots = u32::try_from(SLOTS).unwrap_or(1);
        let by_slots = self.watched().expected().map(|expected| expected * queued / slots);
        let accounts = if queued == 1 { "1 account waits".to_owned() } else { format!("{queued} accounts wait") };
        let (left, pace) = match (by_rate, by_slots) {
            (Some(rate), slots) if slots.is_none_or(|slots| slots <= rate) => (rate, format!("about {} at AWS's rate", roughly(rate))),
            (_, Some(slots)) => (slots, format!("about {}, five at a time", roughly(slots))),
            _ => (Duration::ZERO, "five at a time".to_owned()),
        };
        let reason = format!("{accounts} to be made, {pace}");
        if queued > 1 && self.is_to_be_said(cloud.time().now()) {
            say(reason.clone());
        }
        Notice { reason, left }
    }

    fn is_to_be_said(&self, now: Timestamp) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let due = said.is_none_or(|said| now >= said + SAID);
        if due {
            *said = Some(now);
        }
        due
    }
}

/// `40 s`, `5 min`, `2 h 45 min`
fn roughly(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds, seconds.div_ceil(60)) {
        (0..90, _) => format!("{} s", seconds.max(1)),
        (_, minutes @ 0..120) => format!("{minutes} min"),
        (_, minutes) => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

impl Session {
    /// Waits until AWS has decided on the request `car-…`.
    ///
    /// Fails with `creation-under-way` when AWS takes too long: the request stays as it is, and is followed when the run goes on.
    pub(crate) async fn creation(&self, request: &str) -> Result<Standing, Failure> {
        let creations = self.cloud().creations();
        let began = self.cloud().time().now();
        let _watching = Watching(creations, request);
        let notice = || Notice { reason: "AWS is creating the account".to_owned(), left: Duration::ZERO };
        let mut missed = 0;
        loop {
            let told = creations.watched().add(request, self.cloud().time().now());
            // One asks for all; the others wait to be told, or to be the next to ask.
            let either = async {
                tokio::select! {
                    biased;
                    () = told.notified() => None,
                    asking = creations.asking.lock() => Some(asking),
                }
            };
            let asking = until(either, notice).await?;
            let decided = creations.watched().requests.get(request).and_then(|watch| watch.decided.clone());
            if let Some(standing) = decided {
                return Ok(standing);
            }
            if self.cloud().time().now() >= began + self.cloud().new_account() {
                return Err(under_way(request, self.cloud().new_account()));
            }
            let (Some(_asking), Some((due, question))) = (asking, creations.watched().next(self.cloud().time().now())) else { continue };
            let wait = Duration::try_from(due.duration_since(self.cloud().time().now())).unwrap_or_default();
            until(self.cloud().time().sleep(wait), notice).await?;
            match self.ask(question).await {
                Err(failure) if matches!(failure.class, FailureClass::Retry { .. } | FailureClass::RetryAfter(_)) && missed < PATIENCE => {
                    missed += 1;
                    until(self.cloud().time().sleep(SOONEST * missed), notice).await?;
                }
                asked => asked?,
            }
        }
    }

    async fn ask(&self, question: Question) -> Result<(), Failure> {
        let unheard = match question {
            Question::One(request) => BTreeSet::from([request]),
            Question::All => self.list_creations().await?,
        };
        let creations = self.cloud().creations();
        for request in unheard {
            let client = self.organizations().await?;
            let call = client.describe_create_account_status().create_account_request_id(&request);
            let mut sent = self.cloud().time().now();
            let call = self.noting(&mut sent, call.send());
            let standing = match self.read("organizations:DescribeCreateAccountStatus", call).await {
                Ok(reply) => reply.create_account_status.as_ref().and_then(Standing::of).unwrap_or(Standing::InProgress),
                // What AWS has just taken is not known everywhere yet.
                Err(failure) if failure.code == "CreateAccountStatusNotFoundException" => {
                    let young = creations.watched().since(&request).is_some_and(|since| sent < since + self.cloud().settle_window());
                    if young { Standing::InProgress } else { Standing::Unknown }
                }
                Err(failure) => return Err(failure),
            };
            creations.watched().heard(&request, standing, sent);
        }
        Ok(())
    }

    /// When a call was really sent: it may have waited for its turn.
    async fn noting<T>(&self, sent: &mut Timestamp, call: impl Future<Output = T>) -> T {
        *sent = self.cloud().time().now();
        call.await
    }

    /// Hears of all creations by one page; gives those that are to be asked for by themselves.
    async fn list_creations(&self) -> Result<BTreeSet<String>, Failure> {
        let watched = || self.cloud().creations().watched();
        let open = watched().open();
        let hidden = watched().hidden;
        let state = hidden.then_some(CreateAccountState::InProgress);
        let (page, _, sent) = self.creations_page(state, None).await?;
        let shown: BTreeMap<String, Standing> =
            page.iter().filter_map(|status| Some((status.id.clone()?, Standing::of(status)?))).collect();
        let mut watched = watched();
        let mut unheard = BTreeSet::new();
        for request in &open {
            match shown.get(request) {
                Some(Standing::InProgress) if !watched.is_due(request, sent) => {}
                Some(standing) => watched.heard(request, standing.clone(), sent),
                // Of those in progress it is none; else it may be on another page.
                None if hidden || watched.is_due(request, sent) => drop(unheard.insert(request.clone())),
                None => {}
            }
        }
        watched.hidden |= !open.is_empty() && !open.iter().any(|request| shown.contains_key(request));
        Ok(unheard)
    }

    /// Hands over every request to create an account.
    pub(crate) async fn creation_statuses(&self, mut take: impl FnMut(CreateAccountStatus) + Send) -> Result<(), Failure> {
        let mut pages = Pages::default();
        loop {
            let (page, next, _) = self.creations_page(None, pages.token()).await?;
            page.into_iter().for_each(&mut take);
            // An emulator was seen to give the same token for ever: all are shown by then.
            if !pages.go_on("ListCreateAccountStatus", next).unwrap_or_default() {
                return Ok(());
            }
        }
    }

    /// A page of the requests to create an account, those in one state if it is given; the token of the next page; when it was asked for.
    async fn creations_page(
        &self,
        state: Option<CreateAccountState>,
        token: Option<String>,
    ) -> Result<(Vec<CreateAccountStatus>, Option<String>, Timestamp), Failure> {
        let client = self.organizations().await?;
        let call = client.list_create_account_status().set_states(state.map(|state| vec![state])).set_next_token(token);
        let mut sent = self.cloud().time().now();
        let call = self.noting(&mut sent, call.send());
        let page = self.read("organizations:ListCreateAccountStatus", call).await?;
        Ok((page.create_account_statuses.unwrap_or_default(), page.next_token, sent))
    }
}

fn under_way(request: &str, watched: Duration) -> Failure {
    let message = format!("AWS still works on the request {request} (IN_PROGRESS): it was watched for {}", roughly(watched));
    Failure::needs_you("creation-under-way", message)
        .way(Way::After("wait: the same request is followed, and no other one sent".to_owned()))
        .way(Way::Resolve("AWS Support says that this request is dead".to_owned(), Resolution::Retry))
        .way(Way::Without)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_organizations::types::CreateAccountFailureReason;

    #[test]
    fn a_status_stands_as_its_state_says() {
        let status = |state: CreateAccountState| CreateAccountStatus::builder().state(state);
        assert_eq!(Standing::of(&status(CreateAccountState::InProgress).build()), Some(Standing::InProgress));
        let succeeded = status(CreateAccountState::Succeeded).account_id("111122223333").build();
        assert_eq!(Standing::of(&succeeded), Some(Standing::Succeeded("111122223333".into())));
        let failed = status(CreateAccountState::Failed).failure_reason(CreateAccountFailureReason::InvalidEmail).build();
        assert_eq!(Standing::of(&failed), Some(Standing::Refused("INVALID_EMAIL".into())));
        assert_eq!(Standing::of(&CreateAccountStatus::builder().build()), None);
    }

    #[test]
    fn times_ahead_are_rough() {
        for (seconds, text) in [(0, "1 s"), (40, "40 s"), (120, "2 min"), (270, "5 min"), (9900, "2 h 45 min")] {
            assert_eq!(roughly(Duration::from_secs(seconds)), text);
        }
    }
}
