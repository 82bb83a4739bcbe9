//! Branches that are polled together, with the combinator's own waker.

use std::task::{Context, Poll, Waker};

use super::{Branch, Parts};
use crate::frame::{self, Frame, Kind};
use crate::node::Node;

/// Tells while branches are polled together when that has to end.
#[derive(Debug)]
pub struct Watch<'a>(&'a Node);

impl Watch<'_> {
    /// True once there is something to keep for the branch that was polled last: a scope is open inside,
    /// for example.
    #[inline]
    #[must_use]
    pub fn has_found(&self) -> bool {
        self.0.is_open() || self.0.has_slow()
    }
}

impl Parts {
    /// One frame for all of them: which branch a scope is in matters only once there is one.
    #[inline]
    pub(super) fn poll_together<R>(
        &mut self,
        waker: &Waker,
        poll_all: impl FnOnce(Watch<'_>) -> R,
    ) -> Option<R> {
        if self.slow.is_some() {
            return None;
        }
        let quick = &self.quick;
        frame::with(|around| {
            if let Some(around) = around
                && around.node.is_passing()
                && around.is_local(waker)
            {
                return None;
            }
            quick.begin();
            let frame = Frame::scope(Kind::Catch, around, waker, quick);
            Some(frame::push(frame, || poll_all(Watch(quick))))
        })
    }

    #[cold]
    pub(super) fn end_together(
        &mut self,
        index: usize,
        polled: Poll<()>,
        waker: &Waker,
        child: &mut impl Branch,
    ) {
        self.finish_quick(index, polled, &mut Context::from_waker(waker), child);
        // It is a fork with branches of their own from now on, whatever became of this one.
        self.slow.get_or_insert_default();
    }
}
