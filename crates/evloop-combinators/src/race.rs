//! The first output.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use evloop_cancel::fork::{BranchEnd, Fork};

use crate::children::{Children, IntoChildren, RaceChildren, deliver, delivered, poll_branch};
use crate::ready_set::{ReadySet, Step};

/// Runs the children concurrently until the first one finishes, and drops the others.
///
/// A tuple of futures with one output type gives that output. Anything iterable gives a
/// `Result`, which is [`EmptyRace`](crate::EmptyRace) if there were no children: nobody could
/// ever win, and waiting for that would be a hang.
///
/// When several children are ready at once, their places do not matter: each race begins with
/// another child. [`Race::biased`] begins with the first instead. Children that are woken later
/// are polled first woken first.
///
/// To keep the losers, wait for handles: [`wait`](crate::wait) with
/// [`FirstCompleted`](crate::FirstCompleted).
///
/// # Examples
///
/// ```
/// use evloop_combinators::race;
/// use std::future::{pending, ready};
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
///
/// async fn program() {
///     assert_eq!(race((pending(), ready("b"))).await, "b");
///     assert_eq!(race([ready(1)]).await, Ok(1));
///     assert_eq!(race((ready("a"), ready("b"))).biased().await, "a");
/// }
/// # assert!(pin!(program()).poll(&mut Context::from_waker(Waker::noop())).is_ready());
/// ```
///
/// # Cancel safety
///
/// Dropping a race drops its children. The losers of a finished race are dropped before the
/// winner's output is given, with whatever they had done so far.
///
/// A cancel request goes to every child, as in a [`gather`](fn@crate::gather#cancel-safety). One that
/// refuses it and finishes wins; when none does, the request goes on.
///
/// # Panics
///
/// A panic in a child goes on through the poll of the race. Polling again after it was ready
/// panics. More than 2³⁰ − 1 children do not fit.
///
/// # Cost
///
/// Two allocations at most for any number of children. One poll of the race polls at most n + 2
/// children.
pub fn race<I, Kind>(children: I) -> Race<I::Children>
where
    I: IntoChildren<Kind>,
    I::Children: RaceChildren,
{
    let children = children.into_children();
    let n_children = children.count();
    let mut set = ReadySet::new(n_children);
    if n_children > 1 {
        set.start_at(any_number_below(n_children));
    }
    Race {
        set,
        fork: Fork::new(),
        n_pending: n_children,
        is_over: false,
        children,
    }
}

/// Races the futures it is given: `race!(a(), b())` is [`race`](race())`((a(), b()))`.
///
/// # Examples
///
/// ```
/// use evloop_combinators::race;
/// use std::future::pending;
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
///
/// # let main = async {
/// assert_eq!(race!(pending(), async { 2 }).await, 2);
/// # };
/// # assert!(pin!(main).poll(&mut Context::from_waker(Waker::noop())).is_ready());
/// ```
#[macro_export]
macro_rules! race {
    ($($child:expr),+ $(,)?) => {
        $crate::race(($($child,)+))
    };
}

pin_project! {
    /// The future of [`race`](race()).
    #[must_use = "futures do nothing unless awaited"]
    pub struct Race<C> {
        // Before the children, so that it is dropped first.
        set: ReadySet,
        fork: Fork,
        n_pending: usize,
        is_over: bool,
        #[pin]
        children: C,
    }
}

impl<C: Children> Race<C> {
    /// Polls the children in input order at first, so that the first one that is ready wins.
    ///
    /// For a program that has to give the same result each time, or for a child that has to be
    /// looked at before the others, such as a request to stop.
    ///
    /// # Panics
    ///
    /// If the race was polled.
    pub fn biased(mut self) -> Self {
        self.set.start_at(0);
        self
    }
}

impl<C: RaceChildren> Future for Race<C> {
    type Output = C::Outcome;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Outcome> {
        let mut this = self.project();
        assert!(
            !*this.is_over,
            "a race is not polled again after it was ready"
        );
        if let Some(outcome) = this.children.without_children() {
            *this.is_over = true;
            return Poll::Ready(outcome);
        }
        let n_pending = this.n_pending;
        let mut winner = None;
        if this.fork.begin(cx) {
            let after = deliver(this.fork, this.set, this.children.as_mut());
            *n_pending -= after.n_finished;
            winner = after.with_output.first().copied();
            if winner.is_none() && *n_pending > 0 {
                return delivered(this.fork, cx);
            }
        }
        if winner.is_none() && *n_pending > 0 {
            let fork = &mut *this.fork;
            let poll = this.set.poll_children(cx, *n_pending, |index, cx| {
                if fork.is_slow() && !this.children.is_pending(index) {
                    return Step::Finished;
                }
                match poll_branch(fork, this.children.as_mut(), index, cx) {
                    BranchEnd::Pending => return Step::Pending,
                    BranchEnd::Ready => winner = Some(index),
                    BranchEnd::Dropped => {
                        *n_pending -= 1;
                        if *n_pending > 0 {
                            return Step::Finished;
                        }
                    }
                }
                Step::Stop
            });
            if poll.is_pending() {
                fork.suspend(cx);
                return Poll::Pending;
            }
        }
        let Some(winner) = winner else {
            // A request has dropped them all, and the scope around ends.
            this.fork.pass_on();
            return Poll::Pending;
        };
        this.fork.swallow();
        *this.is_over = true;
        let outcome = this.children.as_mut().take_winner(winner);
        this.children.clear();
        Poll::Ready(outcome)
    }
}

impl<C: Children> fmt::Debug for Race<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Race")
            .field("children", &self.children.count())
            .finish_non_exhaustive()
    }
}

/// The next number of this thread's sequence, reduced to `0..n`.
///
/// A Weyl sequence, mixed: a plain counter would give two races that alternate in a loop one
/// parity each. It starts the same on every thread, so that a program which always does the
/// same gives the same.
fn any_number_below(n: usize) -> usize {
    thread_local! {
        static SEQUENCE: Cell<u64> = const { Cell::new(0) };
    }
    let weyl = SEQUENCE.with(|sequence| {
        let next = sequence.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        sequence.set(next);
        next
    });
    // The finaliser of SplitMix64.
    let mixed = (weyl ^ (weyl >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let mixed = (mixed ^ (mixed >> 31)) >> 32;
    // At most 2^30 children, so the product fits; it spreads 32 bits evenly over `0..n`.
    usize::try_from((mixed * n as u64) >> 32).expect("it is less than n, a usize")
}
