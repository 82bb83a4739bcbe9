//! One arrival at a barrier.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::{Barrier, BrokenBarrier, State, Waiter};
use crate::sync::lock;
use crate::wait_list::Key;
use crate::wakers::Wakers;

/// The future of [`Barrier::wait`].
#[must_use = "a future does nothing until it is awaited"]
pub struct BarrierWait<'a> {
    barrier: &'a Barrier,
    step: Step,
}

#[derive(Clone, Copy)]
enum Step {
    Begins,
    Waits(Key),
    Over,
}

type Met = Result<usize, BrokenBarrier>;

impl<'a> BarrierWait<'a> {
    pub(super) fn new(barrier: &'a Barrier) -> Self {
        let step = Step::Begins;
        Self { barrier, step }
    }

    fn arrive(&mut self, waker: Waker) -> Poll<Met> {
        let n_parties = self.barrier.n_parties;
        let mut wakers = Wakers::new();
        let mut unused = None;
        let poll = {
            let mut round = lock(&self.barrier.round);
            self.step = Step::Over;
            match round.state {
                State::Broken => {
                    unused = Some(waker);
                    Poll::Ready(Err(BrokenBarrier(())))
                }
                // The last one has no place in the list: the others drain.
                State::Filling if round.list.n_queued() + 1 == n_parties => {
                    unused = Some(waker);
                    if n_parties > 1 {
                        round.release(n_parties - 1, &mut wakers);
                    }
                    Poll::Ready(Ok(n_parties - 1))
                }
                State::Filling | State::Draining(_) => {
                    self.step = Step::Waits(round.list.push(Waiter::Queued(waker)));
                    Poll::Pending
                }
            }
        };
        wakers.wake();
        drop(unused);
        poll
    }

    /// Goes on if there is an answer, and otherwise sees to it that this task will be woken.
    fn look(&mut self, key: Key, cx: &mut Context<'_>) -> Poll<Met> {
        // Cloned and dropped while nothing is locked: a waker is foreign code.
        let mut fresh: Option<Waker> = None;
        loop {
            {
                let mut round = lock(&self.barrier.round);
                let Waiter::Queued(kept) = round.list.get_mut(key) else {
                    break;
                };
                if kept.will_wake(cx.waker()) {
                    return Poll::Pending;
                }
                if let Some(fresh) = &mut fresh {
                    mem::swap(kept, fresh);
                    return Poll::Pending;
                }
            }
            fresh = Some(cx.waker().clone());
        }
        Poll::Ready(self.leave(key))
    }

    /// Leaves with what it was told, or untold.
    fn leave(&mut self, key: Key) -> Met {
        self.step = Step::Over;
        let mut wakers = Wakers::new();
        let left;
        let met = {
            let mut round = lock(&self.barrier.round);
            left = round.list.remove(key);
            match left {
                Waiter::Released { index, n_broken } if n_broken == round.n_broken => {
                    round.go_on(self.barrier.n_parties, &mut wakers);
                    Ok(index)
                }
                Waiter::Released { .. } | Waiter::Broken | Waiter::Queued(_) => {
                    Err(BrokenBarrier(()))
                }
            }
        };
        wakers.wake();
        drop(left);
        met
    }
}

impl Future for BarrierWait<'_> {
    type Output = Met;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Met> {
        let this = self.get_mut();
        match this.step {
            Step::Begins => this.arrive(cx.waker().clone()),
            Step::Waits(key) => this.look(key, cx),
            Step::Over => panic!("a future is not polled after it was ready"),
        }
    }
}

impl Drop for BarrierWait<'_> {
    fn drop(&mut self) {
        if let Step::Waits(key) = self.step {
            // What it was told is of no use any more.
            let _ = self.leave(key);
        }
    }
}

impl fmt::Debug for BarrierWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = match self.step {
            Step::Begins => "new",
            Step::Waits(_) => "waiting",
            Step::Over => "over",
        };
        f.debug_tuple("BarrierWait").field(&step).finish()
    }
}
