//! All outputs, in input order.

mod few;
mod many;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use evloop_cancel::fork::Fork;

use crate::children::{Children, GatherChildren, IntoChildren};

use few::{Few, Polled};
use many::Many;

/// Runs the children concurrently and gives every output, in input order.
///
/// Takes anything iterable that yields futures of one type and gives a `Vec`, or a tuple of up
/// to twelve different futures and gives a tuple. Without children it is ready at the first
/// poll.
///
/// The children are polled in place, by whoever polls the gather: concurrently, not in
/// parallel. They start in input order at the first poll. Afterwards, of more than 16, only those
/// that were woken are polled, first woken first; for fewer see [Cost](#cost). Spawn them and gather
/// the tasks for parallelism: each output is then the task's `Result`, which is asyncio's
/// `return_exceptions=True`. See [`try_gather`](crate::try_gather) for the first error at once.
///
/// # Examples
///
/// ```
/// use evloop_combinators::gather;
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
///
/// async fn double(n: u32) -> u32 { 2 * n }
/// async fn name() -> &'static str { "b" }
///
/// async fn program() {
///     assert_eq!(gather((double(1), name())).await, (2, "b"));
///     assert_eq!(gather((0..4).map(double)).await, [0, 2, 4, 6]);
/// }
/// # assert!(pin!(program()).poll(&mut Context::from_waker(Waker::noop())).is_ready());
/// ```
///
/// # Cancel safety
///
/// Dropping a gather drops its children and the outputs it has so far. A child that is the
/// handle of a task is detached, as its own drop says.
///
/// A cancel request goes to every child: scopes inside may clean up or refuse, an awaited task is
/// cancelled and waited for, and a child with nothing of that kind is dropped. When all have ended
/// the request goes on, unless all have refused it and given their outputs.
///
/// # Panics
///
/// A panic in a child goes on through the poll of the gather; the other children are dropped
/// with it. Polling again after it was ready panics. More than 2³⁰ − 1 children do not fit.
///
/// # Cost
///
/// Three allocations at most for any number of children: the children, one block of 8 bytes a
/// child for all wakers, and the outputs. One poll of the gather polls at most n + 2 children.
///
/// Up to 16 children begin without that block: all that are pending are polled in input order, with
/// the waker of the gather, whoever was woken. When that has come to 8 polls in vain for each
/// child, or at the first one with a task, a promise or an open cancel scope inside, the block is made,
/// and from then on only those that were woken are polled.
pub fn gather<I, Kind>(children: I) -> Gather<I::Children>
where
    I: IntoChildren<Kind>,
    I::Children: GatherChildren,
{
    let children = children.into_children();
    let n_children = children.count();
    Gather {
        pending: Pending::Few(Few::new(n_children)),
        fork: Fork::new(),
        is_over: false,
        children,
    }
}

/// Gathers the futures it is given: `gather!(a(), b())` is [`gather`](gather())`((a(), b()))`.
///
/// # Examples
///
/// ```
/// use evloop_combinators::gather;
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
///
/// # let main = async {
/// let (a, b) = gather!(async { 1 }, async { "two" }).await;
/// assert_eq!((a, b), (1, "two"));
/// # };
/// # assert!(pin!(main).poll(&mut Context::from_waker(Waker::noop())).is_ready());
/// ```
#[macro_export]
macro_rules! gather {
    ($($child:expr),+ $(,)?) => {
        $crate::gather(($($child,)+))
    };
}

pin_project! {
    /// The future of [`gather`](gather()).
    #[must_use = "futures do nothing unless awaited"]
    pub struct Gather<C> {
        // Before the children, so that it is dropped first: what they wake in their destructors
        // then reaches nobody.
        pending: Pending,
        fork: Fork,
        is_over: bool,
        #[pin]
        children: C,
    }
}

/// How the children that have not ended are polled.
enum Pending {
    /// All together, with the waker of the gather; or not at all up to now.
    Few(Few),
    /// Those that were woken, each with its own waker.
    Many(Many),
}

impl Pending {
    /// Polls them. Ready when all have ended.
    #[inline]
    fn poll<C: Children>(
        &mut self,
        fork: &mut Fork,
        mut children: Pin<&mut C>,
        waker: &Waker,
    ) -> Poll<()> {
        if let Self::Few(few) = self {
            match few.poll(fork, children.as_mut(), waker) {
                Polled::Pending => return Poll::Pending,
                Polled::Ready => return Poll::Ready(()),
                Polled::Over { stray } => {
                    *self = Self::Many(Many::new(children.as_ref(), stray));
                }
            }
        }
        match self {
            Self::Many(many) => many.poll(fork, children, waker),
            Self::Few(_) => unreachable!("they have become many"),
        }
    }
}

impl<C: GatherChildren> Future for Gather<C> {
    type Output = C::Outputs;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Outputs> {
        let mut this = self.project();
        assert!(
            !*this.is_over,
            "a gather is not polled again after it was ready"
        );
        let poll = this
            .pending
            .poll(this.fork, this.children.as_mut(), cx.waker());
        if poll.is_pending() || this.fork.pass_on() {
            // In the second case not all have their output, and the scope around ends.
            return Poll::Pending;
        }
        *this.is_over = true;
        Poll::Ready(this.children.take_outputs())
    }
}

impl<C: Children> fmt::Debug for Gather<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_children = self.children.count();
        let is_pending = |index: &usize| self.children.is_pending(*index);
        f.debug_struct("Gather")
            .field("children", &n_children)
            .field("pending", &(0..n_children).filter(is_pending).count())
            .finish_non_exhaustive()
    }
}
