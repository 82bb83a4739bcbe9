//! Where a worker sleeps, and how it is woken there.
//!
//! A worker sleeps in its parker, or elsewhere, such as in a wait for I/O. The one who wakes it has to
//! know which; both swap one word.
//!
//! A worker that goes to sleep exchanges *awake* for the place; one that finds *token* instead does not
//! sleep. Whoever wakes it exchanges the word for *token*, and ends the wait of the place that it finds.
//! The exchanges are totally ordered: either the worker sees the token, or the other one sees the place.
//! A wait that is ended before it begins returns at once, for both places keep what they are told.
//!
//! The worker takes the token only after it counts as awake, before it looks at what it was woken for:
//! so a worker that counts as sleeping and has no token has nothing to do.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::task::{Wake, Waker};
use std::time::Duration;

use evloop_task::report_panic;
use parking::{Parker, Unparker};

use crate::sync::{AtomicU8, Mutex, Ordering, park_timeout};

const AWAKE: u8 = 0;
const PARKED: u8 = 1;
const ELSEWHERE: u8 = 2;
const TOKEN: u8 = 3;

/// See the module's docs.
pub(crate) struct Sleeper {
    place: AtomicU8,
    unparker: Unparker,
    /// Taken by the worker while there is one.
    parker: Mutex<Option<Parker>>,
    /// Ends a wait elsewhere.
    elsewhere: Mutex<Option<Arc<Waker>>>,
}

impl Sleeper {
    pub(crate) fn new() -> Self {
        let (parker, unparker) = parking::pair();
        Self {
            place: AtomicU8::new(AWAKE),
            unparker,
            parker: Mutex::new(Some(parker)),
            elsewhere: Mutex::new(None),
        }
    }

    /// The worker's end. `None` while another one has it.
    pub(crate) fn take_parker(&self) -> Option<Parker> {
        self.parker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    pub(crate) fn give_back(&self, parker: Parker) {
        let mut place = self.parker.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some(parker);
    }

    /// Says how a wait elsewhere is ended; by a waker that keeps what it is told until the next wait.
    pub(crate) fn set_elsewhere(&self, waker: Option<Waker>) {
        let waker = waker.map(Arc::new);
        let mut place = self
            .elsewhere
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let former = std::mem::replace(&mut *place, waker);
        drop(place);
        drop(former);
    }

    /// Wakes the worker, or has its next sleep end at once.
    pub(crate) fn wake(&self) {
        // Release publishes what this thread has done before; Acquire orders what it reads here.
        match self.place.swap(TOKEN, Ordering::AcqRel) {
            PARKED => {
                self.unparker.unpark();
            }
            ELSEWHERE => {
                let elsewhere = self
                    .elsewhere
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone();
                if let Some(waker) = elsewhere {
                    report_panic(None, "waking a worker", || waker.wake_by_ref());
                }
            }
            _ => {}
        }
    }

    /// True when the worker has been told to wake up, and has not heard of it.
    pub(crate) fn is_woken(&self) -> bool {
        self.place.load(Ordering::Acquire) == TOKEN
    }

    /// The worker: sleeps in its parker.
    pub(crate) fn park(&self, parker: &Parker, limit: Option<Duration>) {
        if !self.go_to(PARKED) {
            return;
        }
        match limit {
            Some(limit) => park_timeout(parker, limit),
            None => parker.park(),
        }
    }

    /// The worker: sleeps in `wait`, unless it was woken before.
    pub(crate) fn wait_elsewhere(&self, wait: impl FnOnce()) {
        if self.go_to(ELSEWHERE) {
            wait();
        }
    }

    /// False when it was woken before.
    fn go_to(&self, place: u8) -> bool {
        self.place
            .compare_exchange(AWAKE, place, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// The worker, which counts as awake by now: it looks next at what it may have been woken for.
    pub(crate) fn wake_up(&self) {
        // Acquire pairs with the Release of `wake`.
        self.place.swap(AWAKE, Ordering::AcqRel);
    }
}

/// A waker for the worker of a sleeper that lives for ever.
pub(crate) struct WakeWorker(pub(crate) &'static Sleeper);

impl Wake for WakeWorker {
    fn wake(self: Arc<Self>) {
        self.0.wake();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wake();
    }
}

impl fmt::Debug for Sleeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleeper")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}
