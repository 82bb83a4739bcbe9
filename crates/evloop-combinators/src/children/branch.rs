//! The children as branches of a fork: what lets a cancel request reach the scopes inside them.

use std::pin::Pin;
use std::task::{Context, Poll};

use evloop_cancel::fork::{Branch, BranchEnd, Fork};

use super::Children;
use crate::ready_set::{ReadySet, Step};

/// One child.
pub(crate) struct Child<'a, C> {
    pub(crate) children: Pin<&'a mut C>,
    pub(crate) index: usize,
}

impl<C: Children> Branch for Child<'_, C> {
    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.children.as_mut().poll_child(self.index, cx)
    }

    fn clear(&mut self) {
        self.children.as_mut().clear_child(self.index);
    }
}

/// Polls a child with its own waker. Ready when it is finished; one that a request has dropped is
/// finished without an output.
#[inline]
pub(crate) fn poll_branch<C: Children>(
    fork: &mut Fork,
    children: Pin<&mut C>,
    index: usize,
    cx: &mut Context<'_>,
) -> BranchEnd {
    fork.poll(index, cx, &mut Child { children, index })
}

/// Delivers what is due to every child that is not finished. Returns how many it has finished, and
/// the index of one that has an output, if there is one.
#[cold]
pub(crate) fn deliver<C: Children>(
    fork: &mut Fork,
    set: &mut ReadySet,
    mut children: Pin<&mut C>,
) -> Delivered {
    let mut delivered = Delivered::default();
    for index in 0..children.count() {
        if !children.is_pending(index) {
            continue;
        }
        set.visit_now(index, |cx| {
            let mut child = Child {
                children: children.as_mut(),
                index,
            };
            let end = fork.deliver(index, cx, &mut child);
            if end == BranchEnd::Pending {
                return Step::Pending;
            }
            delivered.n_finished += 1;
            if end == BranchEnd::Ready {
                delivered.with_output.push(index);
            }
            Step::Finished
        });
    }
    fork.delivered();
    delivered
}

/// Ends a poll that has delivered something. The children go on in the next one: what they have done
/// with the request, such as asking for it again, is for the target to see first.
pub(crate) fn delivered<T>(fork: &mut Fork, cx: &mut Context<'_>) -> Poll<T> {
    fork.suspend(cx);
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// What a delivery has led to.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    pub(crate) n_finished: usize,
    /// Those that have returned, in order.
    pub(crate) with_output: Vec<usize>,
}
