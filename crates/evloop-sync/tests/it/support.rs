//! Polling by hand.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use evloop_fixtures::Wakes;

/// A future that is polled by hand, and knows how often it was woken.
pub(crate) struct Polled<F> {
    future: Pin<Box<F>>,
    wakes: Arc<Wakes>,
    n_polls: usize,
}

impl<F: Future> Polled<F> {
    pub(crate) fn new(future: F) -> Self {
        Self {
            future: Box::pin(future),
            wakes: Arc::default(),
            n_polls: 0,
        }
    }

    /// One that has been polled, and waits.
    pub(crate) fn waiting(future: F) -> Self {
        let mut polled = Self::new(future);
        assert!(polled.poll().is_pending(), "it waits");
        polled
    }

    pub(crate) fn poll(&mut self) -> Poll<F::Output> {
        self.n_polls += 1;
        let waker = Waker::from(Arc::clone(&self.wakes));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// Polls it as another task, which is woken from then on.
    pub(crate) fn move_to_other_task(&mut self) -> Poll<F::Output> {
        self.wakes = Arc::default();
        self.poll()
    }

    /// Its output: it is ready, and was woken before, once.
    #[track_caller]
    pub(crate) fn woken(mut self) -> F::Output {
        assert_eq!(self.n_wakes(), 1, "it is woken once");
        match self.poll() {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it was woken, and still waits"),
        }
    }

    pub(crate) fn n_wakes(&self) -> usize {
        self.wakes.count()
    }

    pub(crate) fn n_polls(&self) -> usize {
        self.n_polls
    }
}

/// Polls once, and throws what waits away.
pub(crate) fn at_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
