//! The handles of a `wait`, registered once for as many waits as it takes.

mod places;

use std::fmt;
use std::task::{Context, Poll};

pub use places::{IntoHandles, Iter};

use crate::ready_set::{Parked, ReadySet, Step, Turn, TurnEnd};
use crate::{Completion, Next, Wait};
use places::{Inserted, Places, Visit};

/// Handles that are waited for, with their registrations.
///
/// [`wait`](crate::wait) returns the handles that are still pending in the set they were
/// registered in. Waiting again with [`WaitSet::wait`] (or `wait(pending)`, which is the same)
/// registers nothing again: a completion costs the same in a set of a hundred and of a million.
/// [`WaitSet::next`] gives the members one by one, as they finish, and so does the stream
/// [`as_completed`](crate::as_completed())`(set)`.
///
/// Handles with the same [`key`](Completion::key) are merged. Iterating gives the handles in no
/// particular order.
///
/// Dropping the set drops the handles, each of which does what its own drop says: a task is
/// detached and goes on running. There is no by-value iterator in order that `wait(pending)`
/// means this set and not its handles one by one; [`WaitSet::into_handles`] gives them back.
///
/// # Examples
///
/// ```
/// use evloop_combinators::{FirstCompleted, WaitSet, Waitable};
/// use std::future::{Ready, ready};
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
///
/// async fn program() {
///     let mut pending: WaitSet<Waitable<Ready<u32>>> = WaitSet::new();
///     pending.insert(Waitable::new(ready(7)));
///     let (done, pending) = pending.wait().return_when(FirstCompleted).await.unwrap();
///     assert_eq!(done.len(), 1);
///     assert!(pending.is_empty());
/// }
/// # assert!(pin!(program()).poll(&mut Context::from_waker(Waker::noop())).is_ready());
/// ```
pub struct WaitSet<H> {
    /// In a box, because the set is moved into each wait and out of it again.
    registered: Box<Registered<H>>,
}

struct Registered<H> {
    // Before the handles, so that it is dropped first: what they wake in their destructors then
    // reaches nobody.
    ready: ReadySet,
    /// By the indices of `ready`.
    places: Places<H>,
}

impl<H: Completion> WaitSet<H> {
    /// A set without handles.
    #[must_use]
    pub fn new() -> Self {
        std::iter::empty().collect()
    }

    /// The number of handles.
    #[must_use]
    pub fn len(&self) -> usize {
        self.registered.places.len()
    }

    /// Whether there is no handle.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a handle, or returns it if there is one with the same key already.
    ///
    /// It is first polled by the next wait, after the members that were woken before.
    ///
    /// # Panics
    ///
    /// If the set has 2³⁰ − 1 handles.
    ///
    /// # Cost
    ///
    /// Constant on average. The place of a handle that has left is used again.
    pub fn insert(&mut self, handle: H) -> Option<H> {
        let Registered { ready, places } = &mut *self.registered;
        match places.insert(handle) {
            Inserted::Added(index) => {
                let added = ready.insert();
                debug_assert_eq!(added, index);
                None
            }
            Inserted::Reused(index) => {
                ready.requeue(index);
                None
            }
            Inserted::Duplicate(handle) => Some(handle),
        }
    }

    /// Takes the handle with this key out of the set, pending or not.
    pub fn remove(&mut self, key: u64) -> Option<H> {
        self.registered.places.remove(key)
    }

    /// The handles, in no particular order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_, H> {
        self.registered.places.iter()
    }

    /// Gives the handles back, in no particular order, and their registrations up.
    #[must_use]
    pub fn into_handles(self) -> IntoHandles<H> {
        self.registered.places.into_handles()
    }

    /// Waits for the next member that finishes and takes it out: `None` if there is no member.
    ///
    /// Awaited in a loop this gives every member once, in the order in which they finished. The
    /// others stay registered: a call costs what one completion costs, in a set of any size.
    /// Members may be added and removed between two calls, and [`WaitSet::wait`] takes over
    /// where the last call has ended.
    ///
    /// A member counts as finished when it was woken for the last time. Members that were never
    /// polled count from when they were added, so handles that are done already come first, in
    /// the order of their insertion.
    ///
    /// # Examples
    ///
    /// ```
    /// use evloop_combinators::{WaitSet, Waitable};
    /// # use std::{pin::pin, task::{Context, Poll, Waker}};
    ///
    /// async fn page(id: u32) -> u32 { id * id }
    ///
    /// async fn program() {
    ///     let mut pages: WaitSet<_> = (1..=3).map(|id| Waitable::new(Box::pin(page(id)))).collect();
    ///     let mut sizes = Vec::new();
    ///     while let Some(done) = pages.next().await {
    ///         sizes.push(done.into_output().unwrap());
    ///         if sizes.len() == 1 {
    ///             pages.insert(Waitable::new(Box::pin(page(10))));
    ///         }
    ///     }
    ///     assert_eq!(sizes, [1, 4, 9, 100]);
    /// }
    /// # assert!(pin!(program()).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped: a member leaves the set only as its output.
    /// Calling again goes on where it was, in the same order. A cancel request is not forwarded to
    /// tasks and promises in the set.
    ///
    /// # Panics
    ///
    /// A panic in a member goes on through the poll. The member stays in the set, and is the
    /// first that is polled again.
    ///
    /// # Cost
    ///
    /// Constant for each completion, without allocation: the members that were woken are polled
    /// up to the first that is done, at most n + 2 in one poll.
    #[expect(
        clippy::should_implement_trait,
        reason = "it is awaited; the name is that of every stream"
    )]
    pub fn next(&mut self) -> Next<'_, H> {
        Next::new(self)
    }

    /// Waits until all are done; see [`wait`](crate::wait) for what can be asked instead.
    ///
    /// # Cancel safety
    ///
    /// As [`wait`](crate::wait): dropping the future drops the set, and the handles in it.
    pub fn wait(self) -> Wait<H> {
        Wait::new(self)
    }

    /// Polls what was woken, and hands each finished handle to `take`.
    ///
    /// The finished handle is out of the set before `take` runs, so a panic in it costs nothing
    /// but that handle.
    #[inline]
    pub(crate) fn take_turn(&mut self, turn: &mut Turn, mut take: impl FnMut(H)) -> TurnEnd {
        let Registered { ready, places } = &mut *self.registered;
        ready.take_turn(turn, |index, cx| match places.poll(index, cx) {
            Visit::Done(handle) => {
                take(handle);
                Step::Left
            }
            Visit::Pending => Step::Pending,
            Visit::Vacant => Step::Vacant,
        })
    }

    /// Polls what was woken up to the first handle that is finished, which leaves the set.
    ///
    /// This is [`WaitSet::next`] without its future, and what [`AsCompleted`](crate::AsCompleted)
    /// calls.
    #[inline]
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<H>> {
        let Registered { ready, places } = &mut *self.registered;
        let n_handles = places.len();
        if n_handles == 0 {
            return Poll::Ready(None);
        }
        let mut turn = Turn::new(n_handles);
        let mut first = None;
        loop {
            let end = ready.take_turn(&mut turn, |index, cx| match places.poll(index, cx) {
                Visit::Done(handle) => {
                    first = Some(handle);
                    Step::Stop
                }
                Visit::Pending => Step::Pending,
                Visit::Vacant => Step::Vacant,
            });
            match end {
                TurnEnd::Stopped => return Poll::Ready(first),
                TurnEnd::Drained => {
                    if ready.park(cx.waker()) == Parked::Yes {
                        return Poll::Pending;
                    }
                }
                TurnEnd::Spent => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
        }
    }

    #[inline]
    pub(crate) fn ready_set(&mut self) -> &mut ReadySet {
        &mut self.registered.ready
    }
}

/// Merges handles with the same key; the first one stays.
impl<H: Completion> FromIterator<H> for WaitSet<H> {
    fn from_iter<I: IntoIterator<Item = H>>(iter: I) -> Self {
        let places: Places<H> = iter.into_iter().collect();
        // One block for all, since their number is known by now.
        let ready = ReadySet::new(places.len());
        Self {
            registered: Box::new(Registered { ready, places }),
        }
    }
}

impl<H: Completion> Extend<H> for WaitSet<H> {
    fn extend<I: IntoIterator<Item = H>>(&mut self, iter: I) {
        for handle in iter {
            self.insert(handle);
        }
    }
}

impl<H: Completion> Default for WaitSet<H> {
    fn default() -> Self {
        Self::new()
    }
}

impl<H: fmt::Debug> fmt::Debug for WaitSet<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.registered.places.iter())
            .finish()
    }
}

impl<'a, H: Completion> IntoIterator for &'a WaitSet<H> {
    type Item = &'a H;
    type IntoIter = Iter<'a, H>;

    fn into_iter(self) -> Iter<'a, H> {
        self.iter()
    }
}
