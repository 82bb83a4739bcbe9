//! What `wait` needs to know of a handle.

use std::task::{Context, Poll};

/// A handle whose end can be awaited without taking its result.
///
/// [`wait`](crate::wait) works on these rather than on futures: a future that was polled to its
/// end has given its output away, while a member of `done` must still be readable. Task and
/// promise handles implement it; [`Waitable`](crate::Waitable) makes one of any other future.
///
/// # Examples
///
/// A handle over a value that some other code stores:
///
/// ```
/// use evloop_combinators::Completion;
/// use std::cell::OnceCell;
/// use std::task::{Context, Poll, Waker};
///
/// #[derive(Default)]
/// struct Answer { value: OnceCell<u32>, waker: Option<Waker> }
///
/// impl Completion for Answer {
///     type Output = u32;
///     fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()> {
///         if self.value.get().is_some() {
///             return Poll::Ready(());
///         }
///         self.waker = Some(cx.waker().clone());
///         Poll::Pending
///     }
///     fn output(&self) -> Option<&u32> { self.value.get() }
/// }
///
/// let mut answer = Answer::default();
/// let mut cx = Context::from_waker(Waker::noop());
/// assert!(answer.poll_done(&mut cx).is_pending());
/// answer.value.set(42).unwrap();
/// assert!(answer.poll_done(&mut cx).is_ready());
/// assert_eq!(answer.output(), Some(&42));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handle that can be waited for",
    label = "`wait` takes tasks, promises and other `Completion` handles",
    note = "spawn a plain future first and wait for its task, or wrap it: `Waitable::new(Box::pin(future))`",
    note = "to await futures for their outputs, use `gather`"
)]
pub trait Completion {
    /// What the handle ended with.
    type Output;

    /// Ready once the handle is done.
    ///
    /// Keeps the last waker it was given. Must stay ready afterwards, and must not consume the
    /// output.
    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// The output, once done (`None` while pending or when it was taken).
    fn output(&self) -> Option<&Self::Output>;

    /// The identity of what the handle stands for: two handles with the same key are the same
    /// thing, and `wait` merges them. `None` means distinct from every other.
    fn key(&self) -> Option<u64> {
        None
    }
}

impl<H: Completion + ?Sized> Completion for Box<H> {
    type Output = H::Output;

    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        (**self).poll_done(cx)
    }

    fn output(&self) -> Option<&Self::Output> {
        (**self).output()
    }

    fn key(&self) -> Option<u64> {
        (**self).key()
    }
}

/// A borrowed handle can be waited for, so that giving up the wait does not give up the handle.
impl<H: Completion + ?Sized> Completion for &mut H {
    type Output = H::Output;

    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        (**self).poll_done(cx)
    }

    fn output(&self) -> Option<&Self::Output> {
        (**self).output()
    }

    fn key(&self) -> Option<u64> {
        (**self).key()
    }
}
