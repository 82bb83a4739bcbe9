//! Threads that are no workers and take part for a while: they run a future of their own, or end the
//! runtime.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::time::Instant;

use evloop_task::{TaskId, TaskRef};
use evloop_time::{Clock, SystemClock};
use parking::{Parker, Unparker};

use super::engine::Engine;
use crate::shared::lock;

/// The guests of a runtime, and how many of them are awake: a clock that jumps waits for them.
#[derive(Debug, Default)]
pub(super) struct Guests {
    /// Those that are awake, and above that how often one has woken up.
    word: AtomicU64,
    /// The tasks of those that run a future, and how they are woken.
    mains: Mutex<Vec<(TaskRef, Waker)>>,
}

const ONE_AWAKE: u64 = 1;
const WAKE_UP: u64 = 1 << 32;

impl Guests {
    fn wake_up(&self) {
        self.word.fetch_add(WAKE_UP + ONE_AWAKE, Ordering::SeqCst);
    }

    fn fall_asleep(&self) {
        self.word.fetch_sub(ONE_AWAKE, Ordering::SeqCst);
    }

    /// The tasks of the futures that they run.
    pub(super) fn tasks(&self) -> Vec<TaskRef> {
        let mains = lock(&self.mains);
        mains.iter().map(|(task, _)| task.clone()).collect()
    }

    /// Has all look around.
    pub(super) fn wake_all(&self) {
        let wakers: Vec<_> = lock(&self.mains)
            .iter()
            .map(|(_, waker)| waker.clone())
            .collect();
        wakers.iter().for_each(Waker::wake_by_ref);
    }

    /// A number, if all of them sleep. While that stays the same, they do.
    pub(super) fn at_rest(&self) -> Option<u64> {
        let word = self.word.load(Ordering::SeqCst);
        let n_awake = word % WAKE_UP;
        (n_awake == 0).then_some(word)
    }
}

/// One of them: the calling thread.
pub(super) struct Guest<'a> {
    engine: &'a Engine,
    parker: Parker,
    bell: Arc<Bell>,
}

const AWAKE: u8 = 0;
const ASLEEP: u8 = 1;
/// Awake, or about to be: told to look around once more before it sleeps.
const RUNG: u8 = 2;

/// What wakes a guest, and counts it as awake from then on.
struct Bell {
    guests: Arc<Guests>,
    state: AtomicU8,
    unparker: Unparker,
}

impl<'a> Guest<'a> {
    pub(super) fn of(engine: &'a Engine) -> Self {
        let (parker, unparker) = parking::pair();
        let guests = Arc::clone(&engine.guests);
        guests.wake_up();
        Self {
            engine,
            parker,
            bell: Arc::new(Bell {
                guests,
                state: AtomicU8::new(AWAKE),
                unparker,
            }),
        }
    }

    /// Ends the next sleep, or the one that goes on.
    pub(super) fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.bell))
    }

    /// The task of the future that it runs is known as long as the value lives.
    pub(super) fn announce(&self, main: TaskRef) -> Announced<'_> {
        let id = main.id();
        lock(&self.bell.guests.mains).push((main, self.waker()));
        Announced(&self.bell.guests, id)
    }

    /// Sleeps until it is woken, or until `deadline` by the system's clock.
    pub(super) fn sleep(&self, deadline: Option<Instant>) {
        if !self.bell.fall_asleep() {
            return;
        }
        // The last one awake asks the clock, which wakes the workers if it jumps.
        self.engine.rest_as_guest();
        match deadline {
            Some(deadline) => {
                let limit = deadline.saturating_duration_since(SystemClock.now());
                self.parker.park_timeout(limit);
            }
            None => self.parker.park(),
        }
        self.bell.wake_up();
    }
}

/// A task that is known as a guest's.
pub(super) struct Announced<'a>(&'a Guests, TaskId);

impl Drop for Announced<'_> {
    fn drop(&mut self) {
        let mut mains = lock(&self.0.mains);
        let found = mains.iter().position(|(task, _)| task.id() == self.1);
        let main = found.map(|place| mains.swap_remove(place));
        drop(mains);
        drop(main);
    }
}

impl Bell {
    /// False when it has been rung, which is forgotten by that.
    fn fall_asleep(&self) -> bool {
        let (order, awake) = (Ordering::SeqCst, AWAKE);
        if self
            .state
            .compare_exchange(awake, ASLEEP, order, order)
            .is_err()
        {
            self.state.swap(awake, order);
            return false;
        }
        self.guests.fall_asleep();
        true
    }

    fn wake_up(&self) {
        self.change_to(AWAKE);
    }

    fn change_to(&self, state: u8) {
        // Whoever takes it out of its sleep counts it as awake: nobody must believe that all rest who has
        // not looked at what it was woken for.
        if self.state.swap(state, Ordering::SeqCst) == ASLEEP {
            self.guests.wake_up();
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.change_to(RUNG);
        self.unparker.unpark();
    }
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        self.bell.guests.fall_asleep();
        self.engine.rest_as_guest();
        // Who ends the runtime waits for guests as well.
        self.engine.workers.wake_awaiter();
    }
}
