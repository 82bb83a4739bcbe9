//! A waker with a deadline.

use std::fmt;
use std::task::Waker;
use std::time::Instant;

use crate::context::{self, Local};
use crate::handle::TimeHandle;
use crate::registration::{Registration, When};

/// A waker that is woken at a deadline, unless this is dropped or cancelled before.
///
/// Made by [`TimeHandle::insert`]; the futures of this crate are built on it. It may be used and
/// dropped on any thread. When the driver is dropped, the waker is woken early, so that nothing
/// waits for ever; [`TimeHandle::is_closed`] tells.
///
/// # Cost
///
/// On the thread of a [`TimeDriver`](crate::TimeDriver), while it is entered, all operations are O(1)
/// without lock or allocation, and a cancelled timer is unlinked and its waker dropped before the call
/// returns. From elsewhere they take a lock, wake the owner, and take effect at the driver's next turn.
/// With a [`SharedTimeDriver`](crate::SharedTimeDriver) they take its lock, and effect before the call
/// returns.
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
/// let driver = TimeDriver::new(Arc::new(ManualClock::new()));
/// let _guard = driver.enter();
/// let second = Duration::from_secs(1);
///
/// let mut timer = driver.handle().insert_after(second, Waker::noop().clone())?;
/// assert_eq!(timer.deadline(), Some(driver.now() + second));
///
/// assert!(timer.reset(driver.now() + 9 * second));
/// assert_eq!(driver.next_deadline(), Some(driver.now() + 9 * second));
///
/// timer.cancel();
/// assert!(!driver.has_timers());
/// # Ok::<(), evloop_time::DriverClosed>(())
/// ```
pub struct Timer {
    registration: Registration,
    /// Present until the end.
    handle: Option<TimeHandle>,
}

impl Timer {
    pub(crate) fn insert(handle: &TimeHandle, when: When, waker: Waker) -> Result<Self, Waker> {
        let registration = Registration::with_handle(handle, when, waker)?;
        Ok(Self {
            registration,
            // At home, one that another timer has given back.
            handle: context::at_home(handle, Local::handle).or_else(|| Some(handle.clone())),
        })
    }

    fn handle(&self) -> &TimeHandle {
        match &self.handle {
            Some(handle) => handle,
            None => unreachable!("nothing is asked of a timer after its end"),
        }
    }

    /// When the waker is woken; `None` is never.
    ///
    /// A deadline more than 416 days before the driver's start reads as that distance from it.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.registration.deadline(self.handle())
    }

    /// Takes the waker out: it will not be woken. Dropping the timer does the same.
    ///
    /// Nothing happens when it has fired or was cancelled before. While another thread turns the driver,
    /// a timer that fires in the very moment may still wake it.
    pub fn cancel(&self) {
        self.registration.cancel(self.handle());
    }

    /// Moves the deadline, earlier or later, and says whether the timer was still waiting.
    ///
    /// Among equal deadlines the timer counts as inserted now. From a thread other than that of a
    /// [`TimeDriver`](crate::TimeDriver), a timer that fires in the very moment may be reported as moved.
    pub fn reset(&mut self, deadline: Instant) -> bool {
        match &self.handle {
            Some(handle) => self.registration.reset(handle, deadline),
            None => false,
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            self.registration.end(handle);
        }
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer")
            .field("deadline", &self.deadline())
            .finish_non_exhaustive()
    }
}
