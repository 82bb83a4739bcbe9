//! The reach of a driver into other threads and executors.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::context::{self, Current};
use crate::deadline::Deadline;
use crate::inbox::Shared;
use crate::interval::{Interval, InvalidPeriod};
use crate::registration::When;
use crate::sleep::Sleep;
use crate::timer::Timer;

/// A reference to a driver of either kind, for any thread.
///
/// The futures it makes are *bound*: they use this driver wherever they are polled.
///
/// # Examples
///
/// ```
/// use std::future::Future;
/// use std::pin::pin;
/// use std::sync::Arc;
/// use std::task::{Context, Waker};
/// use std::time::Duration;
///
/// use evloop_time::{ManualClock, TimeDriver};
///
/// let clock = ManualClock::new();
/// let driver = TimeDriver::new(Arc::new(clock.clone()));
///
/// // No driver is entered: a bound sleep needs none.
/// let mut sleep = pin!(driver.handle().sleep(Duration::from_secs(1)));
/// let mut cx = Context::from_waker(Waker::noop());
/// assert!(sleep.as_mut().poll(&mut cx).is_pending());
///
/// clock.advance(Duration::from_secs(1));
/// driver.advance(&mut Vec::new());
/// assert!(sleep.as_mut().poll(&mut cx).is_ready());
/// ```
#[derive(Clone)]
pub struct TimeHandle {
    pub(crate) shared: Arc<Shared>,
}

impl TimeHandle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The current driver of this thread.
    ///
    /// # Panics
    ///
    /// When no driver is entered on this thread. See [`try_current`](Self::try_current).
    #[must_use]
    #[track_caller]
    pub fn current() -> Self {
        match Self::try_current() {
            Some(handle) => handle,
            None => panic!("{NO_DRIVER}"),
        }
    }

    /// The current driver of this thread, if one is entered.
    #[must_use]
    pub fn try_current() -> Option<Self> {
        context::with_current(|current| current.map(Current::handle))
    }

    /// The driver's time.
    #[must_use]
    pub fn now(&self) -> Instant {
        let shared = &self.shared;
        let at_home = context::at_home(self, |local| local.shared.now_at_home());
        let now = at_home.unwrap_or_else(|| shared.now());
        shared.epoch.reading(now)
    }

    /// Whether the driver is gone, so that no timer of it will fire.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// Has `waker` woken at `deadline`, unless the returned [`Timer`] is dropped before.
    ///
    /// A deadline that has passed is due at the driver's next turn, never at once; of several, the
    /// earliest is woken first. One more than 583 years after the driver's start is never due.
    ///
    /// # Errors
    ///
    /// [`DriverClosed`], with the waker, when the driver is gone.
    ///
    /// # Cost
    ///
    /// O(1), or O(log n) for one of n deadlines that have passed.
    ///
    /// With a [`TimeDriver`](crate::TimeDriver), on its thread while it is entered: no lock, no
    /// allocation, and at most one `Arc` clone. Elsewhere: two allocations at most, one lock, and the
    /// owner is woken. With a [`SharedTimeDriver`](crate::SharedTimeDriver): one lock, one `Arc` clone,
    /// and no allocation once the wheel has grown; the thread that waits is woken if this is an earlier
    /// deadline than it knows of.
    pub fn insert(&self, deadline: Instant, waker: Waker) -> Result<Timer, DriverClosed> {
        Timer::insert(self, When::At(deadline), waker).map_err(|waker| DriverClosed { waker })
    }

    /// Has `waker` woken when `delay` has passed from now; any [`Duration`] will do.
    ///
    /// # Errors
    ///
    /// [`DriverClosed`], with the waker, when the driver is gone.
    pub fn insert_after(&self, delay: Duration, waker: Waker) -> Result<Timer, DriverClosed> {
        Timer::insert(self, When::After(delay), waker).map_err(|waker| DriverClosed { waker })
    }

    /// [`sleep`](crate::sleep()), bound to this driver.
    ///
    /// # Cancel safety
    ///
    /// As [`sleep`](crate::sleep()).
    pub fn sleep(&self, delay: Duration) -> Sleep {
        Sleep::new(When::After(delay), Some(self.clone()))
    }

    /// [`sleep_until`](crate::sleep_until), bound to this driver.
    ///
    /// # Cancel safety
    ///
    /// As [`sleep_until`](crate::sleep_until).
    pub fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep::new(When::At(deadline), Some(self.clone()))
    }

    /// [`interval`](crate::interval()), bound to this driver.
    ///
    /// # Errors
    ///
    /// [`InvalidPeriod`] when `period` is zero.
    pub fn interval(&self, period: Duration) -> Result<Interval, InvalidPeriod> {
        Interval::new(None, period, Some(self.clone()))
    }

    /// [`interval_at`](crate::interval_at), bound to this driver.
    ///
    /// # Errors
    ///
    /// [`InvalidPeriod`] when `period` is zero.
    pub fn interval_at(&self, start: Instant, period: Duration) -> Result<Interval, InvalidPeriod> {
        Interval::new(Some(start), period, Some(self.clone()))
    }

    /// [`deadline`](crate::deadline()), bound to this driver.
    ///
    /// # Cancel safety
    ///
    /// As [`deadline`](crate::deadline()).
    pub fn deadline<F: IntoFuture>(&self, limit: Duration, future: F) -> Deadline<F::IntoFuture> {
        Deadline::new(self.sleep(limit), Some(limit), future.into_future())
    }

    /// [`deadline_at`](crate::deadline_at), bound to this driver.
    ///
    /// # Cancel safety
    ///
    /// As [`deadline_at`](crate::deadline_at).
    pub fn deadline_at<F: IntoFuture>(&self, at: Instant, future: F) -> Deadline<F::IntoFuture> {
        Deadline::new(self.sleep_until(at), None, future.into_future())
    }
}

/// What to do when there is no driver to use.
pub(crate) const NO_DRIVER: &str = "no time driver is entered on this thread: run this inside an \
     event loop, call `TimeDriver::enter` first, or use a bound form such as `TimeHandle::sleep`";

impl fmt::Debug for TimeHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeHandle")
            .field("clock", &self.shared.clock)
            .field("closed", &self.is_closed())
            .finish()
    }
}

/// The error of asking a driver that is gone for a timer; it gives the waker back.
#[derive(Clone, Debug)]
pub struct DriverClosed {
    waker: Waker,
}

impl DriverClosed {
    /// The waker that was not accepted.
    #[must_use]
    pub fn into_waker(self) -> Waker {
        self.waker
    }
}

impl fmt::Display for DriverClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed to insert a timer: its time driver is closed")
    }
}

impl Error for DriverClosed {}
