//! The future that is ready when its time has come.

use super::scheduler::{Scheduler, TimerKey};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

pub struct Sleep {
    kind: Kind,
}

enum Kind {
    Real(Pin<Box<tokio::time::Sleep>>),
    Simulated(Timer),
}

struct Timer {
    scheduler: Arc<Scheduler>,
    at: Duration,
    /// Set on the first poll.
    key: Option<TimerKey>,
}

impl Sleep {
    pub(super) fn real(sleep: tokio::time::Sleep) -> Sleep {
        Sleep { kind: Kind::Real(Box::pin(sleep)) }
    }

    pub(super) fn simulated(scheduler: Arc<Scheduler>, duration: Duration) -> Sleep {
        let at = scheduler.elapsed().saturating_add(duration);
        Sleep { kind: Kind::Simulated(Timer { scheduler, at, key: None }) }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.kind {
            Kind::Real(sleep) => sleep.as_mut().poll(context),
            Kind::Simulated(timer) => timer.poll(context),
        }
    }
}

impl Timer {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &self.key {
            None if self.at <= self.scheduler.elapsed() => return Poll::Ready(()),
            None => self.key = Some(self.scheduler.set_timer(self.at, context.waker().clone())),
            Some(key) => {
                if !self.scheduler.renew_timer(key, context.waker()) {
                    return Poll::Ready(());
                }
            }
        }
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            self.scheduler.remove_timer(key);
        }
    }
}
