//! What a step of time brought to an end.

use core::fmt;
use core::iter::FusedIterator;

use crate::key::TimerKey;
use crate::wheel::TimerWheel;

/// A timer whose deadline has passed, taken out of the wheel.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ExpiredTimer<T> {
    /// The key under which the timer was known; it finds nothing any more.
    pub key: TimerKey,
    /// The tick at which the timer was due, as it was given: not the tick to which the wheel was
    /// advanced, and earlier than the wheel's time if it had passed already.
    pub deadline: u64,
    /// The value given at insertion.
    pub value: T,
}

/// The timers that are due, by deadline and, for equal deadlines, by insertion.
///
/// Made by [`TimerWheel::advance`]. Each step takes one timer out. Dropping the iterator early
/// loses nothing: the timers it did not reach stay in the wheel, due, and the wheel's time goes no
/// further than the last one taken.
///
/// # Examples
///
/// ```
/// use evloop_timer_wheel::TimerWheel;
///
/// let mut wheel = TimerWheel::new(0);
/// wheel.insert(5, "first");
/// wheel.insert(7, "second");
///
/// assert_eq!(wheel.advance(100).next().map(|timer| timer.value), Some("first"));
/// assert_eq!(wheel.now(), 5); // One was left over, so time waits for it.
///
/// assert_eq!(wheel.advance(100).map(|timer| timer.value).collect::<Vec<_>>(), ["second"]);
/// assert_eq!(wheel.now(), 100);
/// ```
#[must_use = "time moves only as far as the iterator is driven"]
pub struct Expired<'a, T> {
    pub(crate) wheel: &'a mut TimerWheel<T>,
    pub(crate) until: u64,
}

impl<T> Iterator for Expired<'_, T> {
    type Item = ExpiredTimer<T>;

    fn next(&mut self) -> Option<ExpiredTimer<T>> {
        self.wheel.pop_due(self.until)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.wheel.len()))
    }
}

impl<T> FusedIterator for Expired<'_, T> {}

impl<T> fmt::Debug for Expired<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wheel, until } = self;
        f.debug_struct("Expired")
            .field("until", until)
            .field("wheel", wheel)
            .finish()
    }
}
