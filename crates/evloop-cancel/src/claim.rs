//! Leaves that take a request and go on waiting: an await of a task forwards it and waits for the
//! task's end.

use std::fmt;
use std::task::Context;

use sync_wrapper::SyncWrapper;

use crate::delivery::{Mark, Ticket};
use crate::frame;
use crate::node::Node;
use crate::request::Request;
use crate::scope;

/// For futures that take a delivered request and stay pending until they know what becomes of it.
///
/// A future with a claim asks [`is_quiet`](Self::is_quiet) at each poll. While that says yes, it polls
/// itself as ever, and calls [`note_open`](Self::note_open) when it is pending. Otherwise it asks
/// [`take_due`](Self::take_due), forwards the request if there is one, and when it knows the end calls
/// [`pass_on`](Self::pass_on) and stays pending, or [`swallow`](Self::swallow) or
/// [`ask_again`](Self::ask_again) and is ready.
///
/// # Cost
///
/// Two words; a box once a request is held, or the future is polled with another waker than the
/// frame around it.
#[derive(Default)]
pub struct Claim {
    state: Option<Box<Exclusive>>,
    /// It has been pending: a request that others have taken in the same pass is for it as well.
    is_started: bool,
}

/// Reached through `&mut` alone, so that a claim may be shared between threads.
type Exclusive = SyncWrapper<State>;

#[derive(Default)]
struct State {
    node: Node,
    held: Vec<Ticket>,
    /// What was passed on, as long as nothing has come of it.
    passed: Vec<Mark>,
}

impl State {
    /// The shares of deliveries that are not held yet; the others are given back.
    fn unknown(&self, tickets: Vec<Ticket>) -> Vec<Ticket> {
        let (known, unknown): (Vec<_>, Vec<_>) = tickets
            .into_iter()
            .partition(|ticket| self.held.iter().any(|held| held.is_same_delivery(ticket)));
        known.into_iter().for_each(Ticket::withdraw);
        unknown
    }
}

impl Claim {
    /// A claim that holds nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: None,
            is_started: false,
        }
    }

    fn get(&mut self) -> Option<&mut State> {
        Some(self.state.as_mut()?.get_mut())
    }

    fn get_or_insert(&mut self) -> &mut State {
        let new = || Box::new(SyncWrapper::new(State::default()));
        self.state.get_or_insert_with(new).get_mut()
    }

    /// True when no request is held or can be due in this poll.
    #[inline]
    #[must_use]
    pub fn is_quiet(&self, cx: &Context<'_>) -> bool {
        self.state.is_none()
            && frame::with(|around| match around {
                None => true,
                Some(around) => around.is_local(cx.waker()) && !around.node.is_passing(),
            })
    }

    /// True when it has nothing to remember.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.state.is_none()
    }

    /// Takes what is due. True when there is something new.
    pub fn take_due(&mut self, cx: &Context<'_>) -> bool {
        if self.is_quiet(cx) {
            return false;
        }
        let was_started = std::mem::replace(&mut self.is_started, true);
        let state = self.get_or_insert();
        let mut tickets = frame::with(|around| state.node.collect(around, cx.waker()));
        if !was_started {
            tickets = scope::not_taken(tickets);
        }
        tickets = state.unknown(tickets);
        tickets.iter().for_each(Ticket::confirm);
        let is_due = !tickets.is_empty();
        state.held.append(&mut tickets);
        is_due
    }

    /// Refuses what is due, as a leaf without a voice: the scope around it ends. True when there was
    /// something; the future then stays pending.
    pub fn refuse_due(&mut self, cx: &Context<'_>) -> bool {
        if self.is_quiet(cx) {
            return false;
        }
        let state = self.get_or_insert();
        let tickets = frame::with(|around| state.node.collect(around, cx.waker()));
        let is_due = !tickets.is_empty();
        tickets.into_iter().for_each(Ticket::give_back);
        if is_due {
            // The poll that did nothing has used up a wake.
            cx.waker().wake_by_ref();
        }
        is_due
    }

    /// The future is pending, after a quiet poll.
    #[inline]
    pub fn note_open(&mut self) {
        self.is_started = true;
        scope::note_open();
    }

    /// The future is pending: makes sure that requests find it.
    pub fn suspend(&mut self, cx: &Context<'_>) {
        self.is_started = true;
        frame::with(|around| {
            let Some(around) = around else { return };
            if around.is_local(cx.waker()) {
                around.node.set_open(true);
            } else {
                let state = self.get_or_insert();
                state.node.register(Some(around), cx.waker());
            }
        });
    }

    /// Whether a request is held.
    #[must_use]
    pub fn is_held(&mut self) -> bool {
        self.get().is_some_and(|state| !state.held.is_empty())
    }

    /// What the last request that is held says.
    #[must_use]
    pub fn request(&mut self) -> Option<&Request> {
        let state = self.get()?;
        state.held.last().map(|ticket| &ticket.delivery().request)
    }

    /// Passes what is held on to the scope around.
    pub fn pass_on(&mut self) {
        if let Some(state) = self.get() {
            for ticket in std::mem::take(&mut state.held) {
                let mark = Mark::default();
                scope::pass_on_with(ticket, Some(&mark));
                state.passed.push(mark);
            }
        }
    }

    /// Has the targets of what is held asked again, as if the requests were made now: for a future that
    /// gives an error of its own, and is ready.
    pub fn ask_again(&mut self) {
        if let Some(state) = self.get() {
            std::mem::take(&mut state.held)
                .into_iter()
                .for_each(scope::ask_again);
        }
    }

    /// True while no scope has ended for what was passed on: others in it have still to decide. The
    /// future stays pending meanwhile. A new await of the same handle, behind such a scope, does not.
    pub fn is_passing_on(&mut self) -> bool {
        let Some(state) = self.get() else {
            return false;
        };
        state.passed.retain(scope::is_underway);
        !state.passed.is_empty()
    }

    /// Ends what is held.
    pub fn swallow(&mut self) {
        if let Some(state) = self.get() {
            std::mem::take(&mut state.held)
                .into_iter()
                .for_each(Ticket::swallow);
        }
    }

    /// Also holds what was passed on to `node`.
    pub(crate) fn hold_passed(&mut self, node: &Node) {
        let passed = node.take_passed();
        if !passed.is_empty() {
            self.get_or_insert().held.extend(passed);
        }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("is_empty", &self.is_empty())
            .finish()
    }
}
