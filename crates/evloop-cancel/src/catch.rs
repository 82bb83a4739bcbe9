//! Catching a request: `try`/`except CancelledError`.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use sync_wrapper::SyncWrapper;

use crate::node::Node;
use crate::scope::{self, Fired, Inner, Outcome, Role};
use crate::token::Cancelled;

/// Runs `future`; if a cancel request is delivered meanwhile, drops it and returns the request.
///
/// This is asyncio's `try: await future except CancelledError`. The code around it goes on: it may
/// await, clean up, pass the request on or refuse it; see [`Cancelled`]. Innermost scopes are asked
/// first, and in parallel branches every innermost one. A request that comes before the scope was
/// first polled is not for it; one that comes while `future` is already done wins over its output,
/// which is dropped with it: the code after the `await` does not run past a request.
///
/// Outside of any target (a task, a timeout, a [`CancelScope`](crate::CancelScope)) it is
/// transparent.
///
/// # Examples
///
/// ```
/// use evloop_cancel::{CancelScope, catch_cancel};
/// # use std::{future::{Future, pending}, pin::pin, task::{Context, Poll, Waker}};
///
/// let scope = CancelScope::new();
/// let handle = scope.handle();
/// let mut main = pin!(scope.run(async {
///     match catch_cancel(pending::<()>()).await {
///         Ok(()) => unreachable!(),
///         // Cleaned up; and it refuses, so that the scope ends with a value.
///         Err(cancelled) => {
///             cancelled.swallow();
///             "cleaned up"
///         }
///     }
/// }));
/// let mut cx = Context::from_waker(Waker::noop());
/// assert!(main.as_mut().poll(&mut cx).is_pending());
/// handle.cancel();
/// assert_eq!(main.as_mut().poll(&mut cx), Poll::Ready(Ok("cleaned up")));
/// ```
///
/// # Cancel safety
///
/// Dropping it drops `future`; requests that code inside has taken and not decided are passed on.
///
/// # Cost
///
/// A stack frame for each poll; no allocation and no atomic operation unless a request is being
/// delivered, or the scope is polled with another waker than the frame around it.
pub fn catch_cancel<F: IntoFuture>(future: F) -> CatchCancel<F::IntoFuture> {
    CatchCancel {
        node: SyncWrapper::new(Node::new()),
        future: Some(future.into_future()),
    }
}

/// As [`catch_cancel`], and also catches what `future` passes on without awaiting again: for groups,
/// which have something to wait for even when their body has returned.
///
/// Gives the output, unless a request has dropped the future, and the request, if there was one.
///
/// # Cancel safety
///
/// As [`catch_cancel`].
pub async fn catch_late<F: IntoFuture>(future: F) -> (Option<F::Output>, Option<Cancelled>) {
    let mut future = std::pin::pin!(Some(future.into_future()));
    let mut node = SyncWrapper::new(Node::new());
    std::future::poll_fn(move |cx| {
        let mut part = Part {
            future: future.as_mut(),
            output: None,
        };
        let node = &*node.get_mut();
        let outcome = scope::poll_slow(node, Role::CatchLate, &mut None, cx, &mut part);
        let output = part.output;
        let tickets = match outcome {
            Outcome::Pending => return Poll::Pending,
            Outcome::Ready(answer) => answer.foreign,
            Outcome::Fired(Fired { foreign }) => foreign,
        };
        let token = (!tickets.is_empty()).then(|| Cancelled::new(tickets));
        Poll::Ready((output, token))
    })
    .await
}

pin_project! {
    /// The future of [`catch_cancel`].
    #[must_use = "a future does nothing until it is awaited"]
    pub struct CatchCancel<F> {
        node: SyncWrapper<Node>,
        // `None` once a request has dropped it.
        #[pin]
        future: Option<F>,
    }
}

/// An inner future in a pinned `Option`, and where its output goes.
pub(crate) struct Part<'a, F: Future> {
    pub(crate) future: Pin<&'a mut Option<F>>,
    pub(crate) output: Option<F::Output>,
}

impl<F: Future> Inner for Part<'_, F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.future.as_mut().as_pin_mut() {
            Some(future) => {
                self.output = Some(ready!(future.poll(cx)));
                Poll::Ready(())
            }
            None => Poll::Pending,
        }
    }

    fn clear(&mut self) {
        self.output = None;
        self.future.set(None);
    }
}

impl<F: Future> Future for CatchCancel<F> {
    type Output = Result<F::Output, Cancelled>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let node = &*this.node.get_mut();
        let quick = scope::poll_quick(node, Role::Catch, cx, |cx| {
            let future = this.future.as_mut().as_pin_mut();
            future.expect("polled after it was ready").poll(cx)
        });
        match quick {
            Some(Poll::Ready(output)) if !node.has_slow() => Poll::Ready(Ok(output)),
            Some(Poll::Pending) if !node.has_slow() => {
                scope::note_open();
                Poll::Pending
            }
            quick => poll_slow(node, this.future, cx, quick),
        }
    }
}

/// The poll when something is delivered, or came during a quick one.
#[cold]
fn poll_slow<F: Future>(
    node: &Node,
    future: Pin<&mut Option<F>>,
    cx: &mut Context<'_>,
    quick: Option<Poll<F::Output>>,
) -> Poll<Result<F::Output, Cancelled>> {
    assert!(future.is_some(), "polled after it was ready");
    let mut part = Part {
        future,
        output: None,
    };
    let outcome = match quick {
        None => scope::poll_slow(node, Role::Catch, &mut None, cx, &mut part),
        Some(polled) => {
            let is_ready = polled.is_ready();
            if let Poll::Ready(output) = polled {
                part.output = Some(output);
            }
            scope::finish_slow(node, Role::Catch, is_ready, cx, &mut part)
        }
    };
    match outcome {
        Outcome::Pending => Poll::Pending,
        Outcome::Ready(_) => Poll::Ready(Ok(part.output.expect("it has just returned"))),
        Outcome::Fired(Fired { foreign }) => Poll::Ready(Err(Cancelled::new(foreign))),
    }
}

impl<F> fmt::Debug for CatchCancel<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatchCancel").finish_non_exhaustive()
    }
}
