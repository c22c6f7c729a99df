//! The way between a rehearsed runner and its AWS, in simulated time: every call takes a while each way, and some meet a fault.

use crate::aws::smithy::{self, ATTEMPT_TIMEOUT};
use crate::event::{Event, Sink};
use crate::sandbox::{Delivery, Sandbox};
use crate::time::Time;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A process that has sent more than this many calls will never come to an end.
const ENDLESS: u64 = 1_000_000;

/// Outlives the processes whose calls it carries.
#[derive(Clone)]
pub(super) struct Network {
    world: Sandbox,
    sink: Sink,
    way: Arc<Mutex<Way>>,
}

/// What is under way.
#[derive(Default)]
struct Way {
    calls: u64,
    /// Of this process: not arrived yet, by number.
    coming: BTreeMap<u64, Request<Bytes>>,
    /// Slow requests, by when they arrive.
    slow: BTreeMap<(Timestamp, u64), Request<Bytes>>,
}

impl Network {
    pub(super) fn new(world: Sandbox, sink: Sink) -> Network {
        Network { world, sink, way: Arc::default() }
    }

    fn way(&self) -> MutexGuard<'_, Way> {
        self.way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The SDK's HTTP client for one process.
    pub(super) fn http(&self, time: &Time) -> smithy::Http {
        let (network, time) = (self.clone(), time.clone());
        smithy::in_process(Arc::new(move |request| Box::pin(network.clone().carry(time.clone(), request))))
    }

    async fn carry(self, time: Time, request: Request<Bytes>) -> Option<Response<Bytes>> {
        let number = {
            let mut way = self.way();
            way.calls += 1;
            let number = way.calls;
            way.coming.insert(number, request.clone());
            number
        };
        if number > ENDLESS {
            time.crash();
            pending::<()>().await;
        }
        time.sleep(latency(&time)).await;
        self.way().coming.remove(&number);
        self.arrive_slow(time.now());
        let (delivery, met) = self.world.deliver(request, time.now());
        if let Some(met) = met {
            (self.sink)(&Event::Fault { call: met.action, account: met.account, fault: met.fault.name() });
        }
        match delivery {
            Delivery::Reply(reply) => {
                time.sleep(latency(&time)).await;
                Some(reply)
            }
            Delivery::Lost => None,
            Delivery::Late => {
                time.sleep(2 * ATTEMPT_TIMEOUT).await;
                None
            }
            Delivery::Slow(delay, request) => {
                let arrives = time.now() + ATTEMPT_TIMEOUT + delay;
                self.way().slow.insert((arrives, number), request);
                time.sleep(2 * ATTEMPT_TIMEOUT).await;
                None
            }
            Delivery::Crash => {
                time.crash();
                pending().await
            }
        }
    }

    /// Lets the slow requests arrive whose time has come.
    fn arrive_slow(&self, now: Timestamp) {
        loop {
            let mut way = self.way();
            let Some(((at, _), request)) =
                way.slow.first_key_value().is_some_and(|((at, _), _)| *at <= now).then(|| way.slow.pop_first()).flatten()
            else {
                return;
            };
            drop(way);
            self.world.land(request, at);
        }
    }

    /// What becomes of the requests of a process that has died: some arrive all the same.
    pub(super) fn orphan(&self, now: Timestamp, arrives: impl Fn() -> bool) {
        let coming = std::mem::take(&mut self.way().coming);
        for request in coming.into_values().filter(|_| arrives()) {
            self.world.land(request, now);
        }
    }

    /// Lets all that is under way arrive; gives when the last of it did.
    pub(super) fn drain(&self, now: Timestamp) -> Timestamp {
        let last = self.way().slow.last_key_value().map_or(now, |((at, _), _)| now.max(*at));
        self.arrive_slow(last);
        last
    }

    pub(super) fn calls(&self) -> u64 {
        self.way().calls
    }
}

/// One way.
fn latency(time: &Time) -> Duration {
    Duration::from_millis(10 + time.draw("latency") % 140)
}
