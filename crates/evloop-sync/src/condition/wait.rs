//! One wait for a notification.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::{Condition, Waiter};
use crate::guarded::Exclusive;
use crate::lock::Lock;
use crate::lock_guard::LockGuard;
use crate::passage::Passage;
use crate::sync::lock;
use crate::wait_list::Key;
use crate::wakers::Wakers;

/// The future of [`Condition::wait`].
#[must_use = "a future does nothing until it is awaited"]
pub struct ConditionWait<'c, 'a, T: ?Sized> {
    condition: &'c Condition,
    step: Step<'a, T>,
}

enum Step<'a, T: ?Sized> {
    /// Has the lock, and has not waited yet.
    Begins(LockGuard<'a, T>),
    /// Is in the list of the condition, where a notification is found.
    Waits(&'a Lock<T>, Key),
    /// Is in the list no more, but in the queue of the lock.
    Locks(Passage<&'a Lock<T>>),
    Over,
}

impl<'c, 'a, T: ?Sized> ConditionWait<'c, 'a, T> {
    pub(super) fn new(condition: &'c Condition, guard: LockGuard<'a, T>) -> Self {
        let step = Step::Begins(guard);
        Self { condition, step }
    }

    /// Joins the list, and unlocks only then: a notification in between would be lost.
    fn begin(&mut self, guard: LockGuard<'a, T>, waker: Waker) {
        let of = LockGuard::lock(&guard);
        let key = {
            let mut waiters = self.condition.waiters_of(of);
            waiters.list.push(Waiter::Queued(waker))
        };
        self.step = Step::Waits(of, key);
        drop(guard);
    }

    /// Leaves the list if there was a notification, and otherwise sees to it that this task will be woken.
    fn look(&mut self, of: &'a Lock<T>, key: Key, cx: &mut Context<'_>) -> Poll<()> {
        // Cloned and dropped while nothing is locked: a waker is foreign code.
        let mut fresh: Option<Waker> = None;
        loop {
            {
                let mut waiters = lock(&self.condition.waiters);
                match waiters.list.get_mut(key) {
                    Waiter::Notified(place) => {
                        let passage = Passage::at(of, 1, *place);
                        waiters.list.remove(key);
                        self.step = Step::Locks(passage);
                        return Poll::Ready(());
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

impl<'a, T: ?Sized> Future for ConditionWait<'_, 'a, T> {
    type Output = LockGuard<'a, T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<LockGuard<'a, T>> {
        let this = self.get_mut();
        if let Step::Begins(_) = this.step {
            let waker = cx.waker().clone();
            if let Step::Begins(guard) = mem::replace(&mut this.step, Step::Over) {
                this.begin(guard, waker);
            }
            return Poll::Pending;
        }
        if let Step::Waits(of, key) = this.step
            && this.look(of, key, cx).is_pending()
        {
            return Poll::Pending;
        }
        let Step::Locks(passage) = &mut this.step else {
            panic!("a future is not polled after it was ready");
        };
        let permit = std::task::ready!(passage.poll(cx));
        this.step = Step::Over;
        Poll::Ready(LockGuard(Exclusive::new(permit)))
    }
}

impl<T: ?Sized> Drop for ConditionWait<'_, '_, T> {
    fn drop(&mut self) {
        let mut wakers = Wakers::new();
        // What leaves is dropped when nothing is locked, and after the next has been notified: that one
        // queues for the lock, and may be handed it when this one leaves.
        let left = match mem::replace(&mut self.step, Step::Over) {
            Step::Begins(_) | Step::Over => return,
            Step::Waits(of, key) => {
                let mut waiters = lock(&self.condition.waiters);
                match waiters.list.remove(key) {
                    Waiter::Queued(waker) => Err(waker),
                    Waiter::Notified(place) => {
                        waiters.notify_first(of, &mut wakers);
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

impl<T: ?Sized> fmt::Debug for ConditionWait<'_, '_, T> {
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
