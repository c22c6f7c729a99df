//! How a step waits: told to the user, and ended when the run is stopped.
//!
//! A wait may be needed far below the engine (a call's turn, an account being made). A branch performs its steps on a thread of
//! its own, so the step at work is the thread's: `until` finds it there, and nobody in between has to hand it on.

use super::failure::{Failure, FailureClass};
use crate::event::{AccountLabel, Event, Sink};
use crate::time::{Stop, Time};
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::Notify;

/// Waits no longer than this are not worth a word.
const SILENT: Duration = Duration::from_secs(1);
/// How often a wait is told anew, since what is said of it changes.
const AGAIN: Duration = Duration::from_secs(30);

thread_local! {
    /// The step this thread performs.
    static AT_WORK: RefCell<Option<Waiter>> = const { RefCell::new(None) };
}

/// Whether the run is being stopped.
#[derive(Default)]
pub(super) struct Drain {
    begun: AtomicBool,
    told: Notify,
}

impl Drain {
    /// True the first time.
    pub(super) fn begin(&self) -> bool {
        let first = !self.begun.swap(true, Ordering::SeqCst);
        self.told.notify_waiters();
        first
    }

    pub(super) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::SeqCst)
    }
}

/// What is said of a wait: why, and how long about.
pub struct Notice {
    pub reason: String,
    pub left: Duration,
}

/// The waits of one step.
#[derive(Clone)]
pub(super) struct Waiter {
    pub(super) time: Time,
    pub(super) sink: Sink,
    pub(super) drain: Arc<Drain>,
    pub(super) key: String,
    pub(super) account: AccountLabel,
}

/// Until it is dropped, the step is the one its thread performs.
pub(super) struct AtWork(Option<Waiter>);

impl Drop for AtWork {
    fn drop(&mut self) {
        AT_WORK.set(self.0.take());
    }
}

impl Waiter {
    pub(super) fn at_work(self) -> AtWork {
        AtWork(AT_WORK.replace(Some(self)))
    }

    /// Waits so long; told at once, however short it is. A wait of nothing only asks whether the run is being stopped.
    pub(super) async fn sleep(&self, duration: Duration, reason: &str) -> Result<(), Stop> {
        if !duration.is_zero() && !self.drain.has_begun() {
            self.tell(reason.to_owned(), duration);
        }
        self.unless_stopped(self.time.sleep(duration)).await
    }

    /// Waits for `future`; what is already there is taken even from a run that is being stopped.
    async fn until<T>(&self, future: impl Future<Output = T>, notice: impl Fn() -> Notice) -> Result<T, Stop> {
        let mut future = pin!(future);
        if let Some(value) = poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
        {
            return Ok(value);
        }
        let mut silence = SILENT;
        loop {
            let mut silent = pin!(self.time.sleep(silence));
            let next = poll_fn(|context| match future.as_mut().poll(context) {
                Poll::Ready(value) => Poll::Ready(Some(value)),
                Poll::Pending => silent.as_mut().poll(context).map(|()| None),
            });
            if let Some(value) = self.unless_stopped(next).await? {
                return Ok(value);
            }
            let Notice { reason, left } = notice();
            self.tell(reason, left);
            silence = AGAIN;
        }
    }

    async fn unless_stopped<T>(&self, future: impl Future<Output = T>) -> Result<T, Stop> {
        let mut told = pin!(self.drain.told.notified());
        told.as_mut().enable();
        if self.drain.has_begun() {
            return Err(Stop::Cancel);
        }
        self.time.alive()?;
        let mut future = pin!(future);
        // The stop goes first: it sets other waits free, too.
        poll_fn(|context| match told.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(Stop::Cancel)),
            Poll::Pending => future.as_mut().poll(context).map(Ok),
        })
        .await
    }

    fn tell(&self, reason: String, left: Duration) {
        let (key, account) = (self.key.clone(), self.account.clone());
        (self.sink)(&Event::StepWaiting { key, account, reason, seconds: left.as_secs_f64() });
    }

    fn log(&self, text: String) {
        (self.sink)(&Event::Log { text, scope: Vec::new() });
    }
}

fn at_work() -> Option<Waiter> {
    AT_WORK.with_borrow(Clone::clone)
}

/// Waits for `future` on behalf of the step this thread performs: told to the user when it takes longer than a second, and ended when
/// the run is being stopped. Outside of a step it waits without a word.
pub async fn until<T>(future: impl Future<Output = T>, notice: impl Fn() -> Notice) -> Result<T, Failure> {
    match at_work() {
        Some(waiter) => waiter.until(future, notice).await.map_err(|_| stopped()),
        None => Ok(future.await),
    }
}

/// An error once the run is being stopped: asked last of all before a change is sent, since what came before may have taken its time.
pub fn may_leave() -> Result<(), Failure> {
    let Some(waiter) = at_work() else { return Ok(()) };
    if waiter.drain.has_begun() || waiter.time.alive().is_err() { Err(stopped()) } else { Ok(()) }
}

/// Says something in passing on behalf of the step this thread performs.
pub fn say(text: String) {
    if let Some(waiter) = at_work() {
        waiter.log(text);
    }
}

/// What a wait that was ended comes to.
pub(super) fn stopped() -> Failure {
    Failure::new(FailureClass::Stopped, "stopped", "the run is being stopped")
}
