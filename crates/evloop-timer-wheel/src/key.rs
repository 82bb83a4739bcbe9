//! The name of one inserted timer.

use core::num::NonZeroU64;

/// A name for one inserted timer, valid until that timer expires or is cancelled.
///
/// Every insertion gets a stamp of its own from a 64-bit counter, so a stale key finds nothing
/// even when its place in the wheel has been reused billions of times. Resetting a timer keeps its
/// key. A key means something only to the wheel that issued it.
///
/// # Examples
///
/// ```
/// use evloop_timer_wheel::TimerWheel;
///
/// let mut wheel = TimerWheel::new(0);
/// let stale = wheel.insert(1, 'a');
/// wheel.cancel(stale);
///
/// let fresh = wheel.insert(1, 'b'); // Takes the place of the first.
/// assert_ne!(stale, fresh);
/// assert_eq!(wheel.get(stale), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TimerKey {
    pub(crate) stamp: NonZeroU64,
    pub(crate) index: u32,
}
