//! Any future as a handle.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::Completion;

/// A handle made of any future, which keeps the output beside it.
///
/// [`wait`](crate::wait) takes handles, so that what is done can still be read. Tasks and
/// promises of evloop are handles; this makes one of a foreign runtime's join handle, or of a
/// future in a box. The future is polled in place, by whoever polls the wait.
///
/// # Examples
///
/// ```
/// use evloop_combinators::{FirstCompleted, Waitable, wait};
/// # use std::{pin::{Pin, pin}, task::{Context, Poll, Waker}};
///
/// async fn work(n: u32) -> u32 { n + 1 }
///
/// async fn program() {
///     let handles = (0..3).map(|n| Waitable::new(Box::pin(work(n))));
///     let (done, _pending) = wait(handles).return_when(FirstCompleted).await.unwrap();
///     assert_eq!(done.len(), 3, "all that were done by then");
///     let outputs: Vec<u32> = done.into_iter().map(|h| h.into_output().unwrap()).collect();
///     assert_eq!(outputs, [1, 2, 3]);
/// }
/// # assert!(pin!(program()).poll(&mut Context::from_waker(Waker::noop())).is_ready());
/// ```
pub struct Waitable<F: Future> {
    state: State<F>,
}

enum State<F: Future> {
    Pending(F),
    Done(F::Output),
}

impl<F: Future + Unpin> Waitable<F> {
    /// Makes a handle of `future`, which is first polled by the wait.
    ///
    /// Box a future that is not `Unpin`: `Waitable::new(Box::pin(future))`.
    pub fn new(future: F) -> Self {
        Self {
            state: State::Pending(future),
        }
    }

    /// The output, by value.
    ///
    /// # Errors
    ///
    /// The handle itself, while the future is pending.
    pub fn into_output(self) -> Result<F::Output, Self> {
        match self.state {
            State::Done(output) => Ok(output),
            State::Pending(_) => Err(self),
        }
    }
}

impl<F: Future + Unpin> Completion for Waitable<F> {
    type Output = F::Output;

    #[inline]
    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let State::Pending(future) = &mut self.state {
            let output = ready!(Pin::new(future).poll(cx));
            self.state = State::Done(output);
        }
        Poll::Ready(())
    }

    fn output(&self) -> Option<&F::Output> {
        match &self.state {
            State::Done(output) => Some(output),
            State::Pending(_) => None,
        }
    }
}

// The output is only ever reached through plain references, never pinned.
impl<F: Future + Unpin> Unpin for Waitable<F> {}

impl<F: Future> fmt::Debug for Waitable<F>
where
    F::Output: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.state {
            State::Pending(_) => f.write_str("<Waitable pending>"),
            State::Done(output) => write!(f, "<Waitable finished result={output:?}>"),
        }
    }
}
