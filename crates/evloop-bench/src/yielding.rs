//! Small futures and loops that every contender of a row shares.

use std::cell::RefCell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Wakes its own task and suspends once, then gives its value. Not a runtime's `yield_now`, which
/// may mean something else on each.
pub(crate) struct YieldOnce<T> {
    yielded: bool,
    value: Option<T>,
}

impl<T> YieldOnce<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            yielded: false,
            value: Some(value),
        }
    }
}

pub(crate) fn yield_once() -> YieldOnce<()> {
    YieldOnce::new(())
}

impl<T: Unpin> Future for YieldOnce<T> {
    type Output = T;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        if !self.yielded {
            self.yielded = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.value.take().expect("it is polled until it is ready"))
    }
}

/// Polls with a waker that does nothing until it is ready: for futures that wake themselves.
pub(crate) fn poll_until_ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
}

/// A flag that one task waits for.
#[derive(Clone, Default)]
pub(crate) struct Flag(Rc<RefCell<FlagState>>);

#[derive(Default)]
struct FlagState {
    raised: bool,
    waiter: Option<Waker>,
}

impl Flag {
    pub(crate) fn raise(&self) {
        let waiter = {
            let mut state = self.0.borrow_mut();
            state.raised = true;
            state.waiter.take()
        };
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    /// Waits until it is raised, and lowers it.
    #[inline]
    pub(crate) async fn wait(&self) {
        std::future::poll_fn(|cx| {
            let mut state = self.0.borrow_mut();
            if std::mem::take(&mut state.raised) {
                return Poll::Ready(());
            }
            state.waiter = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
