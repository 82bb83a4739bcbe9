//! Where time comes from.

mod manual;
mod system;

use std::fmt::Debug;
use std::task::Waker;
use std::time::{Duration, Instant};

pub use manual::ManualClock;
pub use system::SystemClock;

/// A source of time.
///
/// A clock may be shared by several drivers. It should not step back; a driver whose clock does
/// holds still at the latest time it saw.
///
/// # Examples
///
/// A clock that runs ten times as fast as another:
///
/// ```
/// use std::sync::Arc;
/// use std::time::{Duration, Instant};
///
/// use evloop_time::{Clock, ManualClock};
///
/// #[derive(Debug)]
/// struct Hurry {
///     base: Arc<dyn Clock>,
///     start: Instant,
/// }
///
/// impl Clock for Hurry {
///     fn now(&self) -> Instant {
///         self.start + 10 * (self.base.now() - self.start)
///     }
///
///     fn idle(&self, until: Option<Instant>) -> Option<Duration> {
///         until.map(|until| until.saturating_duration_since(self.now()) / 10)
///     }
/// }
///
/// let base = ManualClock::new();
/// let hurry = Hurry { base: Arc::new(base.clone()), start: base.now() };
/// base.advance(Duration::from_secs(1));
/// assert_eq!(hurry.now() - hurry.start, Duration::from_secs(10));
/// ```
pub trait Clock: Send + Sync + Debug {
    /// The time.
    ///
    /// It is read on every insertion of a timer, so it should be fast. It must not enter,
    /// leave or close a [`TimeDriver`](crate::TimeDriver) or
    /// [`SharedTimeDriver`](crate::SharedTimeDriver).
    fn now(&self) -> Instant;

    /// How long a thread with nothing to do until `until` should really wait, in the form pollers
    /// take: `None` is until something happens, zero is not at all.
    ///
    /// `until` is the next deadline, `None` when there is none. It may have passed, which leaves
    /// nothing to wait for. A clock whose time is not real time may move itself here, and it may set
    /// timers: one that is due before `until` ends the wait at once.
    fn idle(&self, until: Option<Instant>) -> Option<Duration>;

    /// Takes note of a thread to be woken whenever this clock's time jumps.
    ///
    /// A clock that runs steadily has nothing to do, which is the default.
    fn watch(&self, unpark: Waker) {
        drop(unpark);
    }

    /// Forgets a waker given to [`watch`](Self::watch).
    fn unwatch(&self, unpark: &Waker) {
        let _ = unpark;
    }
}
