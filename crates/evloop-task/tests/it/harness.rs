//! Guests that act when they are dropped, and futures polled by hand.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use evloop_fixtures::Wakes;

pub(crate) fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Calls a closure when it is dropped.
pub(crate) struct OnDrop<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Polls with two wakers in turn, completes, and checks that only the second is woken.
#[track_caller]
pub(crate) fn only_b_is_woken<F: Future + Unpin>(
    what: &str,
    future: &mut F,
    complete: impl FnOnce(),
) {
    let ((a, waker_a), (b, waker_b)) = (Wakes::new(), Wakes::new());
    for waker in [&waker_a, &waker_b] {
        assert!(poll(future, waker).is_pending(), "{what}");
    }
    complete();
    assert_eq!((a.count(), b.count()), (0, 1), "{what}");
    assert!(poll(future, Waker::noop()).is_ready(), "{what}");
}
