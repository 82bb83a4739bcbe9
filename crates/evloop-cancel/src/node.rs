//! What a scope knows of the deliveries that pass through it.
//!
//! | state | inner part | meaning |
//! |---|---|---|
//! | new | yes | never polled: not hit before its first suspension |
//! | leaf | yes | no scope inside at the last poll: fires before its inner part is polled |
//! | open | yes | scopes inside: they are asked first |
//! | closed | no | fired or returned |
//!
//! As long as nothing is delivered a node is three flags. Everything else is in a box that is made
//! when a delivery, or a scope with a waker of its own, needs it.

use std::cell::Cell;
use std::fmt;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::task::Waker;

use crate::delivery::{Delivery, Standing, Ticket};
use crate::frame::Frame;
use crate::hub::{Hub, Slot};

/// The inner part has been polled.
const STARTED: u8 = 1;
/// A scope was open inside at the last poll.
const OPEN: u8 = 1 << 1;
/// The poll that goes on delivers something: see the entries.
const PASS: u8 = 1 << 2;
/// There is a box.
const SLOW: u8 = 1 << 3;

/// A scope's own part: flags, and a box for what few scopes ever need.
pub(crate) struct Node {
    flags: Cell<u8>,
    /// Something exactly if the flag says so. Dropped by hand, so that a poll in which there is none
    /// pays a test of the flag and no call.
    slow: Cell<ManuallyDrop<Option<Box<Slow>>>>,
}

/// What is known of deliveries.
#[derive(Default)]
pub(crate) struct Slow {
    pub(crate) entries: Vec<Entry>,
    /// Remote scopes inside.
    hub: Option<Arc<Hub>>,
    /// This scope's own place, if it is remote.
    slot: Option<Slot>,
    /// Members inside that have not read their mail, when that was looked at last.
    n_unread: usize,
    /// How often this node has woken itself since one of them has.
    n_unread_polls: u8,
}

/// A delivery and this node's round in it.
pub(crate) struct Entry {
    pub(crate) delivery: Arc<Delivery>,
    pub(crate) round: u32,
    /// The poll that goes on delivers it; the round is held open meanwhile.
    pub(crate) in_pass: bool,
    /// This node is its target.
    pub(crate) own: bool,
}

/// Wakes that a node spends on mail of which none is read, before it takes the mail back. A set that polls
/// a few of its members in a turn takes as many turns as it needs.
const MOST_UNREAD_POLLS: u8 = 16;

impl Node {
    pub(crate) const fn new() -> Self {
        Self {
            flags: Cell::new(0),
            slow: Cell::new(ManuallyDrop::new(None)),
        }
    }

    #[inline]
    fn has(&self, flag: u8) -> bool {
        self.flags.get() & flag != 0
    }

    #[inline]
    pub(crate) fn is_started(&self) -> bool {
        self.has(STARTED)
    }

    #[inline]
    pub(crate) fn set_started(&self, started: bool) {
        self.set(STARTED, started);
    }

    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        self.has(OPEN)
    }

    #[inline]
    pub(crate) fn set_open(&self, open: bool) {
        self.set(OPEN, open);
    }

    /// True while this node's inner part is polled to deliver something.
    #[inline]
    pub(crate) fn is_passing(&self) -> bool {
        self.has(PASS)
    }

    #[inline]
    fn set(&self, flag: u8, value: bool) {
        let flags = self.flags.get() & !flag;
        self.flags.set(if value { flags | flag } else { flags });
    }

    /// Started, and nothing is known to be open inside: for the poll that begins now.
    #[inline]
    pub(crate) fn begin(&self) {
        self.flags.set(self.flags.get() & SLOW | STARTED);
    }

    /// True when there is a box to look at.
    #[inline]
    pub(crate) fn has_slow(&self) -> bool {
        self.has(SLOW)
    }

    pub(crate) fn take_slow(&self) -> Option<Box<Slow>> {
        self.set(SLOW, false);
        ManuallyDrop::into_inner(self.slow.replace(ManuallyDrop::new(None)))
    }

    pub(crate) fn put_slow(&self, slow: Option<Box<Slow>>) {
        drop(self.take_slow());
        self.set(SLOW, slow.is_some());
        self.slow.set(ManuallyDrop::new(slow));
    }

    /// Looks at the box, made if there is none. `f` runs none but our code.
    pub(crate) fn slow<R>(&self, f: impl FnOnce(&mut Slow) -> R) -> R {
        let mut slow = self.take_slow().unwrap_or_default();
        let result = f(&mut slow);
        self.put_slow(Some(slow));
        result
    }

    /// Looks at the box if there is one.
    pub(crate) fn slow_if<R: Default>(&self, f: impl FnOnce(&mut Slow) -> R) -> R {
        match self.take_slow() {
            Some(mut slow) => {
                let result = f(&mut slow);
                self.put_slow(Some(slow));
                result
            }
            None => R::default(),
        }
    }

    /// The hub of the remote scopes inside.
    pub(crate) fn hub(&self) -> Arc<Hub> {
        self.slow(|slow| Arc::clone(slow.hub.get_or_insert_with(Hub::new)))
    }

    pub(crate) fn has_members(&self) -> bool {
        self.slow_if(|slow| slow.hub.as_ref().is_some_and(|hub| !hub.is_empty()))
    }

    /// True when scopes are open inside, or somebody inside has still to decide.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_open() || self.has_members() || self.slow_if(|slow| !slow.entries.is_empty())
    }

    /// The shares of what the frame around delivers in this poll.
    fn tickets_of_pass(&self) -> Vec<Ticket> {
        self.slow_if(|slow| {
            let passing = slow.entries.iter().filter(|entry| entry.in_pass);
            passing
                .map(|entry| entry.delivery.ticket(entry.round))
                .collect()
        })
    }

    /// What has to be delivered to a scope with this node, polled with `waker` inside of `around`:
    /// by the poll that goes on, or by mail. Keeps the place of a remote scope in order.
    pub(crate) fn collect(&self, around: Option<&Frame<'_>>, waker: &Waker) -> Vec<Ticket> {
        // One of another place, where it was polled before, is dropped: its mail is passed on there.
        let slot = self.slow_if(|slow| slow.slot.take());
        let slot = slot.filter(|slot| around.is_some_and(|around| around.node.has_member(slot)));
        let Some(around) = around else {
            return Vec::new();
        };
        if around.is_local(waker) {
            let mut tickets = slot.map_or_else(Vec::new, Slot::leave);
            if around.node.is_passing() {
                tickets.append(&mut around.node.tickets_of_pass());
            }
            return tickets;
        }
        let Some(slot) = slot else {
            return Vec::new();
        };
        let mail = slot.refresh(waker);
        self.slow(|slow| slow.slot = Some(slot));
        mail
    }

    fn has_member(&self, slot: &Slot) -> bool {
        self.slow_if(|slow| slow.hub.as_ref().is_some_and(|hub| slot.is_in(hub)))
    }

    /// The shares of deliveries that this node does not know yet; the others are given back. It is
    /// polled twice in a pass by odd combinators, and gets mail besides when it has just moved.
    pub(crate) fn unknown(&self, tickets: Vec<Ticket>) -> Vec<Ticket> {
        let mut unknown: Vec<Ticket> = Vec::with_capacity(tickets.len());
        for ticket in tickets {
            let is_known = self.round_in(ticket.delivery()).is_some()
                || unknown.iter().any(|other| other.is_same_delivery(&ticket));
            if is_known {
                ticket.withdraw();
            } else {
                unknown.push(ticket);
            }
        }
        unknown
    }

    /// Has deliveries sent to a scope that is polled with a waker of its own.
    pub(crate) fn register(&self, around: Option<&Frame<'_>>, waker: &Waker) {
        let Some(around) = around else { return };
        if around.is_local(waker) || self.slow_if(|slow| slow.slot.is_some()) {
            return;
        }
        let slot = Slot::register(&around.node.hub(), waker);
        self.slow(|slow| slow.slot = Some(slot));
    }

    /// Gives a remote scope's place up; returns the unread mail.
    pub(crate) fn leave_hub(&self) -> Vec<Ticket> {
        let slot = self.slow_if(|slow| slow.slot.take());
        slot.map_or_else(Vec::new, Slot::leave)
    }

    /// The scope is over: mail that members have not read, because they were not polled, is passed
    /// on.
    pub(crate) fn reclaim_mail(&self) {
        if let Some(hub) = self.slow_if(|slow| slow.hub.take()) {
            drop(hub.reclaim());
        }
    }

    /// True while a delivery of its own is undecided.
    pub(crate) fn has_own(&self) -> bool {
        self.slow_if(|slow| slow.entries.iter().any(|entry| entry.own))
    }

    /// True while `delivery` is one of its own.
    pub(crate) fn is_target_of(&self, delivery: &Arc<Delivery>) -> bool {
        self.slow_if(|slow| {
            let mut own = slow.entries.iter().filter(|entry| entry.own);
            own.any(|entry| Arc::ptr_eq(&entry.delivery, delivery))
        })
    }

    /// Makes a round for a share, held open; for the pass that begins now if `in_pass`.
    pub(crate) fn enter(&self, ticket: Ticket, in_pass: bool) {
        let (delivery, round) = ticket.into_round();
        self.slow(|slow| {
            slow.entries.push(Entry {
                delivery,
                round,
                in_pass,
                own: false,
            });
        });
    }

    /// Begins a delivery of its own.
    pub(crate) fn enter_own(&self, delivery: Arc<Delivery>) {
        self.slow(|slow| {
            slow.entries.push(Entry {
                delivery,
                round: Delivery::root(),
                in_pass: true,
                own: true,
            });
        });
    }

    /// Begins the pass: remote scopes get mail.
    pub(crate) fn begin_pass(&self) {
        let passes = self.slow_if(|slow| slow.entries.iter().any(|entry| entry.in_pass));
        self.set(PASS, passes);
        let hub = self.slow_if(|slow| slow.hub.clone());
        if let Some(hub) = hub {
            for ticket in self.tickets_of_pass() {
                hub.post(&ticket);
                ticket.give_back();
            }
        }
    }

    pub(crate) fn end_pass(&self) {
        self.set(PASS, false);
    }

    /// The inner part has panicked in the pass: no round is held open any more.
    pub(crate) fn break_off_pass(&self) {
        self.end_pass();
        let mut entries = self.slow_if(|slow| std::mem::take(&mut slow.entries));
        entries.retain_mut(|entry| {
            let is_untaken = std::mem::take(&mut entry.in_pass)
                && entry.delivery.leave(entry.round) == Standing::Untaken;
            if is_untaken && !entry.own {
                entry.delivery.give_back(entry.round);
                return false;
            }
            true
        });
        self.slow_if(|slow| slow.entries.append(&mut entries));
    }

    /// This node's round in `delivery`, if it has one that is not over.
    pub(crate) fn round_in(&self, delivery: &Arc<Delivery>) -> Option<u32> {
        self.slow_if(|slow| {
            slow.entries
                .iter()
                .find(|entry| {
                    Arc::ptr_eq(&entry.delivery, delivery) && !delivery.is_finished(entry.round)
                })
                .map(|entry| entry.round)
        })
    }

    /// Takes what has been passed on to this node, as shares in the rounds above.
    pub(crate) fn take_passed(&self) -> Vec<Ticket> {
        // Not inside of the box: closing a round may wake, which is foreign code.
        let mut entries = self.slow_if(|slow| std::mem::take(&mut slow.entries));
        let mut passed = Vec::new();
        entries.retain(|entry| {
            let Some(ticket) = entry.delivery.take_passed(entry.round) else {
                if entry.delivery.is_finished(entry.round) {
                    entry.delivery.forget(entry.round);
                    return false;
                }
                return true;
            };
            passed.push(ticket);
            entry.delivery.close(entry.round);
            false
        });
        self.slow_if(|slow| slow.entries.append(&mut entries));
        passed
    }

    /// Mail that nobody reads is waited for a while, then taken back. True when the node has to be
    /// polled again for that.
    pub(crate) fn await_mail(&self) -> bool {
        let n_unread = self.slow_if(|slow| {
            let n_unread = slow.hub.as_ref().map_or(0, |hub| hub.n_unread());
            let before = std::mem::replace(&mut slow.n_unread, n_unread);
            let is_stuck = n_unread > 0 && n_unread >= before;
            slow.n_unread_polls = if is_stuck { slow.n_unread_polls + 1 } else { 0 };
            n_unread
        });
        if n_unread == 0 {
            return false;
        }
        let hub = self.slow_if(|slow| {
            (slow.n_unread_polls > MOST_UNREAD_POLLS)
                .then(|| slow.hub.clone())
                .flatten()
        });
        if let Some(hub) = hub {
            // Passed on, by their drop.
            drop(hub.reclaim());
            self.slow_if(|slow| slow.n_unread_polls = 0);
        }
        true
    }

    /// Drops the box if nothing is in it.
    pub(crate) fn tidy(&self) {
        let Some(slow) = self.take_slow() else { return };
        let has_members = slow.hub.as_ref().is_some_and(|hub| !hub.is_empty());
        if !slow.entries.is_empty() || has_members || slow.slot.is_some() {
            self.put_slow(Some(slow));
        }
    }

    /// The scope is dropped, and what it has taken ends with it.
    pub(crate) fn abandon(&self) {
        self.slow_if(|slow| {
            for entry in slow.entries.drain(..) {
                entry.delivery.abandon(entry.round);
            }
        });
    }

    /// The scope is over: what is undecided inside, and what was passed on, goes to the one around.
    #[cold]
    pub(crate) fn close(&self) {
        self.end_pass();
        let Some(mut slow) = self.take_slow() else {
            return;
        };
        drop(slow.slot.take());
        if let Some(hub) = slow.hub.take() {
            drop(hub.reclaim());
        }
        for entry in slow.entries.drain(..) {
            if entry.own {
                entry.delivery.settle();
                continue;
            }
            if entry.in_pass && entry.delivery.leave(entry.round) == Standing::Untaken {
                entry.delivery.give_back(entry.round);
                continue;
            }
            entry.delivery.close(entry.round);
        }
    }
}

impl Drop for Node {
    #[inline]
    fn drop(&mut self) {
        if self.has_slow() {
            self.close();
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("started", &self.is_started())
            .field("open", &self.is_open())
            .finish_non_exhaustive()
    }
}

impl Default for Node {
    fn default() -> Self {
        Self::new()
    }
}
