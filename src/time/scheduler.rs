//! Simulated time: who holds the baton, who waits for what, and what time it is.

use super::clock::Stop;
use super::no_yield::NoYield;
use super::rng::Rng;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

const ROOT: usize = 0;

thread_local! {
    /// Which branch of which scheduler this thread is; a thread that is none is the root of any scheduler it uses.
    static CURRENT: RefCell<Option<(usize, usize)>> = const { RefCell::new(None) };
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Doing {
    Ready,
    Running,
    Waiting,
    /// Waits for its children; wakers are ignored, since a stray one must not end a join early.
    Joining,
    Done,
}

struct Branch {
    path: String,
    parent: Option<usize>,
    doing: Doing,
    /// Woken while running: the next wait ends at once.
    notified: bool,
    thread: Option<Thread>,
    children: usize,
    streams: HashMap<&'static str, Rng>,
    /// How often a label was forked, so that a second `parallel` over the same items draws other numbers.
    forked: HashMap<String, usize>,
}

impl Branch {
    fn new(path: String, parent: Option<usize>, doing: Doing) -> Branch {
        Branch { path, parent, doing, notified: false, thread: None, children: 0, streams: HashMap::new(), forked: HashMap::new() }
    }
}

struct State {
    now: Duration,
    branches: Vec<Branch>,
    ready: Vec<usize>,
    running: Option<usize>,
    /// By due time, seeded tie and a serial number that makes keys unique.
    timers: BTreeMap<TimerKey, Waker>,
    serial: u64,
    pick: Rng,
    stop: Option<Stop>,
    crash_in: Option<u64>,
}

pub(super) type TimerKey = (Duration, u64, u64);

pub(super) struct Scheduler {
    seed: u64,
    start: jiff::Timestamp,
    state: Mutex<State>,
}

struct BranchWaker {
    scheduler: Arc<Scheduler>,
    id: usize,
}

impl Wake for BranchWaker {
    fn wake(self: Arc<Self>) {
        self.scheduler.wake(self.id);
    }
}

impl Scheduler {
    pub(super) fn new(seed: u64, start: jiff::Timestamp) -> Arc<Scheduler> {
        let state = State {
            now: Duration::ZERO,
            branches: vec![Branch::new("main".into(), None, Doing::Running)],
            ready: Vec::new(),
            running: Some(ROOT),
            timers: BTreeMap::new(),
            serial: 0,
            pick: Rng::stream(seed, "", "pick"),
            stop: None,
            crash_in: None,
        };
        Arc::new(Scheduler { seed, start, state: Mutex::new(state) })
    }

    /// A panic under this lock is a bug of this file; going on with the state lets the other branches end.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn identity(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn current(&self) -> usize {
        CURRENT.with_borrow(|current| match current {
            Some((scheduler, id)) if *scheduler == self.identity() => *id,
            _ => ROOT,
        })
    }

    pub(super) fn now(&self) -> jiff::Timestamp {
        let now = self.lock().now;
        self.start.checked_add(now).unwrap_or(jiff::Timestamp::MAX)
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.lock().now
    }

    pub(super) fn draw(&self, purpose: &'static str) -> u64 {
        let id = self.current();
        self.lock().draw(self.seed, id, purpose)
    }

    pub(super) fn block_on<F: Future>(self: &Arc<Self>, future: F) -> Result<F::Output, Stop> {
        let id = self.current();
        let mut future = pin!(future);
        let waker = Waker::from(Arc::new(BranchWaker { scheduler: Arc::clone(self), id }));
        let mut context = Context::from_waker(&waker);
        self.alive()?;
        loop {
            match future.as_mut().poll(&mut context) {
                Poll::Ready(output) => return Ok(output),
                Poll::Pending => self.wait(id, Doing::Waiting)?,
            }
        }
    }

    pub(super) fn alive(&self) -> Result<(), Stop> {
        match &self.lock().stop {
            Some(stop) => Err(stop.clone()),
            None => Ok(()),
        }
    }

    /// Counts one event of the run; at the one chosen by `crash_at` the simulated process dies.
    pub(super) fn event(&self) -> Result<(), Stop> {
        let mut state = self.lock();
        if let Some(stop) = &state.stop {
            return Err(stop.clone());
        }
        match state.crash_in {
            Some(0) => {
                drop(state);
                self.crash();
                Err(Stop::Crash)
            }
            Some(left) => {
                state.crash_in = Some(left - 1);
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(super) fn crash(&self) {
        let threads = self.lock().halt(Stop::Crash);
        threads.iter().for_each(Thread::unpark);
    }

    pub(super) fn crash_at(&self, event: u64) {
        self.lock().crash_in = Some(event);
    }

    pub(super) fn set_timer(&self, at: Duration, waker: Waker) -> TimerKey {
        let id = self.current();
        let mut state = self.lock();
        let tie = state.draw(self.seed, id, "tie");
        state.serial += 1;
        let key = (at, tie, state.serial);
        state.timers.insert(key, waker);
        key
    }

    /// Gives the timer the newest waker; false when it has already gone off.
    pub(super) fn renew_timer(&self, key: &TimerKey, waker: &Waker) -> bool {
        let mut state = self.lock();
        let Some(held) = state.timers.get_mut(key) else { return false };
        let old = std::mem::replace(held, waker.clone());
        drop(state);
        drop(old);
        true
    }

    pub(super) fn remove_timer(&self, key: &TimerKey) {
        let removed = self.lock().timers.remove(key);
        drop(removed);
    }

    /// Hands out one branch per label; they are ready, and start once the parent gives the baton up.
    pub(super) fn fork(&self, labels: &[&str]) -> Vec<usize> {
        let parent = self.current();
        let mut state = self.lock();
        labels
            .iter()
            .map(|label| {
                let times = state.branches[parent].forked.entry((*label).to_owned()).or_insert(0);
                *times += 1;
                let again = if *times > 1 { format!("~{times}") } else { String::new() };
                let path = format!("{}/{label}{again}", state.branches[parent].path);
                let id = state.branches.len();
                state.branches.push(Branch::new(path, Some(parent), Doing::Ready));
                state.branches[parent].children += 1;
                state.ready.push(id);
                id
            })
            .collect()
    }

    /// The first thing a branch's thread does: waits for its turn.
    pub(super) fn enter(&self, id: usize) -> Result<(), Stop> {
        CURRENT.set(Some((self.identity(), id)));
        self.until_running(id)
    }

    /// The last thing a branch's thread does. The last child makes the joining parent ready.
    pub(super) fn leave(&self, id: usize) {
        let mut state = self.lock();
        let held = state.running == Some(id);
        state.ready.retain(|ready| *ready != id);
        let branch = &mut state.branches[id];
        branch.doing = Doing::Done;
        branch.thread = None;
        branch.streams = HashMap::new();
        branch.forked = HashMap::new();
        if let Some(parent) = branch.parent {
            let waiting = &mut state.branches[parent];
            waiting.children -= 1;
            if waiting.children == 0 && waiting.doing == Doing::Joining {
                waiting.doing = Doing::Ready;
                state.ready.push(parent);
            }
        }
        if held {
            state.running = None;
            drop(state);
            self.pick();
        }
    }

    /// Waits for all children of the current branch.
    pub(super) fn join(&self) -> Result<(), Stop> {
        let id = self.current();
        if self.lock().branches[id].children == 0 {
            return Ok(());
        }
        self.wait(id, Doing::Joining)
    }

    /// The only door through which a branch gives the baton up.
    fn wait(&self, id: usize, how: Doing) -> Result<(), Stop> {
        NoYield::check();
        let mut state = self.lock();
        if let Some(stop) = &state.stop {
            return Err(stop.clone());
        }
        assert!(state.running == Some(id), "a thread that holds no branch's baton waits on simulated time");
        let branch = &mut state.branches[id];
        branch.thread = Some(std::thread::current());
        if how == Doing::Waiting && std::mem::take(&mut branch.notified) {
            branch.doing = Doing::Ready;
            state.ready.push(id);
        } else {
            branch.doing = how;
        }
        state.running = None;
        drop(state);
        self.pick();
        self.until_running(id)
    }

    fn until_running(&self, id: usize) -> Result<(), Stop> {
        loop {
            {
                let mut state = self.lock();
                if let Some(stop) = &state.stop {
                    return Err(stop.clone());
                }
                if state.running == Some(id) {
                    state.branches[id].doing = Doing::Running;
                    return Ok(());
                }
                if state.branches[id].thread.is_none() {
                    state.branches[id].thread = Some(std::thread::current());
                }
            }
            std::thread::park();
        }
    }

    fn wake(&self, id: usize) {
        let mut state = self.lock();
        let branch = &mut state.branches[id];
        match branch.doing {
            Doing::Waiting => {
                branch.doing = Doing::Ready;
                state.ready.push(id);
            }
            Doing::Running | Doing::Ready => branch.notified = true,
            Doing::Joining | Doing::Done => {}
        }
    }

    /// Run by the thread that has given the baton up: chooses who goes on, moving the clock when nobody can.
    fn pick(&self) {
        let mut state = self.lock();
        loop {
            if state.stop.is_some() {
                return;
            }
            if !state.ready.is_empty() {
                let count = state.ready.len();
                let chosen = state.pick.below(count);
                let id = state.ready.swap_remove(chosen);
                state.running = Some(id);
                let thread = state.branches[id].thread.clone();
                drop(state);
                if let Some(thread) = thread {
                    thread.unpark();
                }
                return;
            }
            let Some((&(at, ..), _)) = state.timers.first_key_value() else {
                let waiting = state.waiting();
                let threads = state.halt(Stop::Deadlock(waiting));
                drop(state);
                threads.iter().for_each(Thread::unpark);
                return;
            };
            state.now = at.max(state.now);
            let due = state.take_due(at);
            // Wakers come back into this scheduler, so they are called without its lock.
            drop(state);
            due.into_iter().for_each(Waker::wake);
            state = self.lock();
        }
    }
}

impl State {
    fn draw(&mut self, seed: u64, id: usize, purpose: &'static str) -> u64 {
        let Branch { path, streams, .. } = &mut self.branches[id];
        streams.entry(purpose).or_insert_with(|| Rng::stream(seed, path, purpose)).next()
    }

    fn take_due(&mut self, at: Duration) -> Vec<Waker> {
        let mut due = Vec::new();
        while let Some(entry) = self.timers.first_entry() {
            if entry.key().0 > at {
                break;
            }
            due.push(entry.remove());
        }
        due
    }

    fn waiting(&self) -> Vec<String> {
        self.branches.iter().filter(|branch| branch.doing == Doing::Waiting).map(|branch| branch.path.clone()).collect()
    }

    fn halt(&mut self, stop: Stop) -> Vec<Thread> {
        self.stop = Some(stop);
        self.branches.iter().filter_map(|branch| branch.thread.clone()).collect()
    }
}
