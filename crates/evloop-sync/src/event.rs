//! A flag that many wait for.
//!
//! The word holds the flag and the number of the *round*, which ends when the flag is raised. A waiter
//! has a place in the list of its round. Raising the flag takes the whole list away, and its waiters
//! find out by the number of the round that they are through: they need neither the lock nor the list
//! any more.
//!
//! While the flag is up nobody joins the list, so it is empty then.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::sync::{AtomicU64, Mutex, Ordering, constructor, lock};
use crate::wait_list::{Key, WaitList};
use crate::wakers::wake;

/// The flag is raised.
const SET: u64 = 1;

/// One round; lower bits are flags. At one a nanosecond, three centuries pass before it wraps.
const ROUND: u64 = 2;

/// A flag that many wait for: asyncio's `Event`.
///
/// [`set`](Event::set) wakes all who wait, in the order in which they came, even if
/// [`clear`](Event::clear) follows at once. While it is set nobody waits.
///
/// # Examples
///
/// ```
/// use evloop_sync::Event;
/// # futures_lite::future::block_on(async {
/// let started = Event::new();
/// assert!(!started.is_set());
/// started.set();
/// started.wait().await;
/// started.clear();
/// assert!(!started.is_set());
/// # });
/// ```
///
/// # Cost
///
/// Waiting for what is set is one load. Waiting takes O(1) and no allocation once the list has had its
/// size. `set` takes O(n) for n waiters, who do not meet at a lock when they go on.
#[doc(alias("Notify", "ManualResetEvent", "asyncio.Event"))]
pub struct Event {
    /// The flag is raised, and the round changes, under the lock of the list only.
    word: AtomicU64,
    list: Mutex<WaitList<Waker>>,
}

impl Event {
    constructor! {
        /// Makes one that is not set; also in a `static`.
        ///
        /// ```
        /// use evloop_sync::Event;
        ///
        /// static STOPPED: Event = Event::new();
        /// assert!(!STOPPED.is_set());
        /// ```
        #[must_use]
        pub fn new() -> Self {
            Self {
                word: AtomicU64::new(0),
                list: Mutex::new(WaitList::new()),
            }
        }
    }

    /// Sets the flag, and wakes all who wait.
    ///
    /// What was done before is visible to whoever has waited.
    ///
    /// ```
    /// # use evloop_sync::Event;
    /// let event = Event::new();
    /// event.set();
    /// event.set();
    /// assert!(event.is_set());
    /// ```
    #[doc(alias("notify_all", "notify_waiters"))]
    pub fn set(&self) {
        let (only, mut all) = {
            let mut list = lock(&self.list);
            if self.word.load(Ordering::Relaxed) & SET != 0 {
                // Raised again, in case somebody is just taking it back, and so that what this caller
                // has done is visible, too. Nobody waits: who came since it was raised has not. Release:
                // as below.
                self.word.fetch_or(SET, Ordering::Release);
                return;
            }
            // Release: pairs with the Acquire of who waits. An addition rather than a store: it keeps what
            // earlier callers have made visible.
            self.word.fetch_add(ROUND + SET, Ordering::Release);
            match list.n_queued() {
                0 | 1 => (list.pop(), None),
                _ => (None, Some(mem::replace(&mut *list, WaitList::new()))),
            }
        };
        if let Some(waker) = only {
            wake(waker);
        }
        while let Some(waker) = all.as_mut().and_then(WaitList::pop) {
            wake(waker);
        }
        if let Some(all) = all {
            // The room is used again.
            lock(&self.list).adopt(all);
        }
    }

    /// Takes the flag back; those who were woken go on nevertheless.
    ///
    /// ```
    /// # use evloop_sync::Event;
    /// let event = Event::new();
    /// event.set();
    /// event.clear();
    /// assert!(!event.is_set());
    /// ```
    #[doc(alias = "reset")]
    pub fn clear(&self) {
        // Relaxed: nothing is made visible by it. It needs no lock: the round does not change.
        self.word.fetch_and(!SET, Ordering::Relaxed);
    }

    /// True if the flag is set. What was done before it was set is visible.
    ///
    /// ```
    /// # use evloop_sync::Event;
    /// assert!(!Event::new().is_set());
    /// ```
    #[must_use]
    pub fn is_set(&self) -> bool {
        // Acquire: pairs with the Release of `set`.
        self.word.load(Ordering::Acquire) & SET != 0
    }

    /// Waits until the flag is set, or was set for a moment since the first poll.
    ///
    /// ```
    /// use evloop_sync::Event;
    /// use futures_lite::future::{block_on, poll_once};
    ///
    /// let event = Event::new();
    /// let mut waits = event.wait();
    /// assert!(block_on(poll_once(&mut waits)).is_none());
    /// event.set();
    /// event.clear();
    /// block_on(waits);
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a wake-up is everybody's, and is taken from nobody.
    #[doc(alias = "notified")]
    pub fn wait(&self) -> EventWait<'_> {
        EventWait {
            event: self,
            place: None,
        }
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

/// As asyncio's `repr`: `<Event [set]>` or `<Event [unset, waiters:2]>`.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_set() { "set" } else { "unset" };
        let n_waiting = lock(&self.list).n_queued();
        crate::repr::write(f, "Event", format_args!("{state}"), n_waiting)
    }
}

/// The future of [`Event::wait`].
#[must_use = "a future does nothing until it is awaited"]
pub struct EventWait<'a> {
    event: &'a Event,
    place: Option<Place>,
}

/// A place in the list of a round.
#[derive(Clone, Copy)]
struct Place {
    key: Key,
    round: u64,
}

impl Place {
    /// True if its round has ended, with its list.
    fn is_over(self, word: u64) -> bool {
        self.round != word / ROUND
    }
}

impl EventWait<'_> {
    fn is_over(&self) -> bool {
        // Acquire: pairs with the Release of `set`.
        let word = self.event.word.load(Ordering::Acquire);
        match self.place {
            None => word & SET != 0,
            Some(place) => place.is_over(word),
        }
    }

    /// Puts the waker into the list, unless it is over: then the waker comes back, as one that was there
    /// before does.
    fn register(&mut self, waker: Waker) -> (Poll<()>, Option<Waker>) {
        let mut list = lock(&self.event.list);
        if self.is_over() {
            return (Poll::Ready(()), Some(waker));
        }
        if let Some(place) = self.place {
            let before = mem::replace(list.get_mut(place.key), waker);
            return (Poll::Pending, Some(before));
        }
        self.place = Some(Place {
            key: list.push(waker),
            round: self.event.word.load(Ordering::Relaxed) / ROUND,
        });
        (Poll::Pending, None)
    }

    /// True if the list has a waker that wakes the same.
    fn is_registered(&self, waker: &Waker) -> bool {
        let Some(place) = self.place else {
            return false;
        };
        let list = lock(&self.event.list);
        !self.is_over() && list.get(place.key).will_wake(waker)
    }
}

impl Future for EventWait<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.is_over() {
            return Poll::Ready(());
        }
        if this.is_registered(cx.waker()) {
            return Poll::Pending;
        }
        // Cloned and dropped while the list is not locked: a waker is foreign code.
        let (poll, before) = this.register(cx.waker().clone());
        drop(before);
        poll
    }
}

impl Drop for EventWait<'_> {
    fn drop(&mut self) {
        let Some(place) = self.place else { return };
        if self.is_over() {
            return;
        }
        let waker = {
            let mut list = lock(&self.event.list);
            (!self.is_over()).then(|| list.remove(place.key))
        };
        drop(waker);
    }
}

impl fmt::Debug for EventWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.place {
            None => "new",
            Some(_) if self.is_over() => "over",
            Some(_) => "waiting",
        };
        f.debug_tuple("EventWait").field(&state).finish()
    }
}
