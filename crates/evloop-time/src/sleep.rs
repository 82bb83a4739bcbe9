//! Waiting for a while.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::context;
use crate::delay::{InvalidDelay, delay_from_secs};
use crate::handle::{NO_DRIVER, TimeHandle};
use crate::registration::{DriverGone, Registration, When};

/// Waits for `delay`, counted from the first poll.
///
/// Until then nothing happens: no clock is read and no timer set. The current driver of the thread
/// that polls first is the one that is used. A delay of zero completes at the second poll, so that
/// everything that is ready runs once, and needs no driver. Any other delay is waited for in full,
/// to the nanosecond; one that leads beyond the driver's 583 years, such as [`Duration::MAX`], is
/// waited for for ever.
///
/// The future is `Send`: it may be polled on another thread than before, and wakes whoever polled
/// last.
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
/// use evloop_time::{ManualClock, TimeDriver, sleep};
///
/// let clock = ManualClock::new();
/// let driver = TimeDriver::new(Arc::new(clock.clone()));
/// let _guard = driver.enter();
/// let mut cx = Context::from_waker(Waker::noop());
///
/// let mut nap = pin!(sleep(Duration::from_millis(20)));
/// clock.advance(Duration::from_secs(1)); // Nobody polls yet: this does not count.
/// assert!(nap.as_mut().poll(&mut cx).is_pending());
///
/// clock.advance(Duration::from_millis(20));
/// driver.advance(&mut Vec::new());
/// assert!(nap.as_mut().poll(&mut cx).is_ready());
/// ```
///
/// # Cancel safety
///
/// Dropping it takes the timer out at once and loses nothing. A new sleep starts its delay afresh;
/// keep the future, or use [`sleep_until`], to go on.
///
/// # Panics
///
/// The first poll panics when no driver is entered on the thread, unless `delay` is zero. A later
/// one does when the driver is gone and no other is current. [`TimeHandle::sleep`] is the bound
/// form.
///
/// # Cost
///
/// On the driver's thread: the first poll reads the clock and inserts in O(1); drop is O(1). No
/// lock, and no allocation once the wheel has grown. With a
/// [`SharedTimeDriver`](crate::SharedTimeDriver) the same on every thread, but each poll that waits,
/// and drop, take its lock.
pub fn sleep(delay: Duration) -> Sleep {
    Sleep::new(When::After(delay), None)
}

/// Waits until `deadline`.
///
/// As [`sleep`], with an instant instead of a delay. The first poll always suspends, even when
/// the deadline has passed: then the sleep ends at the driver's next turn.
///
/// # Cancel safety
///
/// Dropping it loses nothing; another one with the same deadline goes on.
///
/// # Panics
///
/// As [`sleep`]; [`TimeHandle::sleep_until`] is the bound form.
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep::new(When::At(deadline), None)
}

/// Waits for a number of seconds, as asyncio's `sleep` takes them.
///
/// [`delay_from_secs`] says how the number is read: negative is zero, infinity is for ever.
///
/// # Errors
///
/// [`InvalidDelay`] for NaN.
///
/// # Examples
///
/// ```
/// use evloop_time::sleep_secs;
///
/// assert!(sleep_secs(0.25).is_ok());
/// assert!(sleep_secs(f64::NAN).is_err());
/// ```
pub fn sleep_secs(secs: f64) -> Result<Sleep, InvalidDelay> {
    delay_from_secs(secs).map(sleep)
}

/// A future that ends at a deadline. Made by [`sleep`], [`sleep_until`] and their bound forms.
///
/// It may be polled again after it has ended and stays ended, until it is [reset](Self::reset).
#[must_use = "futures do nothing unless awaited"]
pub struct Sleep {
    state: State,
    /// The driver this sleep uses, once it is known; always while the state is `Waiting`.
    handle: Option<TimeHandle>,
}

enum State {
    /// Nothing has been touched.
    Unpolled(When),
    /// The one suspension of a sleep of zero is under way.
    Yielding,
    Waiting(Registration),
    Ended,
}

impl Sleep {
    #[inline]
    pub(crate) fn new(when: When, handle: Option<TimeHandle>) -> Self {
        Self {
            state: State::Unpolled(when),
            handle,
        }
    }

    /// When the sleep ends.
    ///
    /// `None` when that is not known yet (a delay counts from the first poll), never, or past.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match (&self.state, &self.handle) {
            (State::Unpolled(When::At(deadline)), _) => Some(*deadline),
            (State::Waiting(waiting), Some(handle)) => waiting.deadline(handle),
            _ => None,
        }
    }

    /// Whether the sleep has reached its deadline, so that the next poll ends it.
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        match (&self.state, &self.handle) {
            (State::Waiting(waiting), Some(handle)) => waiting.has_fired(handle),
            (State::Yielding | State::Ended, _) => true,
            (State::Unpolled(_) | State::Waiting(_), _) => false,
        }
    }

    /// Gives the sleep another deadline, earlier or later, whatever state it is in.
    ///
    /// A sleep that is waiting keeps its waker and needs no poll to be woken at the new time. Any
    /// other starts when it is polled next.
    ///
    /// # Cost
    ///
    /// On the driver's thread: O(1), no lock, no allocation, no clock. With a
    /// [`SharedTimeDriver`](crate::SharedTimeDriver) the same on every thread, under its lock.
    pub fn reset(&mut self, deadline: Instant) {
        if let (State::Waiting(waiting), Some(handle)) = (&mut self.state, &self.handle)
            && waiting.reset(handle, deadline)
        {
            return;
        }
        self.state = State::Unpolled(When::At(deadline));
    }

    /// Takes the timer out: the sleep has ended.
    pub(crate) fn end(&mut self) {
        if let (State::Waiting(waiting), Some(handle)) = (&self.state, &self.handle) {
            waiting.cancel(handle);
        }
        self.state = State::Ended;
    }

    /// The driver this sleep uses, if it has one yet.
    pub(crate) fn handle(&self) -> Option<&TimeHandle> {
        self.handle.as_ref()
    }

    /// Sets the timer of an unpolled sleep.
    #[inline]
    fn start(&mut self, cx: &Context<'_>) {
        // User code, so before anything is borrowed.
        let waker = cx.waker().clone();
        let refused = context::with_local(|local| {
            let bound = self.handle.as_ref();
            let Some(local) = local.filter(|local| bound.is_none_or(|it| local.is_home_of(it)))
            else {
                return Some(waker);
            };
            // In place: copying what was just written piecemeal costs more than the wheel does.
            let State::Unpolled(when) = self.state else {
                unreachable!("only an unpolled sleep is started");
            };
            self.state = State::Waiting(Registration::at_home(local, when, waker));
            if self.handle.is_none() {
                self.handle = Some(local.handle());
            }
            None
        });
        if let Some(waker) = refused {
            self.start_away(waker);
        }
    }

    /// As [`start`](Self::start), with a driver for all threads, away from the bound driver, or with
    /// none entered.
    #[inline(never)]
    fn start_away(&mut self, mut waker: Waker) {
        let State::Unpolled(when) = self.state else {
            unreachable!("only an unpolled sleep is started");
        };
        loop {
            // Without a bound driver, or when that is closed, the current one.
            let Some(handle) = self.handle.take().or_else(TimeHandle::try_current) else {
                drop(waker);
                panic!("{NO_DRIVER}");
            };
            match Registration::with_handle(&handle, when, waker) {
                Ok(waiting) => {
                    self.state = State::Waiting(waiting);
                    self.handle = Some(handle);
                    return;
                }
                // It is closed, and so is not current any more: there are ever fewer to ask.
                Err(refused) => waker = refused,
            }
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        match (&mut this.state, &this.handle) {
            (State::Unpolled(When::After(Duration::ZERO)), _) => {
                this.state = State::Yielding;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            (State::Unpolled(_), _) => {
                this.start(cx);
                Poll::Pending
            }
            (State::Waiting(waiting), Some(handle)) => match waiting.poll(handle, cx) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Ok(())) => {
                    // It has left the wheel, so there is nothing to cancel.
                    this.state = State::Ended;
                    Poll::Ready(())
                }
                Poll::Ready(Err(DriverGone)) => {
                    // Go on with another driver, to the same deadline.
                    let when = match waiting.deadline(handle) {
                        Some(deadline) => When::At(deadline),
                        None => When::After(Duration::MAX),
                    };
                    this.state = State::Unpolled(when);
                    this.handle = None;
                    this.start(cx);
                    Poll::Pending
                }
            },
            (State::Waiting(_), None) => unreachable!("a sleep that waits knows its driver"),
            (State::Yielding, _) => {
                this.state = State::Ended;
                Poll::Ready(())
            }
            (State::Ended, _) => Poll::Ready(()),
        }
    }
}

impl Drop for Sleep {
    #[inline]
    fn drop(&mut self) {
        match (&self.state, self.handle.take()) {
            (State::Waiting(waiting), Some(handle)) => waiting.end(handle),
            (_, Some(handle)) => context::give_back(handle),
            (_, None) => {}
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Sleep");
        match &self.state {
            State::Unpolled(When::After(delay)) => debug.field("delay", delay),
            State::Unpolled(When::At(deadline)) => debug.field("deadline", deadline),
            State::Waiting(_) => debug.field("deadline", &self.deadline()),
            State::Yielding => debug.field("delay", &Duration::ZERO),
            State::Ended => debug.field("ended", &true),
        };
        debug.finish_non_exhaustive()
    }
}
