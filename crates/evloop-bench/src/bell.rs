//! A flag that any thread raises, for tasks that move between threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures_util::task::AtomicWaker;

/// A flag that one task waits for.
#[derive(Clone, Default)]
pub(crate) struct Bell(Arc<State>);

#[derive(Default)]
struct State {
    /// Set before the waiter is woken, and read after it has left its waker: one of the two sees the
    /// other.
    rung: AtomicBool,
    waiter: AtomicWaker,
}

impl Bell {
    #[inline]
    pub(crate) fn ring(&self) {
        self.0.rung.store(true, Ordering::SeqCst);
        self.0.waiter.wake();
    }

    /// Waits until it rings, once for each ring.
    #[inline]
    pub(crate) async fn wait(&self) {
        std::future::poll_fn(|cx| {
            if self.0.rung.swap(false, Ordering::SeqCst) {
                return Poll::Ready(());
            }
            self.0.waiter.register(cx.waker());
            if self.0.rung.swap(false, Ordering::SeqCst) {
                return Poll::Ready(());
            }
            Poll::Pending
        })
        .await;
    }
}
