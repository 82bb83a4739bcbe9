//! A wait for what a predicate says.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{Condition, ConditionWait};
use crate::lock_guard::AnyLockGuard;

/// The future of [`Condition::wait_for`].
#[must_use = "a future does nothing until it is awaited"]
pub struct ConditionWaitFor<'c, G: AnyLockGuard, P> {
    condition: &'c Condition,
    step: Step<'c, G>,
    predicate: P,
}

enum Step<'c, G: AnyLockGuard> {
    Asks(G),
    Waits(ConditionWait<'c, G>),
    /// Also while the predicate runs, should it panic.
    Over,
}

impl<'c, G: AnyLockGuard, P> ConditionWaitFor<'c, G, P> {
    pub(super) fn new(condition: &'c Condition, guard: G, predicate: P) -> Self {
        Self {
            condition,
            step: Step::Asks(guard),
            predicate,
        }
    }
}

/// Nothing in it is pinned, whatever the predicate is.
impl<G: AnyLockGuard, P> Unpin for ConditionWaitFor<'_, G, P> {}

impl<G: AnyLockGuard, P: FnMut(&mut G::Target) -> bool> Future for ConditionWaitFor<'_, G, P> {
    type Output = G;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<G> {
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

impl<G: AnyLockGuard, P> fmt::Debug for ConditionWaitFor<'_, G, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = match &self.step {
            Step::Asks(_) => "asking",
            Step::Waits(_) => "waiting",
            Step::Over => "over",
        };
        f.debug_tuple("ConditionWaitFor").field(&step).finish()
    }
}
