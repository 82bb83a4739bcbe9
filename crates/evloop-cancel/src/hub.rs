//! Scopes that are polled with another waker than the frame around them, as in a set that polls
//! only the children that were woken: no poll of the outer part need reach them.
//!
//! Such a scope registers in the hub of the frame around it. A delivery reaches it as mail, and its
//! waker is woken.
//!
//! # Why no mail is lost
//!
//! Waker and mail of a member lie under one lock. A poster puts the mail there and then wakes the
//! waker it finds; a poll stores its waker and then takes the mail. Whichever comes second sees the
//! other. A member that leaves gives unread mail back as passed on, and that wakes the owner.

use std::fmt;
use std::sync::Arc;
use std::task::Waker;

use slab::Slab;

use crate::delivery::Ticket;
use crate::sync::{Mutex, lock};

/// The remote scopes inside one node.
#[derive(Default)]
pub(crate) struct Hub(Mutex<Members>);

#[derive(Default)]
struct Members {
    slab: Slab<Member>,
    /// Of these, with mail.
    n_unread: usize,
}

struct Member {
    /// Taken by a wake; the poll that it leads to stores it anew.
    waker: Option<Waker>,
    mail: Vec<Ticket>,
}

impl Members {
    /// A member has taken its mail, which may be none.
    fn note_read(&mut self, mail: &[Ticket]) {
        self.n_unread -= usize::from(!mail.is_empty());
    }
}

impl Hub {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.0).slab.is_empty()
    }

    /// Number of members that have not read their mail.
    pub(crate) fn n_unread(&self) -> usize {
        lock(&self.0).n_unread
    }

    /// Gives each member a share in the round of `ticket`, and wakes it.
    pub(crate) fn post(&self, ticket: &Ticket) {
        let mut members = lock(&self.0);
        let wakers: Vec<Waker> = members
            .slab
            .iter_mut()
            .filter_map(|(_, member)| {
                ticket.confirm();
                member.mail.push(ticket.mail());
                member.waker.take()
            })
            .collect();
        members.n_unread = members.slab.len();
        drop(members);
        for waker in wakers {
            waker.wake();
        }
    }

    /// Takes back what no member has read.
    pub(crate) fn reclaim(&self) -> Vec<Ticket> {
        let mut members = lock(&self.0);
        members.n_unread = 0;
        members
            .slab
            .iter_mut()
            .flat_map(|(_, member)| std::mem::take(&mut member.mail))
            .collect()
    }
}

/// A scope's place in a hub.
pub(crate) struct Slot {
    hub: Arc<Hub>,
    /// `None` once it has left.
    key: Option<usize>,
}

impl Slot {
    pub(crate) fn register(hub: &Arc<Hub>, waker: &Waker) -> Self {
        let member = Member {
            waker: Some(waker.clone()),
            mail: Vec::new(),
        };
        let key = lock(&hub.0).slab.insert(member);
        Self {
            hub: Arc::clone(hub),
            key: Some(key),
        }
    }

    pub(crate) fn is_in(&self, hub: &Arc<Hub>) -> bool {
        Arc::ptr_eq(&self.hub, hub)
    }

    /// Stores the waker of this poll, then takes the mail.
    pub(crate) fn refresh(&self, waker: &Waker) -> Vec<Ticket> {
        let Some(key) = self.key else {
            return Vec::new();
        };
        // Cloned before the lock and dropped after it: a waker is foreign code.
        let waker = waker.clone();
        let mut members = lock(&self.hub.0);
        let member = &mut members.slab[key];
        let old = member.waker.replace(waker);
        let mail = std::mem::take(&mut member.mail);
        members.note_read(&mail);
        drop(members);
        drop(old);
        mail
    }

    /// Leaves the hub; returns the mail that nobody read.
    pub(crate) fn leave(mut self) -> Vec<Ticket> {
        self.take()
    }

    fn take(&mut self) -> Vec<Ticket> {
        let Some(key) = self.key.take() else {
            return Vec::new();
        };
        let mut members = lock(&self.hub.0);
        let member = members.slab.remove(key);
        members.note_read(&member.mail);
        // The waker is dropped outside of the lock.
        drop(members);
        member.mail
    }
}

impl Drop for Slot {
    /// Mail that nobody read is passed on, by its own drop.
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("key", &self.key).finish()
    }
}
