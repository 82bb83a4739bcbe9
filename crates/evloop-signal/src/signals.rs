//! A stream of signals.

use std::collections::BTreeSet;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

use crate::error::WatchError;
use crate::signal::Signal;
use crate::sys::Heard;
use crate::waiting::Place;

/// A stream of the signals that arrive while it lives; they do nothing else meanwhile.
///
/// There may be any number of streams for a signal, each of which gets every one. When the last is
/// dropped, the signal acts again as it did before, unless somebody has set another disposition
/// meanwhile, which then stays. A [`Watch`](crate::Watch) of the signal counts only while there is no
/// stream.
///
/// None is lost, however many arrive while nobody looks: they are counted, and given one by one,
/// different signals in turn and not by the time of their arrival. The system merges those of a kind
/// that come before one was delivered (except real-time signals).
///
/// A task that waits is woken by [`Wakeups::dispatch`](crate::Wakeups::dispatch), which somebody has
/// to call: an event loop, or a thread that reads. In a loop or runtime of `evloop`, its `signals`
/// gives a stream for which the loop does that.
pub struct Signals {
    heard: Box<[Heard]>,
    /// Where the next look begins, so that a signal that never ceases holds up no other.
    next: usize,
    place: Place,
}

impl Signals {
    /// Hears `signals` from now on; the same one twice is as good as once. Of no signals it is a
    /// stream that has ended.
    ///
    /// ```
    /// use evloop_signal::{Disposition, Signal, Signals};
    ///
    /// let mut signals = Signals::new([Signal::TERMINATE, Signal::USER_1])?;
    /// assert_eq!(Signal::USER_1.disposition()?, Disposition::Handled);
    /// assert_eq!(signals.try_next(), None);
    /// drop(signals);
    /// assert_eq!(Signal::USER_1.disposition()?, Disposition::Default);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`WatchError`]: one of them has a handler that is not ours; no descriptors are left; the
    /// system has no signals. A signal that is ignored is not refused, and is ignored again later.
    ///
    /// # Cost
    ///
    /// One allocation, and two system calls for a signal that nobody heard before. The first one of
    /// a process makes a pair of descriptors, which stays.
    pub fn new(signals: impl IntoIterator<Item = Signal>) -> Result<Self, WatchError> {
        let signals: BTreeSet<Signal> = signals.into_iter().collect();
        let heard: Result<_, WatchError> = signals.into_iter().map(Heard::begin).collect();
        Ok(Self {
            heard: heard?,
            next: 0,
            place: Place::new(),
        })
    }

    /// The next signal, if one has arrived.
    ///
    /// # Cost
    ///
    /// An atomic load for each of the stream's signals.
    pub fn try_next(&mut self) -> Option<Signal> {
        let n_signals = self.heard.len();
        let mut places = (self.next..n_signals).chain(0..self.next);
        let found = places.find(|place| self.heard[*place].take())?;
        self.next = (found + 1) % n_signals;
        Some(self.heard[found].signal())
    }

    /// Has each signal from now on wake `waker`, as a poll that finds none does; replaces a former one.
    pub fn set_waker(&self, waker: &Waker) {
        self.place.set(waker);
    }

    /// True when [`Signals::try_next`] would give a signal.
    #[must_use]
    pub fn has_next(&self) -> bool {
        self.heard.iter().any(Heard::has_more)
    }

    /// Waits for the next signal; `None` for a stream of no signals.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it has taken no signal: a later call gets all.
    pub async fn next(&mut self) -> Option<Signal> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The signals it hears, by number.
    pub fn heard(&self) -> impl Iterator<Item = Signal> {
        self.heard.iter().map(Heard::signal)
    }

    /// The descriptor that is readable once a signal has arrived; `None` for a stream of no signals.
    #[cfg(unix)]
    #[must_use]
    pub fn wakeups(&self) -> Option<crate::Wakeups> {
        self.heard.first().map(Heard::wakeups)
    }
}

impl Stream for Signals {
    type Item = Signal;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Signal>> {
        if self.heard.is_empty() {
            return Poll::Ready(None);
        }
        if let Some(signal) = self.try_next() {
            return Poll::Ready(Some(signal));
        }
        self.set_waker(cx.waker());
        // Again: a signal that came before the waker was in its place has woken nobody.
        match self.try_next() {
            Some(signal) => Poll::Ready(Some(signal)),
            None => Poll::Pending,
        }
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.heard()).finish()
    }
}
