//! One wait for a notification.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use super::{Condition, Waiter};
use crate::lock_guard::AnyLockGuard;
use crate::passage::Passage;
use crate::sync::lock;
use crate::wait_list::Key;
use crate::wakers::Wakers;

/// The future of [`Condition::wait`].
#[must_use = "a future does nothing until it is awaited"]
pub struct ConditionWait<'c, G: AnyLockGuard> {
    condition: &'c Condition,
    step: Step<G>,
}

enum Step<G: AnyLockGuard> {
    /// Has the lock, and has not waited yet.
    Begins(G),
    /// Is in the list of the condition, where a notification is found.
    Waits(G::Of, Key),
    /// Is in the list no more, but in the queue of the lock.
    Locks(Passage<G::Of>),
    Over,
}

/// Nothing in it is pinned: a guard refers to what it guards.
impl<G: AnyLockGuard> Unpin for ConditionWait<'_, G> {}

impl<'c, G: AnyLockGuard> ConditionWait<'c, G> {
    pub(super) fn new(condition: &'c Condition, guard: G) -> Self {
        let step = Step::Begins(guard);
        Self { condition, step }
    }

    /// Joins the list, and unlocks only then: a notification in between would be lost.
    fn begin(&mut self, guard: G, waker: Waker) {
        let of = guard.of().clone();
        let key = {
            let mut waiters = self.condition.waiters_of(&of);
            waiters.list.push(Waiter::Queued(waker))
        };
        self.step = Step::Waits(of, key);
        drop(guard);
    }

    /// Leaves the list if there was a notification, for the place that it has in the queue of the lock, and
    /// otherwise sees to it that this task will be woken.
    fn look(&self, key: Key, cx: &mut Context<'_>) -> Poll<Key> {
        // Cloned and dropped while nothing is locked: a waker is foreign code.
        let mut fresh: Option<Waker> = None;
        loop {
            {
                let mut waiters = lock(&self.condition.waiters);
                match waiters.list.get_mut(key) {
                    Waiter::Notified(place) => {
                        let place = *place;
                        waiters.list.remove(key);
                        return Poll::Ready(place);
                    }
                    Waiter::Queued(kept) => {
                        if kept.will_wake(cx.waker()) {
                            return Poll::Pending;
                        }
                        if let Some(fresh) = &mut fresh {
                            mem::swap(kept, fresh);
                            return Poll::Pending;
                        }
                    }
                }
            }
            fresh = Some(cx.waker().clone());
        }
    }
}

impl<G: AnyLockGuard> Future for ConditionWait<'_, G> {
    type Output = G;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<G> {
        let this = self.get_mut();
        if let Step::Begins(_) = this.step {
            let waker = cx.waker().clone();
            if let Step::Begins(guard) = mem::replace(&mut this.step, Step::Over) {
                this.begin(guard, waker);
            }
            return Poll::Pending;
        }
        if let Step::Waits(_, key) = this.step {
            let place = ready!(this.look(key, cx));
            if let Step::Waits(of, _) = mem::replace(&mut this.step, Step::Over) {
                this.step = Step::Locks(Passage::at(of, 1, place));
            }
        }
        let Step::Locks(passage) = &mut this.step else {
            panic!("a future is not polled after it was ready");
        };
        let permit = ready!(passage.poll(cx));
        this.step = Step::Over;
        Poll::Ready(G::relock(permit))
    }
}

impl<G: AnyLockGuard> Drop for ConditionWait<'_, G> {
    fn drop(&mut self) {
        let mut wakers = Wakers::new();
        // What leaves is dropped when nothing is locked, and after the next has been notified: that one
        // queues for the lock, and may be handed it when this one leaves.
        let left = match mem::replace(&mut self.step, Step::Over) {
            Step::Begins(_) | Step::Over => return,
            Step::Waits(of, key) => {
                let mut waiters = lock(&self.condition.waiters);
                match waiters.list.remove(key) {
                    Waiter::Queued(waker) => Err((waker, of)),
                    Waiter::Notified(place) => {
                        waiters.notify_first(&of, &mut wakers);
                        Ok(Passage::at(of, 1, place))
                    }
                }
            }
            Step::Locks(passage) => {
                if let Some(of) = passage.gate() {
                    lock(&self.condition.waiters).notify_first(of, &mut wakers);
                }
                Ok(passage)
            }
        };
        wakers.wake();
        drop(left);
    }
}

impl<G: AnyLockGuard> fmt::Debug for ConditionWait<'_, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = match self.step {
            Step::Begins(_) => "new",
            Step::Waits(..) => "waiting",
            Step::Locks(_) => "locking",
            Step::Over => "over",
        };
        f.debug_tuple("ConditionWait").field(&step).finish()
    }
}
