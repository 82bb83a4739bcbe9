//! The first success of attempts that begin one after another.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use evloop_cancel::fork::{BranchEnd, Fork};

use crate::children::{
    Children, IntoChildren, Many, TryGatherChildren, deliver, delivered, poll_branch,
};
use crate::ready_set::{ReadySet, Step};

/// Begins the attempts one after another until one succeeds, and drops the others.
///
/// The next attempt begins when the one before it has failed, and no later than `delay` after the
/// one before it began: `delay` is called at each beginning and gives a timer. With
/// [`pending`](std::future::pending) as the timer an attempt begins only when the one before it has
/// failed. When all have failed, their errors are given in the order of the attempts; without
/// attempts there are none.
///
/// asyncio's `staggered_race`, on which its connections by name stand. The algorithm is that of
/// RFC 8305, section 5.
///
/// # Examples
///
/// ```
/// use evloop_combinators::race_staggered;
/// use std::future::{pending, ready};
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
///
/// async fn connect(server: &str) -> Result<String, String> {
///     match server {
///         "silent" => pending().await,
///         "good" => Ok("connected".into()),
///         other => Err(format!("no server {other}")),
///     }
/// }
///
/// async fn program() {
///     // The one that is silent holds nobody up for longer than the timer.
///     let servers = ["bad", "silent", "good"];
///     let won = race_staggered(servers.map(connect), || ready(())).await;
///     assert_eq!(won, Ok("connected".into()));
///
///     let lost = race_staggered(["a", "b"].map(connect), pending::<()>).await;
///     assert_eq!(lost, Err(vec!["no server a".to_owned(), "no server b".to_owned()]));
/// }
/// # assert!(pin!(program()).poll(&mut Context::from_waker(Waker::noop())).is_ready());
/// ```
///
/// # Cancel safety
///
/// Dropping it drops the attempts. Those that lose are dropped before the winner's output is given.
///
/// A cancel request goes to every attempt that has begun, and none begins after that. One that
/// refuses it and succeeds wins; when none does, the request goes on once all have ended.
///
/// # Panics
///
/// A panic in an attempt or in `delay` goes on through the poll of the race. Polling again after it
/// was ready panics. More than 2³⁰ − 1 attempts do not fit.
///
/// # Cost
///
/// Three allocations at most for any number of attempts. Only those that were woken are polled, and
/// the timer with every poll of the race.
pub fn race_staggered<I, D, T>(
    attempts: I,
    delay: D,
) -> RaceStaggered<<I::Item as IntoFuture>::IntoFuture, D, T>
where
    I: IntoIterator<Item: IntoFuture>,
    D: FnMut() -> T,
    T: Future,
{
    let children = attempts.into_children();
    let n_attempts = children.count();
    let mut set = ReadySet::new(n_attempts);
    set.skip_first_polls();
    RaceStaggered {
        set,
        fork: Fork::new(),
        n_begun: 0,
        n_pending: 0,
        is_over: false,
        children,
        timer: None,
        delay,
    }
}

pin_project! {
    /// The future of [`race_staggered`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct RaceStaggered<F: Future, D, T> {
        // Before the children, so that it is dropped first.
        set: ReadySet,
        fork: Fork,
        n_begun: usize,
        // Of those that have begun.
        n_pending: usize,
        is_over: bool,
        #[pin]
        children: Many<F>,
        // Of the attempt that began last; none when there is no further one.
        #[pin]
        timer: Option<T>,
        delay: D,
    }
}

/// What a turn of the attempts has led to.
enum Turn {
    Won(usize),
    /// The attempt that began last has failed, or all have.
    Failed,
    Pending,
}

impl<F, D, T, V, E> Future for RaceStaggered<F, D, T>
where
    F: Future<Output = Result<V, E>>,
    D: FnMut() -> T,
    T: Future,
{
    type Output = Result<V, Vec<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(
            !self.is_over,
            "a staggered race is not polled again after it was ready"
        );
        let mut winner = None;
        if self.as_mut().project().fork.begin(cx) {
            winner = self.as_mut().deliver();
            if winner.is_none() && self.n_pending > 0 {
                return delivered(self.project().fork, cx);
            }
        }
        while winner.is_none() {
            if self.n_pending == 0 && !self.as_mut().begin_next() {
                break;
            }
            match self.as_mut().turn(cx) {
                Turn::Won(index) => winner = Some(index),
                Turn::Failed => _ = self.as_mut().begin_next(),
                Turn::Pending if self.as_mut().is_next_due(cx) => _ = self.as_mut().begin_next(),
                Turn::Pending => {
                    self.project().fork.suspend(cx);
                    return Poll::Pending;
                }
            }
        }
        self.end(winner)
    }
}

impl<F, D, T, V, E> RaceStaggered<F, D, T>
where
    F: Future<Output = Result<V, E>>,
    D: FnMut() -> T,
    T: Future,
{
    /// Begins the next attempt and sets its timer; false if there is no further one.
    fn begin_next(self: Pin<&mut Self>) -> bool {
        let mut this = self.project();
        let n_attempts = this.children.count();
        if *this.n_begun == n_attempts {
            return false;
        }
        // As long as the race is parked, a child that wakes itself would wake it in its own poll.
        this.set.unpark();
        this.set.requeue(*this.n_begun);
        *this.n_begun += 1;
        *this.n_pending += 1;
        let is_last = *this.n_begun == n_attempts;
        let timer = (!is_last).then(this.delay);
        this.timer.set(timer);
        true
    }

    fn is_next_due(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let timer = self.project().timer.as_pin_mut();
        timer.is_some_and(|timer| timer.poll(cx).is_ready())
    }

    /// Polls the attempts that were woken.
    fn turn(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Turn {
        let mut this = self.project();
        let last = *this.n_begun - 1;
        let mut turn = Turn::Pending;
        let polled = this.set.poll_children(cx, *this.n_pending, |index, cx| {
            if !this.children.is_pending(index) {
                return Step::Finished;
            }
            match poll_branch(this.fork, this.children.as_mut(), index, cx) {
                BranchEnd::Pending => return Step::Pending,
                BranchEnd::Ready | BranchEnd::Dropped => *this.n_pending -= 1,
            }
            if this.children.has_succeeded(index) {
                turn = Turn::Won(index);
            } else if index == last || *this.n_pending == 0 {
                turn = Turn::Failed;
            } else {
                return Step::Finished;
            }
            Step::Stop
        });
        debug_assert!(polled.is_ready() || matches!(turn, Turn::Pending));
        turn
    }

    /// Delivers what is due to the attempts that have begun, and drops the others.
    #[cold]
    fn deliver(self: Pin<&mut Self>) -> Option<usize> {
        let mut this = self.project();
        for index in *this.n_begun..this.children.count() {
            this.children.as_mut().clear_child(index);
        }
        *this.n_begun = this.children.count();
        this.timer.set(None);
        let after = deliver(this.fork, this.set, this.children.as_mut());
        *this.n_pending -= after.n_finished;
        let mut ended = after.with_output.into_iter();
        ended.find(|index| this.children.has_succeeded(*index))
    }

    fn end(self: Pin<&mut Self>, winner: Option<usize>) -> Poll<Result<V, Vec<E>>> {
        let mut this = self.project();
        let Some(winner) = winner else {
            if this.fork.pass_on() {
                // A request has dropped some, and the scope around ends.
                return Poll::Pending;
            }
            *this.is_over = true;
            let mut children = this.children;
            let all = 0..children.count();
            let errors = all.filter_map(|index| children.as_mut().take_error(index));
            return Poll::Ready(Err(errors.collect()));
        };
        this.fork.swallow();
        *this.is_over = true;
        let value = this.children.take_value(winner);
        this.timer.set(None);
        this.children.clear();
        Poll::Ready(Ok(value))
    }
}

impl<F: Future, D, T> fmt::Debug for RaceStaggered<F, D, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RaceStaggered")
            .field("attempts", &self.children.count())
            .field("begun", &self.n_begun)
            .field("pending", &self.n_pending)
            .finish_non_exhaustive()
    }
}
