//! Children that a combinator polls with wakers of their own: each a branch, and all one scope.
//!
//! A combinator that polls only the children that were woken would not reach scopes inside the
//! others. With a [`Fork`] it asks before each poll whether something is due, and then visits every
//! branch: one with scopes inside is polled and may take the request; one without is dropped. When
//! all have ended, what they have passed on goes on.
//!
//! As long as there is no scope inside any of them, a combinator may also poll all of them with its own
//! waker, in one frame: [`Fork::poll_together`].

mod together;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use sync_wrapper::SyncWrapper;

pub use together::Watch;

use crate::delivery::{Delivery, Standing, Ticket};
use crate::frame::{self, Frame};
use crate::node::Node;
use crate::scope::{self, Fired, Inner, Outcome};

/// The scopes' side of a combinator with children.
#[derive(Default)]
pub struct Fork(SyncWrapper<Parts>);

#[derive(Default)]
struct Parts {
    /// The branches' common node, as long as they have nothing but a flag to keep.
    quick: Node,
    slow: Option<Box<State>>,
}

#[derive(Default)]
struct State {
    /// The fork's own registration.
    place: Node,
    /// Branches with scopes inside.
    open: Vec<bool>,
    n_open: usize,
    /// What branches keep of deliveries; for few, and only while something is undecided.
    nodes: BTreeMap<usize, Node>,
    /// What is due in this poll: rounds in which each branch gets a share, held open until all have
    /// been visited.
    due: Vec<(Arc<Delivery>, u32)>,
    /// What was due when it last was: a combinator may be polled twice in a pass.
    seen: Vec<Arc<Delivery>>,
    /// What branches have passed on, until all have ended.
    held: Vec<Ticket>,
    /// What branches have passed on that then returned: it goes on when all have ended, but nothing is
    /// missing for it.
    late: Vec<Ticket>,
    /// That has happened: the outputs are not complete.
    has_passed: bool,
}

/// A child of a combinator.
pub trait Branch {
    /// Polls it; keeps the output.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()>;
    /// Drops it, unfinished.
    fn clear(&mut self);
}

impl State {
    #[inline]
    fn set_open(&mut self, index: usize, open: bool) {
        if self.open.len() <= index {
            if !open {
                return;
            }
            self.open.resize(index + 1, false);
        }
        let was = std::mem::replace(&mut self.open[index], open);
        self.n_open = self.n_open + usize::from(open) - usize::from(was);
    }

    /// Whether scopes are open in a branch, or a request waits for one to end.
    fn is_open(&self) -> bool {
        self.n_open > 0 || !self.held.is_empty() || !self.late.is_empty()
    }

    /// The shares of deliveries that were not due before; the others are given back.
    fn unseen(&self, tickets: Vec<Ticket>) -> Vec<Ticket> {
        let is_seen = |ticket: &Ticket| {
            let mut seen = self.seen.iter();
            seen.any(|seen| Arc::ptr_eq(seen, ticket.delivery()))
        };
        let (seen, unseen): (Vec<_>, Vec<_>) = tickets.into_iter().partition(is_seen);
        seen.into_iter().for_each(Ticket::withdraw);
        unseen
    }

    /// Lets go of what was held open for the visits.
    fn let_go(&mut self) {
        for (delivery, round) in std::mem::take(&mut self.due) {
            if delivery.leave(round) == Standing::Untaken {
                // All have ended without a look at it: it is for the scope around.
                delivery.give_back(round);
            } else {
                delivery.close(round);
            }
        }
    }

    /// The node of a branch for a slow poll; what it had when it was polled last.
    fn take_node(&mut self, index: usize) -> Node {
        self.nodes.remove(&index).unwrap_or_else(|| {
            let node = Node::new();
            node.set_started(true);
            node.set_open(self.open.get(index).is_some_and(|open| *open));
            node
        })
    }
}

impl Drop for State {
    /// A branch may have panicked, and cut the visits short.
    fn drop(&mut self) {
        self.let_go();
    }
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
        Self(SyncWrapper::new(Parts {
            quick: Node::new(),
            slow: None,
        }))
    }

    /// Begins a poll of the combinator; true when every branch has to be visited, because something
    /// is to be delivered to it. `cx` is the combinator's own.
    #[inline]
    pub fn begin(&mut self, cx: &Context<'_>) -> bool {
        self.0.get_mut().begin(cx)
    }

    /// Delivers what is due to the branch with this index; every branch that has not ended, after
    /// [`begin`](Self::begin) said yes.
    pub fn deliver(
        &mut self,
        index: usize,
        cx: &mut Context<'_>,
        child: &mut impl Branch,
    ) -> BranchEnd {
        self.0.get_mut().deliver(index, cx, child)
    }

    /// Ends the visits that deliver.
    pub fn delivered(&mut self) {
        self.0.get_mut().delivered();
    }

    /// Polls the branch with this index, with its own waker in `cx`.
    #[inline]
    pub fn poll(
        &mut self,
        index: usize,
        cx: &mut Context<'_>,
        child: &mut impl Branch,
    ) -> BranchEnd {
        self.0.get_mut().poll(index, cx, child)
    }

    /// Has the branches polled that have not ended, all with the waker of the combinator itself.
    ///
    /// `poll_all` polls them until the [`Watch`] has found something. Then
    /// [`end_together`](Self::end_together) has to follow, and after that every branch has to get a
    /// waker of its own, in this very poll, which begins as ever. `None`, and nothing was polled, if
    /// that is to be done now, because something has been delivered or is about to be.
    ///
    /// Nothing is to be done when the combinator is suspended, since no scope is open inside.
    #[inline]
    pub fn poll_together<R>(
        &mut self,
        waker: &Waker,
        poll_all: impl FnOnce(Watch<'_>) -> R,
    ) -> Option<R> {
        self.0.get_mut().poll_together(waker, poll_all)
    }

    /// The poll of the branch with this index had this outcome, and the [`Watch`] has found something.
    pub fn end_together(
        &mut self,
        index: usize,
        polled: Poll<()>,
        waker: &Waker,
        child: &mut impl Branch,
    ) {
        self.0.get_mut().end_together(index, polled, waker, child);
    }

    /// The combinator is pending: makes sure that requests find its branches. `cx` is its own.
    #[inline]
    pub fn suspend(&mut self, cx: &Context<'_>) {
        self.0.get_mut().suspend(cx);
    }

    /// True once there is more to keep than a flag: a request has been delivered, or scopes are open.
    #[inline]
    #[must_use]
    pub fn is_slow(&mut self) -> bool {
        self.0.get_mut().slow.is_some()
    }

    /// All branches have ended: passes what they have passed on to the scope around. True if there was
    /// anything; the combinator then has no output, and stays pending.
    #[inline]
    pub fn pass_on(&mut self) -> bool {
        let parts = self.0.get_mut();
        parts.slow.is_some() && parts.pass_on_slowly()
    }

    /// Ends what branches have passed on: the combinator has its output nevertheless.
    pub fn swallow(&mut self) {
        self.0.get_mut().swallow();
    }
}

impl Parts {
    #[inline]
    fn begin(&mut self, cx: &Context<'_>) -> bool {
        let is_quiet = self.slow.is_none()
            && frame::with(|around| match around {
                None => true,
                Some(around) => !around.node.is_passing() || !around.is_local(cx.waker()),
            });
        !is_quiet && self.begin_slowly(cx)
    }

    #[cold]
    fn begin_slowly(&mut self, cx: &Context<'_>) -> bool {
        let state = self.slow.get_or_insert_default();
        let has_voice = state.is_open();
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

    fn deliver(
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
        let node = state.take_node(index);
        self.poll_slowly(index, node, shares, cx, child)
    }

    fn delivered(&mut self) {
        if let Some(state) = self.slow.as_deref_mut() {
            state.let_go();
        }
    }

    #[inline]
    fn poll(&mut self, index: usize, cx: &mut Context<'_>, child: &mut impl Branch) -> BranchEnd {
        if let Some(state) = self.slow.as_deref_mut()
            && !state.nodes.is_empty()
            && state.nodes.contains_key(&index)
        {
            let node = state.take_node(index);
            return self.poll_slowly(index, node, Vec::new(), cx, child);
        }
        self.quick.begin();
        let polled = frame::with(|around| {
            let frame = Frame::branch(around, cx.waker(), &self.quick);
            frame::push(frame, || child.poll(&mut Context::from_waker(cx.waker())))
        });
        self.finish_quick(index, polled, cx, child)
    }

    /// After a quick poll of this branch: keeps what has come of it.
    #[inline]
    fn finish_quick(
        &mut self,
        index: usize,
        polled: Poll<()>,
        cx: &mut Context<'_>,
        child: &mut impl Branch,
    ) -> BranchEnd {
        if self.quick.has_slow() && polled.is_pending() {
            // A scope inside has registered, or something was passed on.
            let node = std::mem::take(&mut self.quick);
            let outcome = scope::finish_branch(&node, cx, &mut Child(child));
            return self.keep(index, node, outcome);
        }
        if self.slow.is_some() || self.quick.is_open() || self.quick.has_slow() {
            self.note(index, polled.is_pending());
        }
        match polled {
            Poll::Pending => BranchEnd::Pending,
            Poll::Ready(()) => BranchEnd::Ready,
        }
    }

    /// After a quick poll: remembers what is open in the branch.
    fn note(&mut self, index: usize, is_pending: bool) {
        let is_open = is_pending && self.quick.is_open();
        let state = self.slow.get_or_insert_default();
        state.set_open(index, is_open);
        if self.quick.has_slow() {
            // It has returned: what is undecided inside goes to the scope around.
            let node = std::mem::take(&mut self.quick);
            state.late.extend(node.take_passed());
        }
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
        self.keep(index, node, outcome)
    }

    /// Remembers what a branch has to keep, or has passed on.
    #[cold]
    fn keep(&mut self, index: usize, node: Node, outcome: Outcome) -> BranchEnd {
        let state = self.slow.get_or_insert_default();
        match outcome {
            Outcome::Pending => {
                state.set_open(index, node.is_busy());
                if node.has_slow() {
                    state.nodes.insert(index, node);
                }
                BranchEnd::Pending
            }
            Outcome::Ready(answer) => {
                state.set_open(index, false);
                state.late.extend(answer.foreign);
                BranchEnd::Ready
            }
            Outcome::Fired(Fired { foreign }) => {
                state.set_open(index, false);
                state.held.extend(foreign);
                BranchEnd::Dropped
            }
        }
    }

    #[inline]
    fn suspend(&mut self, cx: &Context<'_>) {
        if self.slow.is_some() {
            self.suspend_slowly(cx);
        }
    }

    #[cold]
    fn suspend_slowly(&mut self, cx: &Context<'_>) {
        let Some(state) = self.slow.as_deref_mut() else {
            return;
        };
        if !state.is_open() {
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

    #[cold]
    fn pass_on_slowly(&mut self) -> bool {
        let Some(state) = self.slow.as_deref_mut() else {
            return false;
        };
        state.has_passed |= !state.held.is_empty();
        scope::pass_all_on(std::mem::take(&mut state.late));
        scope::pass_all_on(std::mem::take(&mut state.held));
        state.has_passed
    }

    fn swallow(&mut self) {
        if let Some(state) = self.slow.as_deref_mut() {
            std::mem::take(&mut state.held)
                .into_iter()
                .for_each(Ticket::swallow);
            // Of branches that are dropped before they have decided.
            state.nodes.values().for_each(Node::abandon);
            scope::pass_all_on(std::mem::take(&mut state.late));
        }
    }
}

impl fmt::Debug for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fork").finish_non_exhaustive()
    }
}
