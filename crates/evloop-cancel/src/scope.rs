//! One poll of a scope, for all kinds of scopes.
//!
//! In order: (1) what is due is collected from the frame around, from mail, and from the scope's own
//! request; (2) a leaf that was polled before ends at once, its inner part unpolled; (3) otherwise
//! the inner part is polled, with the frame marked as delivering; (4) a scope that nobody inside took
//! it from ends after that poll; (5) so does one to which everybody inside has passed it on.

use std::any::Any;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::delivery::{Delivery, Mark, Standing, Ticket};
use crate::frame::{self, Frame, Kind};
use crate::node::{Entry, Node};
use crate::request::Request;

/// What is inside of a scope.
pub(crate) trait Inner {
    /// Polls it; keeps the output.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()>;
    /// Drops it, unfinished.
    fn clear(&mut self);
}

/// What kind of scope it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Ends for what is delivered to the target around it.
    Catch,
    /// As `Catch`, and answers for what was passed on by an inner part that then returned.
    CatchLate,
    /// Lets that pass, and ends for its own requests.
    Target,
}

impl Role {
    const fn kind(self) -> Kind {
        match self {
            Self::Catch | Self::CatchLate => Kind::Catch,
            Self::Target => Kind::Target,
        }
    }
}

/// What a poll led to.
pub(crate) enum Outcome {
    Pending,
    /// The inner part has returned.
    Ready(Answer),
    /// The inner part was dropped.
    Fired(Fired),
}

/// How the scope's own deliveries stood when the inner part returned.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// A token is alive, for instance inside of what was returned.
    pub(crate) undecided: bool,
    /// A token was passed on, and the scope had no turn to act on it.
    pub(crate) passed: bool,
    /// One was due in this very poll, and nobody inside took it.
    pub(crate) untaken: bool,
    /// What the scope around has passed on, where that was asked for.
    pub(crate) foreign: Vec<Ticket>,
}

/// Why the inner part was dropped.
pub(crate) struct Fired {
    /// Shares of what the targets around it deliver: to be passed on, or given to the user.
    pub(crate) foreign: Vec<Ticket>,
}

/// Polls a scope when nothing is being delivered; `None` says that [`poll_slow`] has to.
#[inline]
pub(crate) fn poll_quick<T>(
    node: &Node,
    role: Role,
    cx: &mut Context<'_>,
    poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
) -> Option<Poll<T>> {
    frame::with(|around| {
        let is_quiet = match around {
            None => true,
            Some(around) => around.is_local(cx.waker()) && !around.node.is_passing(),
        };
        if !is_quiet || node.has_slow() {
            return None;
        }
        node.begin();
        let frame = Frame::scope(role.kind(), around, cx.waker(), node);
        Some(frame::push(frame, || poll(cx)))
    })
}

/// After a quick poll that was pending: tells the frame around that a scope is open here.
#[inline]
pub(crate) fn note_open() {
    frame::with(|around| {
        if let Some(around) = around {
            around.node.set_open(true);
        }
    });
}

/// Polls a scope in full. `own` is a request of its own that is due.
#[cold]
pub(crate) fn poll_slow(
    node: &Node,
    role: Role,
    own: &mut Option<Request>,
    cx: &mut Context<'_>,
    inner: &mut dyn Inner,
) -> Outcome {
    frame::with(|around| {
        let scope = Scope::new(node, role, around);
        let tickets = node.collect(around, cx.waker());
        scope.poll(tickets, own, cx, inner)
    })
}

/// Polls one branch of a fork, whose waker is its own; `tickets` are its shares of what is due.
#[cold]
pub(crate) fn poll_branch(
    node: &Node,
    tickets: Vec<Ticket>,
    cx: &mut Context<'_>,
    inner: &mut dyn Inner,
) -> Outcome {
    frame::with(|around| {
        let scope = Scope {
            place: Place::Branch,
            ..Scope::new(node, Role::CatchLate, around)
        };
        scope.poll(tickets, &mut None, cx, inner)
    })
}

/// After a quick poll of a branch that was pending, during which something came to its node.
#[cold]
pub(crate) fn finish_branch(node: &Node, cx: &mut Context<'_>, inner: &mut dyn Inner) -> Outcome {
    frame::with(|around| {
        let scope = Scope {
            place: Place::Branch,
            ..Scope::new(node, Role::CatchLate, around)
        };
        scope.suspend(&mut None, cx, inner)
    })
}

/// Polls a task's own part, the outermost scope.
#[cold]
pub(crate) fn poll_host(
    node: &Node,
    host: &dyn Any,
    request: &mut Option<Request>,
    cx: &mut Context<'_>,
    inner: &mut dyn Inner,
) -> Outcome {
    let scope = Scope {
        place: Place::Host(host),
        ..Scope::new(node, Role::Target, None)
    };
    scope.poll(Vec::new(), request, cx, inner)
}

/// After a quick poll during which something came to the node.
#[cold]
pub(crate) fn finish_slow(
    node: &Node,
    role: Role,
    ready: bool,
    cx: &mut Context<'_>,
    inner: &mut dyn Inner,
) -> Outcome {
    frame::with(|around| {
        let scope = Scope::new(node, role, around);
        if ready {
            Outcome::Ready(scope.end())
        } else {
            scope.suspend(&mut None, cx, inner)
        }
    })
}

/// A scope in the middle of a poll.
struct Scope<'a> {
    node: &'a Node,
    role: Role,
    around: Option<&'a Frame<'a>>,
    place: Place<'a>,
}

/// Where a scope is.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// In the code of a target.
    Inside,
    /// A branch of a fork, which looks after its registration.
    Branch,
    /// The task itself: nothing is around it.
    Host(&'a dyn Any),
}

impl<'a> Scope<'a> {
    fn new(node: &'a Node, role: Role, around: Option<&'a Frame<'a>>) -> Self {
        Self {
            node,
            role,
            around,
            place: Place::Inside,
        }
    }

    fn frame<'f>(&'f self, waker: &'f Waker) -> Frame<'f> {
        match self.place {
            Place::Inside => Frame::scope(self.role.kind(), self.around, waker, self.node),
            Place::Branch => Frame::branch(self.around, waker, self.node),
            Place::Host(host) => Frame::host(host, Some(waker), self.node),
        }
    }

    fn poll(
        &self,
        mut tickets: Vec<Ticket>,
        own: &mut Option<Request>,
        cx: &mut Context<'_>,
        inner: &mut dyn Inner,
    ) -> Outcome {
        let node = self.node;
        let was_started = node.is_started();
        tickets = node.unknown(tickets);
        if !was_started {
            // Opened during the pass, by code that has taken it already.
            tickets = not_taken(tickets);
        }
        let is_leaf = !node.is_open() && !node.has_members();
        let ends_now = was_started && is_leaf;
        if ends_now && self.role == Role::Target && !tickets.is_empty() {
            // The catcher around it ends; our inner part is not polled before that.
            tickets.into_iter().for_each(Ticket::give_back);
            cx.waker().wake_by_ref();
            return Outcome::Pending;
        }
        let request = own.take().or_else(|| self.take_rearmed());
        if ends_now && (request.is_some() || !tickets.is_empty()) {
            return self.fire(tickets, cx, inner);
        }
        if let Some(request) = request {
            node.enter_own(Delivery::start(request));
        }
        for ticket in tickets {
            node.enter(ticket, true);
        }
        node.begin();
        node.begin_pass();
        let pass = Pass(node);
        // Not a clone, which may have another table of functions and so look like another waker.
        let polled = frame::push(self.frame(cx.waker()), || inner.poll(cx));
        pass.end();
        match polled {
            Poll::Ready(()) => Outcome::Ready(self.end()),
            Poll::Pending => self.suspend(own, cx, inner),
        }
    }

    /// The inner part is pending: acts on what has been decided.
    fn suspend(
        &self,
        own: &mut Option<Request>,
        cx: &mut Context<'_>,
        inner: &mut dyn Inner,
    ) -> Outcome {
        self.leave_pass(own, cx);
        if self.examine(cx) {
            return self.fire(Vec::new(), cx, inner);
        }
        let node = self.node;
        if node.await_mail() {
            cx.waker().wake_by_ref();
        }
        let is_open = self.role != Role::Target || node.is_busy();
        if is_open && matches!(self.place, Place::Inside) {
            node.register(self.around, cx.waker());
            if let Some(around) = self.around
                && around.is_local(cx.waker())
            {
                around.node.set_open(true);
            }
        }
        node.tidy();
        Outcome::Pending
    }

    /// Lets go of what was held open for the pass. A target that nobody inside has heard, neither for
    /// itself nor for one around it, gives way: the catcher around it ends, and it asks later.
    fn leave_pass(&self, own: &mut Option<Request>, cx: &Context<'_>) {
        let mut entries = self.node.slow_if(|slow| std::mem::take(&mut slow.entries));
        let mut untaken_foreign = false;
        let mut untaken_own = None;
        for (index, entry) in entries.iter_mut().enumerate() {
            if std::mem::take(&mut entry.in_pass)
                && entry.delivery.leave(entry.round) == Standing::Untaken
            {
                untaken_foreign |= !entry.own;
                untaken_own = untaken_own.or(entry.own.then_some(index));
            }
        }
        if self.role == Role::Target
            && untaken_foreign
            && let Some(index) = untaken_own
        {
            let entry = entries.remove(index);
            entry.delivery.settle();
            *own = Some(entry.delivery.request.clone());
            cx.waker().wake_by_ref();
        }
        self.put_back(entries);
    }

    /// Gives the node back what was taken out to look at, before what came meanwhile.
    fn put_back(&self, mut entries: Vec<Entry>) {
        self.node.slow_if(|slow| {
            entries.append(&mut slow.entries);
            slow.entries = entries;
        });
    }

    /// Looks at every delivery; true when the scope has to end for one of them.
    fn examine(&self, cx: &Context<'_>) -> bool {
        let mut fires = false;
        let mut entries = self.node.slow_if(|slow| std::mem::take(&mut slow.entries));
        entries.retain_mut(|entry| {
            let ends_for_it = entry.own || self.role != Role::Target;
            let mut standing = entry.delivery.standing(entry.round);
            if standing == Standing::Undecided {
                standing = entry.delivery.wait(entry.round, cx.waker());
                if entry.own && entry.delivery.is_rearmed() {
                    // It came before our waker was there.
                    cx.waker().wake_by_ref();
                }
            }
            match standing {
                Standing::Undecided => true,
                // A token was dropped out of reach after the others were swallowed.
                Standing::Swallowed if entry.own && entry.delivery.is_rearmed() => {
                    cx.waker().wake_by_ref();
                    true
                }
                Standing::Swallowed => {
                    entry.delivery.forget(entry.round);
                    false
                }
                Standing::Untaken | Standing::Passed if ends_for_it => {
                    entry.delivery.pass_round(entry.round, None);
                    fires = true;
                    true
                }
                Standing::Untaken => {
                    entry.delivery.give_back(entry.round);
                    false
                }
                // Looked at below: if the scope ends by itself, it answers for these as well.
                Standing::Passed => true,
            }
        });
        if !fires {
            entries.retain(|entry| {
                let relayed = entry.delivery.standing(entry.round) == Standing::Passed;
                if relayed {
                    entry.delivery.close(entry.round);
                }
                !relayed
            });
        }
        self.put_back(entries);
        fires
    }

    /// Drops the inner part and gathers what the scope has to answer for.
    fn fire(&self, tickets: Vec<Ticket>, cx: &mut Context<'_>, inner: &mut dyn Inner) -> Outcome {
        let node = self.node;
        for ticket in &tickets {
            ticket.confirm();
        }
        // Tokens that go with the inner part are passed on to this node.
        frame::push(self.frame(cx.waker()), || inner.clear());
        let mut foreign = tickets;
        node.reclaim_mail();
        foreign.append(&mut node.leave_hub());
        for entry in node.slow_if(|slow| std::mem::take(&mut slow.entries)) {
            if entry.own {
                entry.delivery.settle();
                continue;
            }
            if entry.in_pass {
                entry.delivery.leave(entry.round);
            }
            foreign.extend(entry.delivery.take_passed(entry.round));
            entry.delivery.close(entry.round);
        }
        foreign.retain(|ticket| !ticket.delivery().is_settled());
        drop(node.take_slow());
        Outcome::Fired(Fired { foreign })
    }

    /// The inner part has returned.
    fn end(&self) -> Answer {
        let mut answer = Answer::default();
        self.node.reclaim_mail();
        for entry in self.node.slow_if(|slow| std::mem::take(&mut slow.entries)) {
            let standing = if entry.in_pass {
                entry.delivery.leave(entry.round)
            } else {
                entry.delivery.standing(entry.round)
            };
            if entry.own {
                answer.undecided |= standing == Standing::Undecided;
                // Asked again, and there is nobody left to ask: never decided.
                answer.passed |= standing == Standing::Passed || entry.delivery.is_rearmed();
                answer.untaken |= standing == Standing::Untaken;
                entry.delivery.settle();
            } else if standing == Standing::Untaken {
                entry.delivery.give_back(entry.round);
            } else {
                if self.role == Role::CatchLate {
                    let passed = entry.delivery.take_passed(entry.round);
                    answer.foreign.extend(passed);
                }
                entry.delivery.close(entry.round);
            }
        }
        self.node.close();
        answer
    }

    /// A token of this target was dropped out of its reach: the request is due again.
    fn take_rearmed(&self) -> Option<Request> {
        self.node.slow_if(|slow| {
            let mut own = slow.entries.iter().filter(|entry| entry.own);
            own.find(|entry| entry.delivery.take_rearmed())
                .map(|entry| entry.delivery.request.clone())
        })
    }
}

/// A pass that goes on: broken off when the inner part panics.
struct Pass<'a>(&'a Node);

impl Pass<'_> {
    fn end(self) {
        self.0.end_pass();
        std::mem::forget(self);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.break_off_pass();
    }
}

/// The shares in rounds that nobody has taken yet; the others are given back.
pub(crate) fn not_taken(tickets: Vec<Ticket>) -> Vec<Ticket> {
    let mut kept = Vec::with_capacity(tickets.len());
    for ticket in tickets {
        if ticket.delivery().is_taken(ticket.round()) {
            ticket.give_back();
        } else {
            kept.push(ticket);
        }
    }
    kept
}

/// Passes a share on to the innermost frame that the target reaches; asks the target again when
/// there is none. Returns whether there was one.
pub(crate) fn pass_on(ticket: Ticket) -> bool {
    pass_on_with(ticket, None)
}

/// [`pass_on`], with a mark that goes along until a scope ends for it.
pub(crate) fn pass_on_with(ticket: Ticket, mark: Option<&Mark>) -> bool {
    let delivery = Arc::clone(ticket.delivery());
    if delivery.is_settled() || delivery.is_abandoned(ticket.round()) {
        ticket.swallow();
        return false;
    }
    frame::with(|innermost| {
        let Some(innermost) = innermost else {
            ticket.rearm();
            return false;
        };
        let Some(round) = round_at(innermost, &delivery) else {
            ticket.rearm();
            return false;
        };
        delivery.pass_round(round, mark);
        ticket.swallow();
        true
    })
}

/// [`pass_on`] for code that does not go on: whether anything ends it. A hold does not, which waits
/// for that code. `mark` goes along until a scope ends for one of them.
pub(crate) fn pass_on_for_good(tickets: Vec<Ticket>, mark: &Mark) -> bool {
    let mut ends = false;
    for ticket in tickets {
        let is_held_back = is_held_back(ticket.delivery());
        ends |= pass_on_with(ticket, Some(mark)) && !is_held_back;
    }
    ends
}

/// True when what is passed on here comes to a hold before anything ends for it.
fn is_held_back(delivery: &Arc<Delivery>) -> bool {
    frame::with(|innermost| {
        let mut around = innermost;
        while let Some(frame) = around {
            match frame.kind {
                Kind::Hold => return true,
                Kind::Target if !frame.node.is_target_of(delivery) => {}
                Kind::Host | Kind::Catch | Kind::Target => return false,
            }
            around = frame.around();
        }
        false
    })
}

/// Asks the target again: the next suspension in it is interrupted, innermost scopes first.
pub(crate) fn ask_again(ticket: Ticket) {
    if ticket.delivery().is_settled() {
        ticket.swallow();
    } else {
        ticket.rearm();
    }
}

/// [`pass_on`] for several.
pub(crate) fn pass_all_on(tickets: Vec<Ticket>) {
    for ticket in tickets {
        pass_on(ticket);
    }
}

/// [`pass_all_on`], with a mark that goes along until a scope ends for one of them; `None` if there was
/// no frame for any.
pub(crate) fn pass_all_on_marked(tickets: Vec<Ticket>) -> Option<Mark> {
    if tickets.is_empty() {
        return None;
    }
    let mark = Mark::default();
    let mut reached = false;
    for ticket in tickets {
        reached |= pass_on_with(ticket, Some(&mark));
    }
    reached.then_some(mark)
}

/// True while what went along with the mark has come to nothing yet.
pub(crate) fn is_underway(mark: &Mark) -> bool {
    Arc::strong_count(mark) > 1
}

/// The round of `frame` in `delivery`, made if only a frame around it has one.
fn round_at(frame: &Frame<'_>, delivery: &Arc<Delivery>) -> Option<u32> {
    if let Some(round) = frame.node.round_in(delivery) {
        return Some(round);
    }
    let above = round_at(frame.around()?, delivery)?;
    let ticket = delivery.ticket(above);
    ticket.confirm();
    frame.node.enter(ticket, false);
    let round = frame.node.round_in(delivery);
    if let Some(round) = round {
        // Not held open: the share that is passed on, or the round further in, keeps it.
        delivery.release_hold(round);
    }
    round
}
