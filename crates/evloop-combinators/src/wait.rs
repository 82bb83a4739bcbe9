//! Waiting for handles, by a policy and up to a limit.

use std::fmt;
use std::future::{Future, Pending, pending};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::ready_set::{Parked, Turn, TurnEnd};
use crate::{AllCompleted, Completion, EmptyWait, ReturnWhen, WaitSet};

/// Waits for handles and gives the ones that are done and the ones that are pending.
///
/// Takes anything iterable that yields [`Completion`] handles (tasks, promises,
/// [`Waitable`](crate::Waitable)s), or the [`WaitSet`] of an earlier wait. Awaiting gives
/// `(done, pending)`:
///
/// - `done: Vec<H>` has all that are finished when the waiter resumes, in the order in which
///   they finished, with their outputs still readable.
/// - `pending: WaitSet<H>` is the set itself, registrations included, to be waited for again.
///
/// By default it waits for all; [`Wait::return_when`] and [`Wait::timeout`] say otherwise.
/// To handle the members one by one, as they finish, [`as_completed`](crate::as_completed()) or
/// [`WaitSet::next`] is simpler and cheaper than a loop of waits for the first completed.
/// Handles with the same key are merged. What a member ended with does not matter: nothing is
/// raised, and nothing is cancelled.
///
/// # Examples
///
/// ```
/// use evloop_combinators::{Completion, FirstCompleted, Waitable, wait};
/// use std::pin::Pin;
/// # use std::{future::{pending, ready}, pin::pin, task::{Context, Poll, Waker}};
///
/// type Job = Pin<Box<dyn Future<Output = &'static str>>>;
///
/// async fn program() {
///     let jobs: [Job; 2] = [Box::pin(pending()), Box::pin(ready("short"))];
///     let handles = jobs.map(Waitable::new);
///     let (done, pending) = wait(handles).return_when(FirstCompleted).await.unwrap();
///     assert_eq!(done[0].output(), Some(&"short"));
///     assert_eq!(pending.len(), 1);
/// }
/// # assert!(pin!(program()).poll(&mut Context::from_waker(Waker::noop())).is_ready());
/// ```
///
/// # Errors
///
/// The wait gives [`EmptyWait`] at its first poll if there are no handles.
///
/// # Cancel safety
///
/// Dropping a wait drops the handles in it, and with them what they had finished: a task is
/// detached, its output is lost. To keep the handles, wait for `&mut` references to them.
///
/// A cancel request is not forwarded to tasks and promises, as in asyncio: the waiter ends, and they
/// go on. Scopes inside of a [`Waitable`](crate::Waitable) are asked, and may clean up.
///
/// # Panics
///
/// More than 2³⁰ − 1 handles do not fit. Polling again after it was ready panics.
///
/// # Cost
///
/// Each completion costs the same for any number of members: only members that were woken are
/// polled, at most n + 2 in one poll of the wait. Three allocations make the set, whatever the
/// number of members, and one more if they have keys; `done` is a `Vec` that grows as usual.
pub fn wait<I, Kind>(handles: I) -> Wait<I::Handle>
where
    I: IntoWaitSet<Kind>,
{
    Wait::new(handles.into_wait_set())
}

/// Marks handles that are iterated.
#[derive(Debug, Clone, Copy)]
pub enum Handles {}

/// Marks a set that has been waited for, or filled, before.
#[derive(Debug, Clone, Copy)]
pub enum SameSet {}

/// An input of [`wait`] and [`as_completed`](crate::as_completed()): handles, or the set of an
/// earlier wait.
///
/// `Kind` is always inferred; it only keeps the two implementations apart.
///
/// What asyncio refuses with a `TypeError` does not compile. A single handle:
///
/// ```compile_fail,E0277
/// use evloop_combinators::{Waitable, wait};
///
/// let _waiting = wait(Waitable::new(std::future::ready(1)));
/// ```
///
/// And plain futures, whose outputs would be gone once they were awaited:
///
/// ```compile_fail,E0277
/// use evloop_combinators::wait;
///
/// let _waiting = wait([std::future::ready(1)]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be waited for",
    label = "neither a collection of handles nor a `WaitSet`",
    note = "`wait` takes a collection: for one handle, await it",
    note = "the items have to be handles (tasks, promises, `Waitable`s); plain futures go to `gather`, or are spawned first"
)]
pub trait IntoWaitSet<Kind> {
    /// The type of the handles.
    type Handle: Completion;

    /// Makes the set, without polling.
    fn into_wait_set(self) -> WaitSet<Self::Handle>;
}

impl<I> IntoWaitSet<Handles> for I
where
    I: IntoIterator,
    I::Item: Completion,
{
    type Handle = I::Item;

    fn into_wait_set(self) -> WaitSet<I::Item> {
        self.into_iter().collect()
    }
}

impl<H: Completion> IntoWaitSet<SameSet> for WaitSet<H> {
    type Handle = H;

    fn into_wait_set(self) -> Self {
        self
    }
}

pin_project! {
    /// The future of [`wait`], and where its policy and limit are given.
    #[must_use = "futures do nothing unless awaited"]
    pub struct Wait<H, P = AllCompleted, T = Pending<()>> {
        set: Option<WaitSet<H>>,
        done: Vec<H>,
        policy: P,
        is_met: bool,
        #[pin]
        timer: T,
    }
}

impl<H: Completion> Wait<H> {
    pub(crate) fn new(set: WaitSet<H>) -> Self {
        let done = Vec::new();
        Self {
            set: Some(set),
            done,
            policy: AllCompleted,
            is_met: false,
            timer: pending(),
        }
    }
}

impl<H: Completion, P, T> Wait<H, P, T> {
    /// Returns as soon as `policy` is met, or all are done.
    ///
    /// The policy is [`AllCompleted`], [`FirstCompleted`](crate::FirstCompleted), or a closure
    /// `|output: &T| -> bool`. It is shown each member that finishes, in that order, until it
    /// says yes. All that are finished by then are in `done`, not only the one it was met with.
    pub fn return_when<Q: ReturnWhen<H>>(self, policy: Q) -> Wait<H, Q, T> {
        let Self {
            set,
            done,
            is_met,
            timer,
            ..
        } = self;
        Wait {
            set,
            done,
            policy,
            is_met,
            timer,
        }
    }

    /// Returns what is done once `timer` is ready, if the policy is not met before.
    ///
    /// Any future that ends when the time is over will do: this crate has no clock. Reaching
    /// the limit is not an error, and nothing is cancelled. The members are polled before the
    /// timer, so with a timer that is ready at once the wait gives what is done by now.
    pub fn timeout<U: Future<Output = ()>>(self, timer: U) -> Wait<H, P, U> {
        let Self {
            set,
            done,
            policy,
            is_met,
            ..
        } = self;
        Wait {
            set,
            done,
            policy,
            is_met,
            timer,
        }
    }
}

impl<H, P, T> Future for Wait<H, P, T>
where
    H: Completion,
    P: ReturnWhen<H>,
    T: Future<Output = ()>,
{
    type Output = Result<(Vec<H>, WaitSet<H>), EmptyWait>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (policy, is_met, done) = (this.policy, this.is_met, this.done);
        let set = this
            .set
            .as_mut()
            .expect("a wait is not polled again after it was ready");
        if set.is_empty() && done.is_empty() {
            *this.set = None;
            return Poll::Ready(Err(EmptyWait));
        }
        let mut timer = Some(this.timer);
        let mut turn = Turn::new(set.len());
        loop {
            let end = set.take_turn(&mut turn, |handle| {
                if done.capacity() == 0 {
                    // One is what the first completion needs, and the cheapest to allocate.
                    *done = Vec::with_capacity(1);
                }
                done.push(handle);
                if !*is_met && let Some(finished) = done.last() {
                    *is_met = policy.is_met(finished);
                }
            });
            if *is_met || set.is_empty() {
                break;
            }
            // Once per poll. The timer gets the waker of the whole wait, and is polled after
            // the members and before parking.
            if let Some(timer) = timer.take()
                && timer.poll(cx).is_ready()
            {
                // The waker of the poll before was left for the members, and is not theirs to
                // wake any more.
                set.ready_set().unpark();
                break;
            }
            match end {
                TurnEnd::Drained | TurnEnd::Stopped => {
                    if set.ready_set().park(cx.waker()) == Parked::Yes {
                        return Poll::Pending;
                    }
                }
                TurnEnd::Spent => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
        }
        let done = std::mem::take(done);
        let set = this.set.take().expect("it was there above");
        Poll::Ready(Ok((done, set)))
    }
}

impl<H: fmt::Debug, P: fmt::Debug, T> fmt::Debug for Wait<H, P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("done", &self.done)
            .field("pending", &self.set)
            .field("return_when", &self.policy)
            .finish_non_exhaustive()
    }
}
