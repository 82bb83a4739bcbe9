//! The owner of a wheel that every thread may use, turned by the workers of a runtime.

use std::fmt;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::context::{self, Current, TimeGuard};
use crate::driver::wake_all;
use crate::epoch::NEVER;
use crate::handle::TimeHandle;
use crate::inbox::Shared;
use crate::locked_wheel::{LockedWheel, Patience};

/// Timers that any thread may set, cancel and turn, behind a lock.
///
/// It is for runtimes with several threads, of which each has a driver of its own, so that the lock
/// is hardly ever contended. Handles, guards and futures are those of a
/// [`TimeDriver`](crate::TimeDriver), which needs no lock but stays on its thread.
///
/// # Turning it
///
/// The thread that owns it repeats what is said [there](crate::TimeDriver#turning-it). Meanwhile:
///
/// - Any thread may [enter](Self::enter) it, several at once.
/// - Any thread may [`advance`](Self::advance) it: that of an owner that is held up by one long poll,
///   for example. [`is_due`](Self::is_due) tells without a lock whether there is a reason to.
/// - Whatever is asked of a timer takes effect at once, from every thread: there is no inbox. A sleep
///   that was started on one thread and goes on on another stays with the driver it has.
///
/// # Waiting
///
/// One thread at a time waits for a driver. It asks for the [`wait_limit`](Self::wait_limit) before
/// each wait, and calls `advance` after it. When another thread sets a timer to an earlier deadline
/// meanwhile, it is woken by the waker given to [`set_unpark`](Self::set_unpark), once. Later
/// deadlines and cancelled timers wake nobody.
///
/// # Dropping it
///
/// As with a `TimeDriver`, wakers that still wait are woken, in order of their deadlines, and a
/// [`Sleep`](crate::Sleep) then moves to the current driver of the thread that polls it. A thread on
/// which this one was current has the one that was before.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::task::Waker;
/// use std::time::Duration;
///
/// use evloop_time::{Clock, ManualClock, SharedTimeDriver};
///
/// let clock = ManualClock::new();
/// let driver = SharedTimeDriver::new(Arc::new(clock.clone()));
/// let timer = driver.handle().insert_after(Duration::from_millis(5), Waker::noop().clone())?;
/// assert_eq!(driver.next_deadline(), timer.deadline());
/// assert!(!driver.is_due(clock.now()));
///
/// clock.advance(Duration::from_millis(5));
/// let mut woken = Vec::new();
/// std::thread::scope(|scope| {
///     // The owner is busy; another thread helps out.
///     scope.spawn(|| {
///         if driver.is_due(clock.now()) {
///             driver.advance(&mut woken);
///         }
///     });
/// });
/// assert_eq!(woken.len(), 1);
/// # Ok::<(), evloop_time::DriverClosed>(())
/// ```
pub struct SharedTimeDriver {
    /// Always one with a locked wheel.
    shared: Arc<Shared>,
}

impl SharedTimeDriver {
    /// Creates a driver without timers. It starts at the clock's time now.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            shared: Arc::new(Shared::with_locked_wheel(clock)),
        }
    }

    /// A handle to this driver.
    #[must_use]
    pub fn handle(&self) -> TimeHandle {
        TimeHandle::new(Arc::clone(&self.shared))
    }

    /// Makes this the current driver of the calling thread while the guard lives.
    ///
    /// Drivers may be entered inside others, also those of the other kind; the one before is current
    /// again afterwards.
    pub fn enter(&self) -> TimeGuard<'_> {
        TimeGuard::new(Current::Locked(Arc::clone(&self.shared)))
    }

    /// Names who is woken when the thread that waits for this driver would wait too long.
    ///
    /// The waker must be *sticky*: called while that thread is not waiting yet, it makes the next
    /// wait return at once. A clock that jumps calls it as well. Named anew between
    /// [`wait_limit`](Self::wait_limit) and the wait, it must wake the same thread as the one before,
    /// which may be the one that is called.
    ///
    /// Without one, timers that other threads set are seen whenever the driver is turned. One that is
    /// named late is woken at once if it is needed.
    pub fn set_unpark(&self, unpark: Waker) {
        let clock = &self.shared.clock;
        clock.watch(unpark.clone());
        let outdated = match self.wheel().set_unpark(Arc::new(unpark)) {
            Ok(before) => before,
            Err(refused) => Some(refused),
        };
        if let Some(outdated) = outdated {
            clock.unwatch(&outdated);
        }
    }

    /// The time: the clock's, or the latest one that any thread has seen if the clock has stepped
    /// back.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.shared.epoch.reading(self.shared.now())
    }

    /// An instant no later than the earliest deadline; `None` when nothing will ever be due.
    ///
    /// It is as exact as [`TimeDriver::next_deadline`](crate::TimeDriver::next_deadline). What
    /// another thread does in this moment may or may not be in it: before waiting for it, ask for the
    /// [`wait_limit`](Self::wait_limit).
    ///
    /// # Cost
    ///
    /// One atomic load.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.shared.epoch.instant(self.wheel().earliest())
    }

    /// Whether advancing at `now` has anything to do, as far as one can tell without the lock.
    ///
    /// `false` means that nothing was due a moment ago. `true` may be for nothing, for the reasons
    /// that [`next_deadline`](Self::next_deadline) has; [`advance`](Self::advance) puts that right.
    ///
    /// # Cost
    ///
    /// One atomic load. One reading of the clock does for any number of drivers.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        self.wheel().earliest() <= self.shared.epoch.now(now)
    }

    /// How long the calling thread may wait with nothing else to do, in the form pollers take: `None`
    /// is until something happens, zero is not at all.
    ///
    /// From here until the thread calls [`advance`](Self::advance), an earlier deadline set by another
    /// thread wakes it, if it comes before the limit ends. It must ask again before it waits again.
    ///
    /// This asks [`Clock::idle`]; a [`ManualClock`](crate::ManualClock) may move itself to the next
    /// deadline here, of this driver, whatever other drivers and threads have to do.
    ///
    /// # Cost
    ///
    /// The lock, and a reading of the clock. A timer set by a thread that does not wait costs nothing
    /// more for this.
    #[must_use]
    pub fn wait_limit(&self) -> Option<Duration> {
        let next = self.announce_wait();
        let limit = self.shared.clock.idle(next);
        match (self.next_deadline(), next) {
            // A timer was set meanwhile, perhaps by the clock itself.
            (Some(sooner), next) if next.is_none_or(|next| sooner < next) => Some(Duration::ZERO),
            _ => limit,
        }
    }

    /// As [`wait_limit`](Self::wait_limit), but gives the deadline until which the calling thread may wait,
    /// and does not ask the clock: for a thread that may wait while others run, for whose sake a clock
    /// must not jump yet.
    #[must_use]
    pub fn announce_wait(&self) -> Option<Instant> {
        self.shared.epoch.instant(self.wheel().announce_wait())
    }

    /// Whether any timer is waiting, be it for ever.
    ///
    /// # Cost
    ///
    /// The lock.
    #[must_use]
    pub fn has_timers(&self) -> bool {
        self.wheel().with(|wheel| !wheel.is_empty()) == Some(true)
    }

    /// Moves the wakers of the timers that are due to the end of `woken`, by deadline and, for equal
    /// deadlines, by insertion. Deadlines that had passed when they were given are in this order too.
    ///
    /// Nothing is woken here: that is up to the caller, who may then hold what it likes. Timers
    /// inserted while the wakers run, even without delay, belong to the next call.
    ///
    /// Of several threads that advance at once, each gets some of the wakers, in order, and none gets
    /// one that another has.
    ///
    /// # Cost
    ///
    /// One atomic load when there are no timers, and a reading of the clock when none is due. Else
    /// the lock, O(1) for each timer that is due, and O(log n) for each of n whose deadlines had passed
    /// when they were given; the lock is held until all of them are taken out.
    pub fn advance(&self, woken: &mut Vec<Waker>) {
        self.advance_with(woken, Patience::Wait);
    }

    /// As [`advance`](Self::advance), but gives up, and says `false`, if another thread is using the
    /// driver in this moment. What is due is then left for that thread's next turn, or for another call.
    /// Like `advance`, it ends the wait of the calling thread in any case.
    pub fn try_advance(&self, woken: &mut Vec<Waker>) -> bool {
        self.advance_with(woken, Patience::GiveUp)
    }

    fn advance_with(&self, woken: &mut Vec<Waker>, patience: Patience) -> bool {
        let wheel = self.wheel();
        wheel.end_wait();
        if wheel.earliest() == NEVER {
            return true;
        }
        // Before the lock, and known to all before anything fires: what has left the wheel is past its
        // deadline for whoever finds it gone.
        let now = self.shared.now();
        now < wheel.earliest() || wheel.advance(now, woken, patience)
    }

    /// Ends the driver, as dropping it does: refuses timers from now on, and wakes all that wait, in
    /// order of their deadlines. Later calls do nothing.
    pub fn close(&self) {
        let Some(left) = self.wheel().close(|| self.shared.mark_closed()) else {
            return;
        };
        context::leave_closed(&self.shared);
        // User code from here on. The rest may panic, so it comes last: nothing may hang.
        wake_all(left.wakers);
        if let Some(unpark) = left.unpark {
            self.shared.clock.unwatch(&unpark);
        }
    }

    fn wheel(&self) -> &LockedWheel {
        match &self.shared.locked {
            Some(wheel) => wheel,
            None => unreachable!("it was made with a locked wheel"),
        }
    }
}

impl Drop for SharedTimeDriver {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for SharedTimeDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("SharedTimeDriver");
        debug.field("clock", &self.shared.clock);
        match self.wheel().try_len() {
            Some(len) => debug.field("n_timers", &len),
            None => debug.field("n_timers", &"in use"),
        };
        debug.finish_non_exhaustive()
    }
}
