//! The operating system's clock.

use std::time::{Duration, Instant};

use super::Clock;

/// The operating system's monotonic clock.
///
/// # Examples
///
/// ```
/// use evloop_time::{Clock, SystemClock};
///
/// let earlier = SystemClock.now();
/// assert!(SystemClock.now() >= earlier);
/// assert_eq!(SystemClock.idle(None), None); // No deadline: wait until something happens.
/// ```
#[derive(Clone, Copy, Default, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the machine's clock"
    )]
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn idle(&self, until: Option<Instant>) -> Option<Duration> {
        until.map(|until| until.saturating_duration_since(self.now()))
    }
}
