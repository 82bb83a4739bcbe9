//! A gather of few children, which polls all of them with its caller's waker.
//!
//! A block of wakers costs more than a few polls that come to nothing, if these are cheap. So a gather
//! of few children begins without one, and counts: when such polls have cost about what the block would
//! have, it makes the block, and from then on polls only those that were woken. So a child is never polled
//! over and over for others that wake often, and what is spent in vain has a bound.
//!
//! It makes the block earlier if it finds a scope open inside a child, which is also what a task or
//! promise that is awaited looks like. Their polls are not cheap, and each has to be a branch.
//!
//! No wake is lost by that: the caller's waker is the newest that a pending child has got, until the
//! poll that makes the block, in which each gets its own.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Poll, Waker};

use evloop_cancel::fork::Fork;

use crate::children::{Child, Children};
use crate::ready_set::FEW;

/// Polls in vain, for each child, that are spent before the block is made: enough for the most children
/// that are few to end one by one.
const POLLS_IN_VAIN: u32 = 8;

const _: () = assert!(
    FEW as u32 <= 2 * POLLS_IN_VAIN + 1,
    "n children that end one by one come to n(n - 1)/2 polls in vain"
);

/// What may still be spent on polls in vain.
#[derive(Debug)]
pub(super) struct Few {
    polls_left: u32,
}

/// A poll of few.
pub(super) enum Polled {
    /// As many are pending, and have been polled.
    Pending,
    /// All have ended.
    Ready,
    /// They are to get wakers of their own. Of those that may not have ended, only the `stray` has
    /// surely been polled.
    Over { stray: Option<usize> },
}

impl Few {
    /// With nothing to spend if the children are too many.
    #[inline]
    pub(super) fn new(n_children: usize) -> Self {
        let polls_left = if n_children > FEW {
            0
        } else {
            // The first poll of each is not in vain.
            (1 + POLLS_IN_VAIN) * n_children as u32
        };
        Self { polls_left }
    }

    /// Polls all that are pending, if that still pays.
    #[inline]
    pub(super) fn poll<C: Children>(
        &mut self,
        fork: &mut Fork,
        mut children: Pin<&mut C>,
        waker: &Waker,
    ) -> Polled {
        if self.polls_left == 0 {
            return Polled::Over { stray: None };
        }
        let polled = fork.poll_together(waker, |watch| {
            children.as_mut().poll_all(waker, || watch.has_found())
        });
        match polled {
            Some(ControlFlow::Continue(0)) => Polled::Ready,
            Some(ControlFlow::Continue(n_pending)) => {
                // Not more than there are children.
                self.polls_left = self.polls_left.saturating_sub(n_pending as u32);
                Polled::Pending
            }
            Some(ControlFlow::Break(index)) => {
                end_together(fork, children, index, waker);
                Polled::Over { stray: Some(index) }
            }
            None => Polled::Over { stray: None },
        }
    }
}

#[cold]
fn end_together<C: Children>(fork: &mut Fork, children: Pin<&mut C>, index: usize, waker: &Waker) {
    let polled = if children.is_pending(index) {
        Poll::Pending
    } else {
        Poll::Ready(())
    };
    fork.end_together(index, polled, waker, &mut Child { children, index });
}
