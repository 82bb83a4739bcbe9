//! Waiting until all that was put is done.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::queue::OrderedQueue;
use crate::queue::order::Order;
use crate::queue::side::Standing;
use crate::queue::state::Stays;
use crate::sync::lock;
use crate::wait_list::Key;

/// The future of [`OrderedQueue::join`].
#[must_use = "a future does nothing until it is awaited"]
pub struct Join<'a, T, O: Order<T>> {
    queue: &'a OrderedQueue<T, O>,
    place: Option<Key>,
}

impl<'a, T, O: Order<T>> Join<'a, T, O> {
    pub(crate) fn new(queue: &'a OrderedQueue<T, O>) -> Self {
        Self { queue, place: None }
    }

    /// Queues if anything is unfinished, with a waker that was cloned for it.
    fn attempt(&mut self, waker: &Waker, fresh: &mut Option<Waker>) -> Result<(), Stays> {
        let mut state = lock(&self.queue.state);
        let is_over = match self.place {
            None => state.n_unfinished == 0,
            Some(key) => match state.joiners.standing(key, waker) {
                Standing::Waits => return Err(Stays::Waits),
                Standing::Moved => false,
                Standing::Granted | Standing::Dismissed => true,
            },
        };
        if is_over {
            if let Some(key) = self.place.take() {
                let waker = state.joiners.leave(key);
                debug_assert!(waker.is_none(), "who was detached has been woken");
            }
            return Ok(());
        }
        let waker = fresh.take().ok_or(Stays::Unregistered)?;
        *fresh = state.joiners.queue(&mut self.place, waker);
        Err(Stays::Waits)
    }
}

impl<T, O: Order<T>> Future for Join<'_, T, O> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        // Cloned and dropped while the queue is not locked: a waker is foreign code.
        let mut fresh = None;
        loop {
            match this.attempt(cx.waker(), &mut fresh) {
                Ok(()) => return Poll::Ready(()),
                Err(Stays::Waits) => return Poll::Pending,
                Err(Stays::Unregistered | Stays::ShutDown) => fresh = Some(cx.waker().clone()),
            }
        }
    }
}

impl<T, O: Order<T>> Drop for Join<'_, T, O> {
    fn drop(&mut self) {
        let Some(key) = self.place else { return };
        let waker = lock(&self.queue.state).joiners.leave(key);
        drop(waker);
    }
}

impl<T, O: Order<T>> fmt::Debug for Join<'_, T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.place {
            None => "new or over",
            Some(_) => "waiting",
        };
        f.debug_tuple("Join").field(&state).finish()
    }
}
