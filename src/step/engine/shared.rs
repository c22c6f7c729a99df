//! A result that several calls wait for. (tokio's `watch` wakes its waiters in random order; a seed must give one order.)

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

pub(super) struct Shared<T> {
    state: Mutex<(Option<T>, Vec<Waker>)>,
}

impl<T: Clone> Shared<T> {
    pub(super) fn new() -> Shared<T> {
        Shared { state: Mutex::new((None, Vec::new())) }
    }

    pub(super) fn set(&self, value: T) {
        let waiting = {
            let mut state = self.lock();
            state.0.get_or_insert(value);
            std::mem::take(&mut state.1)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    pub(super) async fn get(&self) -> T {
        poll_fn(|context| {
            let mut state = self.lock();
            if let Some(value) = &state.0 {
                return Poll::Ready(value.clone());
            }
            state.1.push(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, (Option<T>, Vec<Waker>)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
