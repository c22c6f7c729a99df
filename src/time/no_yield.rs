//! Finds locks that are held across a wait: in simulated time they hang without a word.

use std::cell::Cell;
use std::marker::PhantomData;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// Keep one beside the guard of a lock that must not be held while a branch waits; waiting then panics in debug builds.
pub struct NoYield {
    /// A guard counts for the thread that made it, so it must stay there.
    here: PhantomData<*const ()>,
}

impl NoYield {
    #[must_use]
    pub fn new() -> NoYield {
        HELD.with(|held| held.set(held.get() + 1));
        NoYield { here: PhantomData }
    }

    pub(super) fn check() {
        debug_assert!(HELD.with(Cell::get) == 0, "a branch waits while it holds a lock that is not asynchronous");
    }
}

impl Default for NoYield {
    fn default() -> NoYield {
        NoYield::new()
    }
}

impl Drop for NoYield {
    fn drop(&mut self) {
        let _ = self.here;
        HELD.with(|held| held.set(held.get().saturating_sub(1)));
    }
}
