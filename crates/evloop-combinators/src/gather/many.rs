//! A gather of many children, which polls only those that were woken.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use evloop_cancel::fork::{BranchEnd, Fork};

use crate::children::{Children, deliver, delivered, poll_branch};
use crate::ready_set::{FEW, ReadySet, Step};

/// A block of wakers, one for each child.
pub(super) struct Many {
    set: ReadySet,
    n_pending: usize,
    stray: Stray,
}

/// The child of few that has turned out to have something open inside.
#[derive(Clone, Copy)]
enum Stray {
    None,
    /// The poll in which that came to light goes on. The child with this index has been polled in it, with
    /// the waker of the gather.
    Found(usize),
    /// That waker is still the one that it has, so that it has to be polled in the next poll, whoever is
    /// woken.
    Waits(usize),
}

impl Many {
    /// Each that is pending is still to be polled with its own waker. For the `stray`, which has just
    /// been polled with that of the gather, the next poll is early enough.
    #[cold]
    pub(super) fn new<C: Children>(children: Pin<&C>, stray: Option<usize>) -> Self {
        let n_children = children.count();
        let mut set = ReadySet::new(n_children);
        if n_children > FEW {
            return Self {
                set,
                n_pending: n_children,
                stray: Stray::None,
            };
        }
        let pending = (0..n_children).filter(|index| children.is_pending(*index));
        let n_pending = pending.clone().count();
        let stray = if let Some(index) = stray {
            // The fork is slow, so that it is looked at each whether it is pending.
            set.skip_first_poll_of(index);
            Stray::Found(index)
        } else {
            set.skip_first_polls();
            pending.for_each(|index| set.requeue(index));
            Stray::None
        };
        Self {
            set,
            n_pending,
            stray,
        }
    }

    /// Polls those that were woken. Ready when all have ended.
    #[inline]
    pub(super) fn poll<C: Children>(
        &mut self,
        fork: &mut Fork,
        mut children: Pin<&mut C>,
        waker: &Waker,
    ) -> Poll<()> {
        let Self {
            set,
            n_pending,
            stray,
        } = self;
        let cx = &mut Context::from_waker(waker);
        let has_begun = matches!(stray, Stray::Found(_));
        if !has_begun && fork.begin(cx) {
            *n_pending -= deliver(fork, set, children.as_mut()).n_finished;
            if *n_pending > 0 {
                return delivered(fork, cx);
            }
        }
        if *n_pending == 0 {
            return Poll::Ready(());
        }
        stray.advance(set);
        let poll = set.poll_children(cx, *n_pending, |index, cx| {
            if fork.is_slow() && !children.is_pending(index) {
                return Step::Vacant;
            }
            let end = poll_branch(fork, children.as_mut(), index, cx);
            if end == BranchEnd::Pending {
                return Step::Pending;
            }
            *n_pending -= 1;
            if *n_pending == 0 {
                Step::Stop
            } else {
                Step::Finished
            }
        });
        if poll.is_pending() {
            fork.suspend(cx);
        }
        poll
    }
}

impl Stray {
    /// A poll begins, or goes on. Before any child is polled in it, since one may panic.
    #[inline]
    fn advance(&mut self, set: &mut ReadySet) {
        *self = match *self {
            Self::None => return,
            Self::Found(index) => Self::Waits(index),
            Self::Waits(index) => {
                set.poll_first(index);
                Self::None
            }
        }
    }
}
