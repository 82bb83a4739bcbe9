//! hyper's limits in time.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use evloop_time::TimeHandle;
use hyper::rt::{Sleep, Timer};

/// hyper's timer, on the clock of the loop or runtime that is running.
///
/// A limit that is moved, as that of reading a head is with each request, moves its timer in place.
///
/// # Cost
///
/// One allocation for each limit that is set: hyper wants a box.
#[derive(Clone)]
pub struct HyperTimer {
    time: TimeHandle,
}

impl HyperTimer {
    /// The timer of the loop or runtime of this thread.
    ///
    /// # Panics
    ///
    /// Where none is running: there is no clock then.
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        Self {
            time: TimeHandle::current(),
        }
    }
}

impl Default for HyperTimer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HyperTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTimer").finish_non_exhaustive()
    }
}

impl Timer for HyperTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        // hyper counts from here on, not from the first poll.
        match self.now().checked_add(duration) {
            Some(deadline) => self.sleep_until(deadline),
            None => Box::pin(HyperSleep(evloop_time::sleep(duration))),
        }
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        // Of whichever worker polls it.
        Box::pin(HyperSleep(evloop_time::sleep_until(deadline)))
    }

    fn now(&self) -> Instant {
        self.time.now()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<HyperSleep>() {
            Some(sleep) => sleep.get_mut().0.reset(deadline),
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

/// A limit under way.
struct HyperSleep(evloop_time::Sleep);

impl Future for HyperSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl Sleep for HyperSleep {}
