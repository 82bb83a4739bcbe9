//! A watchdog, wakers that count, and guests that act when they are dropped.

use std::env;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

/// How long a test may take, in seconds: more under a checker that slows everything down.
fn patience() -> Duration {
    let given = env::var("EVLOOP_TEST_PATIENCE").ok();
    let seconds = given.and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(10))
}

/// Runs the test on a thread of its own, and fails it when it hangs.
#[track_caller]
pub(crate) fn watched(test: impl FnOnce() + Send + 'static) {
    let (tx, rx) = mpsc::channel::<()>();
    let thread = in_thread(move || {
        // Dropped, also by a panic, when the test ends.
        let _tx = tx;
        test();
    });
    let ended = rx.recv_timeout(patience());
    assert_ne!(ended, Err(RecvTimeoutError::Timeout), "the test hangs");
    join(thread);
}

pub(crate) fn in_thread<T: Send + 'static>(
    body: impl FnOnce() -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    thread::Builder::new()
        .spawn(body)
        .expect("the system starts a thread")
}

#[track_caller]
pub(crate) fn join<T>(thread: thread::JoinHandle<T>) -> T {
    thread
        .join()
        .unwrap_or_else(|payload| resume_unwind(payload))
}

pub(crate) fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Counts how often it was woken.
#[derive(Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let wakes = Arc::new(Self::default());
        let waker = Waker::from(Arc::clone(&wakes));
        (wakes, waker)
    }

    pub(crate) fn n(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
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
    assert_eq!((a.n(), b.n()), (0, 1), "{what}");
    assert!(poll(future, Waker::noop()).is_ready(), "{what}");
}
