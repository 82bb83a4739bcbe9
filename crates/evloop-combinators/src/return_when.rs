//! When a `wait` has seen enough.

use crate::Completion;

/// Decides when a [`wait`](crate::wait) returns before every member is done.
///
/// Implemented by [`AllCompleted`], [`FirstCompleted`] and every closure
/// `FnMut(&H::Output) -> bool`. A closure names the type of its argument.
///
/// # Examples
///
/// ```
/// use evloop_combinators::{Waitable, wait};
/// use std::future::ready;
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
///
/// let numbers = [1, 12, 3].map(|n| Waitable::new(ready(n)));
/// let waiting = wait(numbers).return_when(|n: &i32| *n > 10);
///
/// # let mut cx = Context::from_waker(Waker::noop());
/// let Poll::Ready(Ok((done, _pending))) = pin!(waiting).poll(&mut cx) else { unreachable!() };
/// assert_eq!(done.len(), 3, "all that are finished at resumption");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say when a `wait` for `{H}` returns",
    label = "not a `ReturnWhen` policy for these handles",
    note = "the policies are `AllCompleted`, `FirstCompleted`, and a closure `|output: &T| -> bool` that names the type of its argument",
    note = "`FirstException` needs handles whose output can be told to be a failure: tasks of `()` or `Result`, and promises"
)]
pub trait ReturnWhen<H: Completion> {
    /// Whether to return now, given one more finished member.
    ///
    /// Asked once per newly finished member, in completion order, until it has said `true`.
    fn is_met(&mut self, finished: &H) -> bool;
}

/// Returns when every member is done: asyncio's `ALL_COMPLETED`, and the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct AllCompleted;

/// Returns as soon as one member is done: asyncio's `FIRST_COMPLETED`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct FirstCompleted;

impl<H: Completion> ReturnWhen<H> for AllCompleted {
    fn is_met(&mut self, _finished: &H) -> bool {
        false
    }
}

impl<H: Completion> ReturnWhen<H> for FirstCompleted {
    fn is_met(&mut self, _finished: &H) -> bool {
        true
    }
}

/// A member whose output was taken is not shown to the closure and does not end the wait.
impl<H, F> ReturnWhen<H> for F
where
    H: Completion,
    F: FnMut(&H::Output) -> bool,
{
    fn is_met(&mut self, finished: &H) -> bool {
        finished.output().is_some_and(self)
    }
}
