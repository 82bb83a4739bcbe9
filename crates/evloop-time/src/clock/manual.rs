//! A clock that is moved by hand.

use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use super::{Clock, SystemClock};
use crate::delay::nanos;

/// A clock that moves only when told to, for tests and simulations.
///
/// Clones are handles to the same clock. With [auto-jump](Self::with_auto_jump) on, a driver that
/// has nothing to do until its next deadline moves the clock there instead of waiting, so that a
/// program that sleeps for hours ends at once and the same way every time. Of several drivers on
/// one such clock, whichever is idle first moves it for all; work on other threads is not waited
/// for.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use evloop_time::{Clock, ManualClock};
///
/// let clock = ManualClock::new();
/// let start = clock.now();
/// clock.advance(Duration::from_secs(90));
/// assert_eq!(clock.now() - start, Duration::from_secs(90));
/// assert_eq!(clock.elapsed(), Duration::from_secs(90));
/// ```
#[derive(Clone)]
pub struct ManualClock {
    inner: Arc<Inner>,
}

struct Inner {
    start: Instant,
    /// Nanoseconds since `start`; only ever grows.
    elapsed: AtomicU64,
    auto_jump: AtomicBool,
    /// Woken after every move. Shared one by one, so that no waker is cloned under the lock.
    watchers: Mutex<Vec<Arc<Waker>>>,
}

impl ManualClock {
    /// Creates a clock that stands still, at an arbitrary time.
    #[must_use]
    pub fn new() -> Self {
        Self::starting_at(SystemClock.now())
    }

    /// Creates a clock that stands still at `start`.
    #[must_use]
    pub fn starting_at(start: Instant) -> Self {
        Self {
            inner: Arc::new(Inner {
                start,
                elapsed: AtomicU64::new(0),
                auto_jump: AtomicBool::new(false),
                watchers: Mutex::new(Vec::new()),
            }),
        }
    }

    /// Lets idle drivers move the clock to their next deadline.
    #[must_use]
    pub fn with_auto_jump(self) -> Self {
        self.set_auto_jump(true);
        self
    }

    /// Says whether idle drivers move the clock to their next deadline.
    pub fn set_auto_jump(&self, auto_jump: bool) {
        self.inner.auto_jump.store(auto_jump, Ordering::SeqCst);
        // Whoever waits shall ask again.
        self.wake_watchers();
    }

    /// Moves the clock forward and wakes the drivers that wait for it.
    ///
    /// It stops 584 years after its start.
    pub fn advance(&self, by: Duration) {
        self.move_to(|elapsed| elapsed.saturating_add(nanos(by)));
    }

    /// Moves the clock forward to `instant`; one that has passed changes nothing.
    pub fn advance_to(&self, instant: Instant) {
        let target = nanos(instant.saturating_duration_since(self.inner.start));
        self.move_to(|elapsed| elapsed.max(target));
    }

    /// How far the clock has moved since it was created.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.inner.elapsed.load(Ordering::SeqCst))
    }

    fn move_to(&self, target: impl Fn(u64) -> u64) {
        let moved =
            self.inner
                .elapsed
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |elapsed| {
                    Some(target(elapsed)).filter(|target| *target != elapsed)
                });
        if moved.is_ok() {
            self.wake_watchers();
        }
    }

    fn wake_watchers(&self) {
        let watchers = self.watchers().clone();
        for watcher in watchers {
            // One that panics has been reported by the panic hook; the others are woken still.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| watcher.wake_by_ref())) {
                // Its destructor might panic as well.
                mem::forget(payload);
            }
        }
    }

    fn watchers(&self) -> MutexGuard<'_, Vec<Arc<Waker>>> {
        // The list is whole after every statement, so a panic elsewhere did not harm it.
        self.inner
            .watchers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        self.inner.start + self.elapsed()
    }

    fn idle(&self, until: Option<Instant>) -> Option<Duration> {
        let until = until?;
        if self.inner.auto_jump.load(Ordering::SeqCst) {
            self.advance_to(until);
        }
        // Not due yet: the thread is woken when somebody moves the clock.
        (self.now() >= until).then_some(Duration::ZERO)
    }

    fn watch(&self, unpark: Waker) {
        let unpark = Arc::new(unpark);
        self.watchers().push(unpark);
    }

    fn unwatch(&self, unpark: &Waker) {
        let mut watchers = self.watchers();
        let found = watchers
            .iter()
            .position(|watcher| watcher.will_wake(unpark));
        let removed = found.map(|index| watchers.swap_remove(index));
        drop(watchers);
        drop(removed);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualClock")
            .field("elapsed", &self.elapsed())
            .field("auto_jump", &self.inner.auto_jump.load(Ordering::SeqCst))
            .finish_non_exhaustive()
    }
}
