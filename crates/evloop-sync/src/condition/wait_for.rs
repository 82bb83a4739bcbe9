//! A wait for what a predicate says.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{Condition, ConditionWait};
use crate::lock_guard::LockGuard;

/// The future of [`Condition::wait_for`].
#[must_use = "a future does nothing until it is awaited"]
pub struct ConditionWaitFor<'c, 'a, T: ?Sized, P> {
    condition: &'c Condition,
    step: Step<'c, 'a, T>,
    predicate: P,
}

enum Step<'c, 'a, T: ?Sized> {
    Asks(LockGuard<'a, T>),
    Waits(ConditionWait<'c, 'a, T>),
    /// Also while the predicate runs, should it panic.
    Over,
}

impl<'c, 'a, T: ?Sized, P> ConditionWaitFor<'c, 'a, T, P> {
    pub(super) fn new(condition: &'c Condition, guard: LockGuard<'a, T>, predicate: P) -> Self {
        Self {
            condition,
            step: Step::Asks(guard),
            predicate,
        }
    }
}

/// Nothing in it is pinned, whatever the predicate is.
impl<T: ?Sized, P> Unpin for ConditionWaitFor<'_, '_, T, P> {}

impl<'a, T: ?Sized, P: FnMut(&mut T) -> bool> Future for ConditionWaitFor<'_, 'a, T, P> {
    type Output = LockGuard<'a, T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<LockGuard<'a, T>> {
        let this = self.get_mut();
        loop {
            if let Step::Waits(wait) = &mut this.step {
                let guard = ready!(Pin::new(wait).poll(cx));
                this.step = Step::Asks(guard);
            }
            match std::mem::replace(&mut this.step, Step::Over) {
                Step::Asks(mut guard) => {
                    if (this.predicate)(&mut guard) {
                        return Poll::Ready(guard);
                    }
                    this.step = Step::Waits(this.condition.wait(guard));
                }
                Step::Waits(_) | Step::Over => panic!("a future is not polled after it was ready"),
            }
        }
    }
}

impl<T: ?Sized, P> fmt::Debug for ConditionWaitFor<'_, '_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = match &self.step {
            Step::Asks(_) => "asking",
            Step::Waits(_) => "waiting",
            Step::Over => "over",
        };
        f.debug_tuple("ConditionWaitFor").field(&step).finish()
    }
}
