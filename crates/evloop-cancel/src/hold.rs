//! Putting requests off until a piece of work is done.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use sync_wrapper::SyncWrapper;

use crate::claim::Claim;
use crate::frame::{self, Frame, Kind};
use crate::node::Node;

/// Runs `future` to its end; requests that are delivered meanwhile wait, and are passed on after it.
///
/// For clean-up that must not be cut short. Scopes inside still serve their own targets: a time
/// budget is a timeout inside of the hold, which is what
/// [`finally_within`](crate::finally_within) makes.
///
/// # Examples
///
/// ```
/// use evloop_cancel::{CancelScope, hold_cancel};
/// # use std::{future::{Future, pending}, pin::pin, task::{Context, Poll, Waker}};
/// # fn yield_once() -> impl Future<Output = ()> {
/// #     let mut yielded = false;
/// #     std::future::poll_fn(move |cx| {
/// #         if std::mem::replace(&mut yielded, true) { return Poll::Ready(()); }
/// #         cx.waker().wake_by_ref();
/// #         Poll::Pending
/// #     })
/// # }
///
/// let mut committed = false;
/// let scope = CancelScope::new();
/// let handle = scope.handle();
/// let mut main = Box::pin(scope.run(async {
///     hold_cancel(async {
///         yield_once().await;
///         committed = true;
///     })
///     .await;
///     pending::<()>().await;
/// }));
/// let mut cx = Context::from_waker(Waker::noop());
/// assert!(main.as_mut().poll(&mut cx).is_pending());
/// handle.cancel();
/// assert!(main.as_mut().poll(&mut cx).is_ready_and(|end| end.is_err()));
/// # trait IsReadyAnd<T> { fn is_ready_and(self, f: impl FnOnce(T) -> bool) -> bool; }
/// # impl<T> IsReadyAnd<T> for Poll<T> {
/// #     fn is_ready_and(self, f: impl FnOnce(T) -> bool) -> bool {
/// #         match self { Poll::Ready(value) => f(value), Poll::Pending => false }
/// #     }
/// # }
/// # drop(main);
/// assert!(committed, "the request waited for it");
/// ```
///
/// # Cancel safety
///
/// Dropping it drops `future`, whatever it held back: it puts requests off, not a drop.
pub fn hold_cancel<F: IntoFuture>(future: F) -> HoldCancel<F::IntoFuture> {
    HoldCancel {
        claim: Claim::new(),
        node: SyncWrapper::new(Node::new()),
        future: future.into_future(),
    }
}

pin_project! {
    /// The future of [`hold_cancel`].
    #[must_use = "a future does nothing until it is awaited"]
    pub struct HoldCancel<F> {
        claim: Claim,
        // For targets inside; never delivers anything itself.
        node: SyncWrapper<Node>,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for HoldCancel<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let node = &*this.node.get_mut();
        this.claim.take_due(cx);
        let polled = frame::with(|around| {
            node.begin();
            let frame = Frame::scope(Kind::Hold, around, cx.waker(), node);
            frame::push(frame, || this.future.poll(cx))
        });
        // A token from outside that was dropped inside: held back with the others.
        this.claim.hold_passed(node);
        match polled {
            Poll::Ready(output) => {
                node.close();
                this.claim.pass_on();
                Poll::Ready(output)
            }
            Poll::Pending => {
                node.tidy();
                this.claim.suspend(cx);
                Poll::Pending
            }
        }
    }
}

impl<F> fmt::Debug for HoldCancel<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HoldCancel")
            .field("claim", &self.claim)
            .finish_non_exhaustive()
    }
}
