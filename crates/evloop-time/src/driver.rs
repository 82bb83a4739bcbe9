//! The owner of the wheel, turned by an event loop.

use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::context::{Current, Local, TimeGuard};
use crate::epoch::NEVER;
use crate::handle::TimeHandle;
use crate::inbox::Shared;

/// How many orders of other threads one [`TimeDriver::advance`] carries out.
const MOST_ORDERS: usize = 1024;

/// The timers of one thread, turned by whoever owns it.
///
/// # Turning it
///
/// An event loop repeats:
///
/// 1. run what is ready, with the driver [entered](Self::enter);
/// 2. wait until something happens, but no longer than [`wait_limit`](Self::wait_limit) (not at
///    all while something is ready);
/// 3. [`advance`](Self::advance), and wake what that hands out.
///
/// # Threads
///
/// The driver stays on the thread that made it. On that thread, while it is entered, inserting,
/// cancelling and resetting timers takes no lock and is O(1), as long as their deadlines have not
/// passed, and O(log n) for the n that have. Its [handles](Self::handle), and the
/// futures bound to it, work from every thread: what they want goes through a small locked inbox,
/// and the owner is woken by the waker given to [`set_unpark`](Self::set_unpark), once for any
/// number of wishes.
///
/// # Dropping it
///
/// Wakers that still wait are woken, in order of their deadlines, so that nothing hangs for want of
/// a driver: a [`Sleep`](crate::Sleep) then moves to the current driver of the thread that polls it.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::task::Waker;
/// use std::time::Duration;
///
/// use evloop_time::{ManualClock, TimeDriver};
///
/// let clock = ManualClock::new();
/// let driver = TimeDriver::new(Arc::new(clock.clone()));
/// let timer = driver.handle().insert_after(Duration::from_millis(5), Waker::noop().clone())?;
/// assert_eq!(driver.next_deadline(), timer.deadline());
///
/// let mut woken = Vec::new();
/// driver.advance(&mut woken);
/// assert!(woken.is_empty());
///
/// clock.advance(Duration::from_millis(5));
/// driver.advance(&mut woken);
/// assert_eq!(woken.len(), 1);
/// # Ok::<(), evloop_time::DriverClosed>(())
/// ```
pub struct TimeDriver {
    local: Rc<Local>,
}

impl TimeDriver {
    /// Creates a driver without timers. It starts at the clock's time now.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            local: Rc::new(Local::new(Arc::new(Shared::new(clock)))),
        }
    }

    /// A handle to this driver for any thread.
    #[must_use]
    pub fn handle(&self) -> TimeHandle {
        TimeHandle::new(Arc::clone(&self.local.shared))
    }

    /// Makes this the current driver of the thread while the guard lives.
    ///
    /// Drivers may be entered inside others; the one before is current again afterwards.
    pub fn enter(&self) -> TimeGuard<'_> {
        TimeGuard::new(Current::Confined(Rc::clone(&self.local)))
    }

    /// Names who is woken when another thread has left something to do.
    ///
    /// The waker must be *sticky*: called while the owner is not waiting yet, it makes the next
    /// wait return at once. Without one, what other threads ask for is seen whenever the driver is
    /// turned. A clock that jumps calls it as well.
    pub fn set_unpark(&self, unpark: Waker) {
        let shared = &self.local.shared;
        shared.clock.watch(unpark.clone());
        let outdated = match shared.set_unpark(Arc::new(unpark)) {
            Ok(before) => before,
            Err(refused) => Some(refused),
        };
        if let Some(outdated) = outdated {
            shared.clock.unwatch(&outdated);
        }
    }

    /// The time: the clock's, or the latest one seen if the clock has stepped back.
    #[must_use]
    pub fn now(&self) -> Instant {
        let shared = &self.local.shared;
        shared.epoch.reading(shared.now_at_home())
    }

    /// An instant no later than the earliest deadline; `None` when nothing will ever be due.
    ///
    /// It is that deadline exactly, unless a timer that was among the earliest was cancelled or
    /// reset; then it may be earlier, and advancing at that time brings the exact one nearer. An
    /// instant that has passed means that timers are due: [`advance`](Self::advance) without
    /// waiting.
    ///
    /// # Cost
    ///
    /// O(1), or O(log n) while n timers wait whose deadlines had passed when they were given. Takes a
    /// lock only when another thread has left something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.local.carry_out_orders(usize::MAX);
        let next = self.local.wheel.borrow().next_deadline()?;
        self.local.shared.epoch.instant(next)
    }

    /// How long the owner may wait with nothing else to do, in the form pollers take: `None` is
    /// until something happens, zero is not at all.
    ///
    /// This asks [`Clock::idle`]; a [`ManualClock`](crate::ManualClock) may move itself to the next
    /// deadline here.
    #[must_use]
    pub fn wait_limit(&self) -> Option<Duration> {
        self.local.carry_out_orders(MOST_ORDERS);
        if self.local.shared.has_orders() {
            // There is more than a turn takes: no time to wait.
            return Some(Duration::ZERO);
        }
        let next = self.next_deadline();
        let limit = self.local.shared.clock.idle(next);
        match (self.next_deadline(), next) {
            // The clock has set a timer itself: it is asked again after a turn.
            (Some(sooner), next) if next.is_none_or(|next| sooner < next) => Some(Duration::ZERO),
            _ => limit,
        }
    }

    /// Whether any timer is waiting, be it for ever.
    #[must_use]
    pub fn has_timers(&self) -> bool {
        self.local.carry_out_orders(usize::MAX);
        !self.local.wheel.borrow().is_empty()
    }

    /// Carries out what other threads have asked for, and moves the wakers of the timers that are
    /// due to the end of `woken`, by deadline and, for equal deadlines, by insertion. Deadlines that
    /// had passed when they were given are in this order too.
    ///
    /// Nothing is woken here: that is up to the caller, who may then hold what it likes. Timers
    /// inserted while the wakers run, even without delay, belong to the next call.
    ///
    /// # Cost
    ///
    /// O(1) when nothing is due, O(1) for each timer that is, O(log n) for each of n whose deadlines
    /// had passed when they were given. The clock is read only when there are
    /// timers, and a lock is taken only when another thread has left something to do.
    pub fn advance(&self, woken: &mut Vec<Waker>) {
        let Local { shared, wheel, .. } = &*self.local;
        self.local.carry_out_orders(MOST_ORDERS);
        if wheel.borrow().is_empty() {
            return;
        }
        let now = shared.now_at_home();
        let mut wheel = wheel.borrow_mut();
        woken.extend(wheel.advance(now).map(|timer| timer.value));
    }
}

impl TimeDriver {
    /// Ends the driver, as dropping it does: refuses timers from now on, and wakes all that wait, in
    /// order of their deadlines. Later calls do nothing.
    pub fn close(&self) {
        if !self.local.close() {
            return;
        }
        let Local { shared, wheel, .. } = &*self.local;
        let (orders, unpark) = shared.close();
        let cancelled = self.local.carry_out(orders);
        let left: Vec<Waker> = wheel
            .borrow_mut()
            .advance(NEVER)
            .map(|timer| timer.value)
            .collect();
        // User code from here on. Any of it may panic but this, which is first: nothing may hang.
        wake_all(left);
        if let Some(unpark) = unpark {
            shared.clock.unwatch(&unpark);
        }
        drop(cancelled);
    }
}

/// Wakes what waits for a driver that has ended.
pub(crate) fn wake_all(wakers: Vec<Waker>) {
    for waker in wakers {
        // A waker that panics has been reported by the panic hook; the others are woken still.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            // Its destructor might panic as well.
            mem::forget(payload);
        }
    }
}

impl Drop for TimeDriver {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for TimeDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Local { shared, wheel, .. } = &*self.local;
        let mut debug = f.debug_struct("TimeDriver");
        debug.field("clock", &shared.clock);
        match wheel.try_borrow() {
            Ok(wheel) => debug.field("n_timers", &wheel.len()),
            Err(_) => debug.field("n_timers", &"in use"),
        };
        debug.finish_non_exhaustive()
    }
}
