//! Waiting for room for an item.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::queue::OrderedQueue;
use crate::queue::errors::QueueShutDown;
use crate::queue::order::Order;
use crate::queue::side::Standing;
use crate::queue::state::Stays;
use crate::sync::lock;
use crate::wait_list::Key;
use crate::wakers::Wakers;

/// The future of [`OrderedQueue::put`].
#[must_use = "a future does nothing until it is awaited"]
pub struct Put<'a, T, O: Order<T>> {
    queue: &'a OrderedQueue<T, O>,
    /// `None` once it was ready.
    item: Option<T>,
    place: Option<Key>,
}

/// The item is moved, and never pinned.
impl<T, O: Order<T>> Unpin for Put<'_, T, O> {}

impl<'a, T, O: Order<T>> Put<'a, T, O> {
    pub(crate) fn new(queue: &'a OrderedQueue<T, O>, item: T) -> Self {
        Self {
            queue,
            item: Some(item),
            place: None,
        }
    }

    /// Gives up, and gives the item back: all that is needed is a future that was not moved into another
    /// one. `None` if it was ready before.
    ///
    /// ```
    /// use evloop_sync::Queue;
    /// use futures_lite::future::{block_on, poll_once};
    ///
    /// let queue = Queue::bounded(1).unwrap();
    /// queue.put_nowait("first").unwrap();
    /// let mut put = queue.put("second");
    /// assert!(block_on(poll_once(&mut put)).is_none());
    /// assert_eq!(put.into_item(), Some("second"));
    /// assert_eq!(queue.qsize(), 1);
    /// ```
    #[must_use]
    pub fn into_item(mut self) -> Option<T> {
        self.item.take()
    }

    /// Tries to put the item; queues if there is no room, with a waker that was cloned for it.
    fn attempt(&mut self, waker: &Waker, fresh: &mut Option<Waker>) -> Result<(), Stays> {
        let mut wakers = Wakers::new();
        let (result, own) = {
            let mut state = lock(&self.queue.state);
            let standing = self.place.map(|key| state.putters.standing(key, waker));
            match standing {
                Some(Standing::Waits) => return Err(Stays::Waits),
                Some(Standing::Moved) | None => {}
                // Its right makes room for it.
                Some(Standing::Granted | Standing::Dismissed) => {
                    if let Some(key) = self.place.take() {
                        let waker = state.putters.leave(key);
                        debug_assert!(waker.is_none(), "who was detached has been woken");
                    }
                }
            }
            // One that has only moved has no right yet, and there is nothing that is nobody's.
            match (state.check_room(), fresh.take()) {
                (Ok(()), unused) => {
                    if let Some(item) = self.item.take() {
                        state.put(item, &mut wakers);
                    }
                    (Ok(()), unused)
                }
                (Err(Stays::Unregistered), Some(waker)) => {
                    let before = state.putters.queue(&mut self.place, waker);
                    (Err(Stays::Waits), before)
                }
                (Err(stays), unused) => (Err(stays), unused),
            }
        };
        wakers.wake();
        drop(own);
        result
    }
}

impl<T, O: Order<T>> Future for Put<'_, T, O> {
    type Output = Result<(), QueueShutDown<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        assert!(
            this.item.is_some(),
            "a future is not polled after it was ready"
        );
        // Cloned and dropped while the queue is not locked: a waker is foreign code.
        let mut fresh = None;
        loop {
            match this.attempt(cx.waker(), &mut fresh) {
                Ok(()) => return Poll::Ready(Ok(())),
                Err(Stays::Waits) => return Poll::Pending,
                Err(Stays::Unregistered) => fresh = Some(cx.waker().clone()),
                Err(Stays::ShutDown) => {
                    let item = this.item.take().expect("it was not put");
                    return Poll::Ready(Err(QueueShutDown(item)));
                }
            }
        }
    }
}

impl<T, O: Order<T>> Drop for Put<'_, T, O> {
    fn drop(&mut self) {
        let Some(key) = self.place else { return };
        let mut wakers = Wakers::new();
        let own = {
            let mut state = lock(&self.queue.state);
            let own = state.putters.leave(key);
            state.settle(&mut wakers);
            own
        };
        wakers.wake();
        drop(own);
    }
}

impl<T, O: Order<T>> fmt::Debug for Put<'_, T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match (&self.item, self.place) {
            (None, _) => "over",
            (Some(_), None) => "new",
            (Some(_), Some(_)) => "waiting",
        };
        f.debug_tuple("Put").field(&state).finish()
    }
}
