//! Ctrl-C: the first one drains the run, the second one stops at once. SIGTERM counts as Ctrl-C.

use crate::error::Error;
use crate::time::Time;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// As deep as the branches of a run: the script runs on it.
const STACK: usize = 8 << 20;

type Drain = Box<dyn Fn() + Send>;

/// What the next Ctrl-C does.
#[derive(Clone, Default)]
pub(super) struct Interrupt {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
enum State {
    /// Nothing has been begun: stop.
    #[default]
    Idle,
    /// A run is under way: drain it.
    Running(Drain),
    Draining,
}

impl Interrupt {
    /// From now on the first press drains what is under way.
    pub(super) fn drains(&self, drain: impl Fn() + Send + 'static) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::Running(Box::new(drain));
    }

    /// Whether the process is to stop now.
    fn press(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *state, State::Draining) {
            State::Idle | State::Draining => true,
            State::Running(drain) => {
                // Not under the lock: draining tells the reporter, which may take its time.
                drop(state);
                drain();
                false
            }
        }
    }
}

enum Message<T> {
    Done(T),
    Panicked,
    Stop,
}

/// Does the work on a thread of its own; none when it was stopped before its end. What runs on is ended with the process, which has to
/// end next.
pub(super) fn guard<T: Send + 'static>(
    time: &Time,
    interrupt: &Interrupt,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Option<T>, Error> {
    let (sender, receiver) = channel();
    listen(time, interrupt, &sender).map_err(|error| broken("it cannot listen for Ctrl-C").cause(error))?;
    let worker = thread::Builder::new().name("run".to_owned()).stack_size(STACK).spawn(work);
    let worker = worker.map_err(|error| broken("it cannot start a thread").cause(error))?;
    thread::spawn(move || {
        // Nobody listens any more once the process is about to end.
        let _ = sender.send(worker.join().map_or(Message::Panicked, Message::Done));
    });
    match receiver.recv() {
        Ok(Message::Done(result)) => Ok(Some(result)),
        Ok(Message::Stop) => Ok(None),
        Ok(Message::Panicked) | Err(_) => Err(broken("the thread of the run panicked")),
    }
}

fn broken(what: &str) -> Error {
    Error::failed("internal", format!("the runner failed: {what}")).hint("what was done is in the journal: runner show, then runner resume")
}

fn listen<T: Send + 'static>(time: &Time, interrupt: &Interrupt, sender: &Sender<Message<T>>) -> std::io::Result<()> {
    let Some(runtime) = time.runtime() else { return Ok(()) };
    let _entered = runtime.enter();
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        runtime.spawn(presses(signal(kind)?, interrupt.clone(), sender.clone()));
    }
    Ok(())
}

async fn presses<T: Send + 'static>(mut signal: Signal, interrupt: Interrupt, sender: Sender<Message<T>>) {
    while signal.recv().await.is_some() {
        let (interrupt, sender) = (interrupt.clone(), sender.clone());
        // On a thread of its own: a question at the terminal holds up who is told of the draining, and the next press must be heard.
        thread::spawn(move || {
            if interrupt.press() {
                // Nobody listens any more once the process is about to end.
                let _ = sender.send(Message::Stop);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn the_first_press_drains_and_the_second_stops() {
        let interrupt = Interrupt::default();
        let drained = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&drained);
        interrupt.drains(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        assert!(!interrupt.press());
        assert!(interrupt.press() && interrupt.press());
        assert_eq!(drained.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn before_anything_is_under_way_it_stops_at_once() {
        assert!(Interrupt::default().press());
    }

    #[test]
    fn work_gives_its_result_and_a_panic_is_an_error() {
        let time = Time::real().unwrap();
        assert_eq!(guard(&time, &Interrupt::default(), || 7).unwrap(), Some(7));
        let panicked = guard(&time, &Interrupt::default(), || -> u8 { panic!("on purpose") });
        assert_eq!(panicked.unwrap_err().code, "internal");
    }
}
