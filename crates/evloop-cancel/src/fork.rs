//! Children that a combinator polls with wakers of their own: each a branch, and all one scope.
//!
//! A combinator that polls only the children that were woken would not reach scopes inside the
//! others. With a [`Fork`] it asks before each poll whether something is due, and then visits every
//! branch: one with scopes inside is polled and may take the request; one without is dropped. When
//! all have ended, what they have passed on goes on.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::delivery::{Delivery, Standing, Ticket};
use crate::frame::{self, Frame};
use crate::node::Node;
use crate::scope::{self, Fired, Inner, Outcome};

/// The scopes' side of a combinator with children.
#[derive(Default)]
pub struct Fork {
    /// The branches' common node, as long as they have nothing but a flag to keep.
    quick: Node,
    slow: Option<Box<State>>,
}

#[derive(Default)]
struct State {
    /// The fork's own registration.
    place: Node,
    /// Branches with scopes inside; the value is what they keep of deliveries.
    branches: BTreeMap<usize, Node>,
    /// What is due in this poll: rounds in which each branch gets a share, held open until all have
    /// been visited.
    due: Vec<(Arc<Delivery>, u32)>,
    /// What was due when it last was: a combinator may be polled twice in a pass.
    seen: Vec<Arc<Delivery>>,
    /// What branches have passed on, until all have ended.
    held: Vec<Ticket>,
}

impl State {
    /// The shares of deliveries that were not due before; the others are given back.
    fn unseen(&self, tickets: Vec<Ticket>) -> Vec<Ticket> {
        let (seen, unseen): (Vec<_>, Vec<_>) = tickets
            .into_iter()
            .partition(|ticket| self.seen.iter().any(|seen| Arc::ptr_eq(seen, ticket.delivery())));
        seen.into_iter().for_each(Ticket::withdraw);
        unseen
    }
}

/// A child of a combinator.
pub trait Branch {
    /// Polls it; keeps the output.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()>;
    /// Drops it, unfinished.
    fn clear(&mut self);
}

struct Child<'a, B>(&'a mut B);

impl<B: Branch> Inner for Child<'_, B> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll(cx)
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

/// What became of a branch in a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BranchEnd {
    /// It is pending.
    Pending,
    /// It has returned.
    Ready,
    /// A request has dropped it.
    Dropped,
}

impl Fork {
    /// A fork without branches.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            quick: Node::new(),
            slow: None,
        }
    }

    /// Begins a poll of the combinator; true when every branch has to be visited, because something
    /// is to be delivered to it. `cx` is the combinator's own.
    #[inline]
    pub fn begin(&mut self, cx: &Context<'_>) -> bool {
        let is_quiet = self.slow.is_none()
            && frame::with(|around| match around {
                None => true,
                Some(around) => !around.node.is_passing() || !around.is_local(cx.waker()),
            });
        !is_quiet && self.begin_slowly(cx)
    }

    #[cold]
    fn begin_slowly(&mut self, cx: &Context<'_>) -> bool {
        let has_voice = self.is_open();
        let state = self.slow.get_or_insert_default();
        let tickets = frame::with(|around| state.place.collect(around, cx.waker()));
        let tickets = state.unseen(tickets);
        if tickets.is_empty() {
            return false;
        }
        if !has_voice {
            // The scope around ends; this poll has used up a wake.
            tickets.into_iter().for_each(Ticket::give_back);
            cx.waker().wake_by_ref();
            return false;
        }
        let seen = tickets.iter().map(Ticket::delivery).map(Arc::clone);
        state.seen = seen.collect();
        state.due = tickets.into_iter().map(Ticket::into_round).collect();
        true
    }

    /// Whether scopes are open in a branch, or a request waits for one to end.
    fn is_open(&self) -> bool {
        let is_open = |state: &State| !state.branches.is_empty() || !state.held.is_empty();
        self.slow.as_deref().is_some_and(is_open)
    }

    /// Delivers what is due to the branch with this index; every branch that has not ended, after
    /// [`begin`](Self::begin) said yes.
    pub fn deliver(
        &mut self,
        index: usize,
        cx: &mut Context<'_>,
        child: &mut impl Branch,
    ) -> BranchEnd {
        let Some(state) = self.slow.as_deref_mut() else {
            return BranchEnd::Pending;
        };
        let due = state.due.iter();
        let shares = due.map(|(delivery, round)| delivery.ticket(*round));
        let shares = shares.collect();
        let node = state.branches.remove(&index).unwrap_or_else(|| {
            // Nothing is open in it: it is dropped.
            let node = Node::new();
            node.set_started(true);
            node
        });
        self.poll_slowly(index, node, shares, cx, child)
    }

    /// Ends the visits that deliver.
    pub fn delivered(&mut self) {
        if let Some(state) = self.slow.as_deref_mut() {
            for (delivery, round) in std::mem::take(&mut state.due) {
                if delivery.leave(round) == Standing::Untaken {
                    // All have ended without a look at it: it is for the scope around.
                    delivery.give_back(round);
                } else {
                    delivery.close(round);
                }
            }
        }
    }

    /// Polls the branch with this index, with its own waker in `cx`.
    #[inline]
    pub fn poll(
        &mut self,
        index: usize,
        cx: &mut Context<'_>,
        child: &mut impl Branch,
    ) -> BranchEnd {
        if self.slow.is_some() {
            return self.poll_known(index, cx, child);
        }
        let polled = self.poll_quickly(cx, child);
        if !self.quick.is_open() && !self.quick.has_slow() {
            return match polled {
                Poll::Pending => BranchEnd::Pending,
                Poll::Ready(()) => BranchEnd::Ready,
            };
        }
        self.keep(index, polled, cx, child)
    }

    #[inline]
    fn poll_quickly(&mut self, cx: &mut Context<'_>, child: &mut impl Branch) -> Poll<()> {
        self.quick.begin();
        frame::with(|around| {
            let waker = cx.waker().clone();
            frame::push(Frame::branch(around, &waker, &self.quick), || {
                child.poll(cx)
            })
        })
    }

    #[cold]
    fn poll_known(
        &mut self,
        index: usize,
        cx: &mut Context<'_>,
        child: &mut impl Branch,
    ) -> BranchEnd {
        let state = self.slow.as_deref_mut();
        match state.and_then(|state| state.branches.remove(&index)) {
            Some(node) => self.poll_slowly(index, node, Vec::new(), cx, child),
            None => {
                let polled = self.poll_quickly(cx, child);
                self.keep(index, polled, cx, child)
            }
        }
    }

    /// After a quick poll: remembers what is open in the branch.
    #[cold]
    fn keep(
        &mut self,
        index: usize,
        polled: Poll<()>,
        cx: &mut Context<'_>,
        child: &mut impl Branch,
    ) -> BranchEnd {
        if polled.is_ready() {
            self.quick.close();
            return BranchEnd::Ready;
        }
        if !self.quick.is_open() && !self.quick.has_slow() {
            return BranchEnd::Pending;
        }
        let node = std::mem::replace(&mut self.quick, Node::new());
        // Something may have been passed on to it.
        let outcome = scope::finish_branch(&node, cx, &mut Child(child));
        self.note(index, node, outcome)
    }

    fn poll_slowly(
        &mut self,
        index: usize,
        node: Node,
        shares: Vec<Ticket>,
        cx: &mut Context<'_>,
        child: &mut impl Branch,
    ) -> BranchEnd {
        let outcome = scope::poll_branch(&node, shares, cx, &mut Child(child));
        self.note(index, node, outcome)
    }

    /// Remembers what a branch has to keep, or has passed on.
    fn note(&mut self, index: usize, node: Node, outcome: Outcome) -> BranchEnd {
        let state = self.slow.get_or_insert_default();
        match outcome {
            Outcome::Pending => {
                if node.is_busy() {
                    state.branches.insert(index, node);
                }
                BranchEnd::Pending
            }
            Outcome::Ready(_) => BranchEnd::Ready,
            Outcome::Fired(Fired { foreign }) => {
                state.held.extend(foreign);
                BranchEnd::Dropped
            }
        }
    }

    /// The combinator is pending: makes sure that requests find its branches. `cx` is its own.
    #[inline]
    pub fn suspend(&mut self, cx: &Context<'_>) {
        if self.slow.is_some() {
            self.suspend_slowly(cx);
        }
    }

    #[cold]
    fn suspend_slowly(&mut self, cx: &Context<'_>) {
        let is_open = self.is_open();
        let Some(state) = self.slow.as_deref_mut() else {
            return;
        };
        if !is_open {
            // Nothing is left to keep, unless it is registered.
            state.place.tidy();
            if !state.place.has_slow() {
                self.slow = None;
            }
            return;
        }
        state.place.set_started(true);
        frame::with(|around| {
            let Some(around) = around else { return };
            if around.is_local(cx.waker()) {
                around.node.set_open(true);
            } else {
                state.place.register(Some(around), cx.waker());
            }
        });
    }

    /// Whether a branch has passed a request on: the combinator, once all branches have ended, must
    /// [`pass_on`](Self::pass_on) and stay pending.
    #[inline]
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.slow
            .as_ref()
            .is_some_and(|state| !state.held.is_empty())
    }

    /// Passes what the branches have passed on to the scope around.
    pub fn pass_on(&mut self) {
        if let Some(state) = self.slow.take() {
            for ticket in state.held {
                scope::pass_on(ticket);
            }
        }
    }
}

impl fmt::Debug for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fork")
            .field("open", &self.is_open())
            .field("held", &self.is_held())
            .finish()
    }
}
