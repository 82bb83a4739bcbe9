//! Doing something again and again.

mod missed;

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

pub use missed::MissedTicks;

use crate::handle::{NO_DRIVER, TimeHandle};
use crate::registration::When;
use crate::sleep::Sleep;

/// Ticks at the first poll and then every `period`.
///
/// The first tick is there at once. What happens to ticks that nobody was there to take is up to
/// [`MissedTicks`]; the default skips them.
///
/// # Examples
///
/// ```
/// use std::future::Future;
/// use std::pin::pin;
/// use std::sync::Arc;
/// use std::task::{Context, Poll, Waker};
/// use std::time::Duration;
///
/// use evloop_time::{ManualClock, TimeDriver, interval};
///
/// let clock = ManualClock::new();
/// let driver = TimeDriver::new(Arc::new(clock.clone()));
/// let _guard = driver.enter();
/// let start = driver.now();
/// let second = Duration::from_secs(1);
/// let mut cx = Context::from_waker(Waker::noop());
///
/// let mut beat = interval(second)?;
/// assert_eq!(beat.poll_tick(&mut cx), Poll::Ready(start));
/// assert_eq!(beat.poll_tick(&mut cx), Poll::Pending);
///
/// clock.advance(second);
/// driver.advance(&mut Vec::new());
/// assert_eq!(beat.poll_tick(&mut cx), Poll::Ready(start + second));
/// # Ok::<(), evloop_time::InvalidPeriod>(())
/// ```
///
/// # Errors
///
/// [`InvalidPeriod`] when `period` is zero.
pub fn interval(period: Duration) -> Result<Interval, InvalidPeriod> {
    Interval::new(None, period, None)
}

/// Ticks at `start` and then every `period`.
///
/// A start that has passed is a tick that is late.
///
/// # Errors
///
/// [`InvalidPeriod`] when `period` is zero.
pub fn interval_at(start: Instant, period: Duration) -> Result<Interval, InvalidPeriod> {
    Interval::new(Some(start), period, None)
}

/// A sequence of ticks at a fixed distance. Made by [`interval`] and [`interval_at`].
///
/// Every tick but one at the first poll of [`interval`] suspends at least once, also when it is
/// overdue, so a loop that does nothing but take ticks leaves others their turn.
pub struct Interval {
    sleep: Sleep,
    next: Next,
    period: Duration,
    missed_ticks: MissedTicks,
}

/// When the next tick is due.
#[derive(Clone, Copy, Debug)]
enum Next {
    AtFirstPoll,
    At(Instant),
    /// Beyond what instants can express.
    Never,
}

impl From<Option<Instant>> for Next {
    fn from(next: Option<Instant>) -> Self {
        next.map_or(Self::Never, Self::At)
    }
}

impl Interval {
    pub(crate) fn new(
        start: Option<Instant>,
        period: Duration,
        handle: Option<TimeHandle>,
    ) -> Result<Self, InvalidPeriod> {
        if period.is_zero() {
            return Err(InvalidPeriod(()));
        }
        // An unused deadline if there is no start; the first poll sets the real one.
        let when = start.map_or(When::After(Duration::MAX), When::At);
        Ok(Self {
            sleep: Sleep::new(when, handle),
            next: start.map_or(Next::AtFirstPoll, Next::At),
            period,
            missed_ticks: MissedTicks::default(),
        })
    }

    /// Chooses what happens to ticks that nobody was there to take.
    #[must_use]
    pub fn with_missed_ticks(mut self, missed_ticks: MissedTicks) -> Self {
        self.missed_ticks = missed_ticks;
        self
    }

    /// What happens to ticks that nobody was there to take.
    #[must_use]
    pub fn missed_ticks(&self) -> MissedTicks {
        self.missed_ticks
    }

    /// The time from one tick to the next; never zero.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }

    /// Waits for the next tick and returns the instant for which it was scheduled.
    ///
    /// # Cancel safety
    ///
    /// A call that is dropped takes no tick; the next call waits for the same one.
    ///
    /// # Panics
    ///
    /// As [`sleep`](crate::sleep()), when there is no driver.
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Polls for the next tick: the hand-written form of [`tick`](Self::tick).
    ///
    /// # Panics
    ///
    /// As [`sleep`](crate::sleep()), when there is no driver.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        if matches!(self.next, Next::AtFirstPoll) {
            let now = self.now();
            self.schedule(now.checked_add(self.period));
            return Poll::Ready(now);
        }
        ready!(Pin::new(&mut self.sleep).poll(cx));
        let Next::At(scheduled) = self.next else {
            // A sleep without end has not ended.
            return Poll::Pending;
        };
        let now = self.now();
        self.schedule(self.missed_ticks.next(scheduled, self.period, now));
        Poll::Ready(scheduled)
    }

    /// Puts the next tick one period from now.
    ///
    /// # Panics
    ///
    /// As [`sleep`](crate::sleep()), when there is no driver.
    pub fn reset(&mut self) {
        let now = self.now();
        self.schedule(now.checked_add(self.period));
    }

    /// Puts the next tick at `deadline`.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.schedule(Some(deadline));
    }

    fn schedule(&mut self, next: Option<Instant>) {
        self.next = next.into();
        match next {
            Some(next) => self.sleep.reset(next),
            None => {
                let handle = self.sleep.handle().cloned();
                self.sleep = Sleep::new(When::After(Duration::MAX), handle);
            }
        }
    }

    fn now(&self) -> Instant {
        let open = self.sleep.handle().filter(|handle| !handle.is_closed());
        match open.cloned().or_else(TimeHandle::try_current) {
            Some(handle) => handle.now(),
            None => panic!("{NO_DRIVER}"),
        }
    }
}

impl fmt::Debug for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sleep: _,
            next,
            period,
            missed_ticks,
        } = self;
        f.debug_struct("Interval")
            .field("next", next)
            .field("period", period)
            .field("missed_ticks", missed_ticks)
            .finish_non_exhaustive()
    }
}

/// The error of an interval whose period is zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidPeriod(());

impl fmt::Display for InvalidPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "failed to create the interval: its period is zero, which would tick without end",
        )
    }
}

impl Error for InvalidPeriod {}
