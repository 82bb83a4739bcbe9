//! All values in input order, or the first error.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use evloop_cancel::fork::{BranchEnd, Fork};

use crate::children::{Children, IntoChildren, TryGatherChildren, deliver, delivered, poll_branch};
use crate::ready_set::{ReadySet, Step};

/// Runs the children concurrently and gives every value, or the first error at once.
///
/// Like [`gather`](crate::gather()), for children that give a `Result`. When the first one fails
/// the others are dropped in the same poll: a plain future stops there, while a task goes on
/// running, since dropping its handle only detaches it. That is asyncio's `gather` with
/// `return_exceptions=False`.
///
/// # Examples
///
/// ```
/// use evloop_combinators::try_gather;
/// use std::num::ParseIntError;
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
///
/// async fn parse(text: &str) -> Result<u32, ParseIntError> { text.parse() }
///
/// async fn program() {
///     assert_eq!(try_gather(["1", "2"].map(parse)).await, Ok(vec![1, 2]));
///     assert!(try_gather((parse("1"), parse("two"))).await.is_err());
/// }
/// # assert!(pin!(program()).poll(&mut Context::from_waker(Waker::noop())).is_ready());
/// ```
///
/// # Cancel safety
///
/// As with [`gather`](fn@crate::gather#cancel-safety). A child that fails while a request is being
/// delivered gives its error at once, as ever; the request goes on after that.
///
/// # Panics
///
/// As with [`gather`](fn@crate::gather#panics).
///
/// # Cost
///
/// Three allocations at most for any number of children: the children, one block of 8 bytes a
/// child for all wakers, and the values. One poll polls at most n + 2 children, and after the first
/// only those that were woken, first woken first: so it is the first error that is given.
pub fn try_gather<I, Kind>(children: I) -> TryGather<I::Children>
where
    I: IntoChildren<Kind>,
    I::Children: TryGatherChildren,
{
    let children = children.into_children();
    let n_children = children.count();
    TryGather {
        fork: Fork::new(),
        set: ReadySet::new(n_children),
        n_pending: n_children,
        is_over: false,
        children,
    }
}

pin_project! {
    /// The future of [`try_gather`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct TryGather<C> {
        // Before the children, so that it is dropped first.
        set: ReadySet,
        fork: Fork,
        n_pending: usize,
        is_over: bool,
        #[pin]
        children: C,
    }
}

impl<C: TryGatherChildren> Future for TryGather<C> {
    type Output = Result<C::Values, C::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        assert!(
            !*this.is_over,
            "a try_gather is not polled again after it was ready"
        );
        let n_pending = this.n_pending;
        let mut failure = None;
        if this.fork.begin(cx) {
            let after = deliver(this.fork, this.set, this.children.as_mut());
            *n_pending -= after.n_finished;
            let mut ready = after.with_output.into_iter();
            failure = ready.find_map(|index| this.children.as_mut().take_error(index));
            if failure.is_none() && *n_pending > 0 {
                return delivered(this.fork, cx);
            }
        }
        if *n_pending > 0 && failure.is_none() {
            let fork = &mut *this.fork;
            let poll = this.set.poll_children(cx, *n_pending, |index, cx| {
                if fork.is_slow() && !this.children.is_pending(index) {
                    return Step::Finished;
                }
                let end = poll_branch(fork, this.children.as_mut(), index, cx);
                if end == BranchEnd::Pending {
                    return Step::Pending;
                }
                *n_pending -= 1;
                failure = this.children.as_mut().take_error(index);
                if failure.is_some() || *n_pending == 0 {
                    Step::Stop
                } else {
                    Step::Finished
                }
            });
            if poll.is_pending() {
                fork.suspend(cx);
                return Poll::Pending;
            }
        }
        if failure.is_none() && this.fork.pass_on() {
            // Not all have their value, and the scope around ends.
            return Poll::Pending;
        }
        *this.is_over = true;
        match failure {
            Some(error) => {
                this.children.clear();
                Poll::Ready(Err(error))
            }
            None => Poll::Ready(Ok(this.children.take_values())),
        }
    }
}

impl<C: Children> fmt::Debug for TryGather<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryGather")
            .field("children", &self.children.count())
            .field("pending", &self.n_pending)
            .finish_non_exhaustive()
    }
}
