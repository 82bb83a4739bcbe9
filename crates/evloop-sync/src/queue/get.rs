//! Waiting for an item.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::queue::OrderedQueue;
use crate::queue::errors::QueueShutDown;
use crate::queue::order::Order;
use crate::queue::state::Stays;
use crate::sync::lock;
use crate::wait_list::Key;
use crate::wakers::Wakers;

/// The future of [`OrderedQueue::get`].
#[must_use = "a future does nothing until it is awaited"]
pub struct Get<'a, T, O: Order<T>> {
    /// `None` once it was ready.
    queue: Option<&'a OrderedQueue<T, O>>,
    place: Option<Key>,
}

impl<'a, T, O: Order<T>> Get<'a, T, O> {
    pub(crate) fn new(queue: &'a OrderedQueue<T, O>) -> Self {
        Self {
            queue: Some(queue),
            place: None,
        }
    }

    /// Tries to take an item; queues if there is none, with a waker that was cloned for it.
    fn attempt(
        &mut self,
        queue: &OrderedQueue<T, O>,
        waker: &Waker,
        fresh: &mut Option<Waker>,
    ) -> Result<T, Stays> {
        let mut wakers = Wakers::new();
        let taken = {
            let mut state = lock(&queue.state);
            let taken = match self.place {
                None => state.take_free(&mut wakers),
                Some(key) => {
                    let standing = state.getters.standing(key, waker);
                    state.take(&mut self.place, standing, &mut wakers)
                }
            };
            match (taken, fresh.take()) {
                (Err(Stays::Unregistered), Some(waker)) => {
                    *fresh = state.getters.queue(&mut self.place, waker);
                    Err(Stays::Waits)
                }
                (taken, unused) => {
                    *fresh = unused;
                    taken
                }
            }
        };
        wakers.wake();
        taken
    }
}

impl<T, O: Order<T>> Future for Get<'_, T, O> {
    type Output = Result<T, QueueShutDown>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let queue = this.queue;
        let queue = queue.expect("a future is not polled after it was ready");
        // Cloned and dropped while the queue is not locked: a waker is foreign code.
        let mut fresh = None;
        loop {
            let output = match this.attempt(queue, cx.waker(), &mut fresh) {
                Ok(item) => Ok(item),
                Err(Stays::ShutDown) => Err(QueueShutDown(())),
                Err(Stays::Waits) => return Poll::Pending,
                Err(Stays::Unregistered) => {
                    fresh = Some(cx.waker().clone());
                    continue;
                }
            };
            this.queue = None;
            return Poll::Ready(output);
        }
    }
}

impl<T, O: Order<T>> Drop for Get<'_, T, O> {
    fn drop(&mut self) {
        let (Some(queue), Some(key)) = (self.queue, self.place) else {
            return;
        };
        let mut wakers = Wakers::new();
        let own = {
            let mut state = lock(&queue.state);
            let own = state.getters.leave(key);
            state.settle(&mut wakers);
            own
        };
        wakers.wake();
        drop(own);
    }
}

impl<T, O: Order<T>> fmt::Debug for Get<'_, T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match (self.queue, self.place) {
            (None, _) => "over",
            (Some(_), None) => "new",
            (Some(_), Some(_)) => "waiting",
        };
        f.debug_tuple("Get").field(&state).finish()
    }
}
