//! The places of the bounded queue: who holds one without a job yet, and who waits for one.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::task::Waker;

/// Names one waiter for a place; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WaiterId(u64);

/// Accounts for the places of a queue of at most `limit` jobs.
///
/// A place is free, held by a job in the queue (counted there, passed in as `n_queued`), or
/// reserved by a permit. While somebody waits there is never a free place: whoever frees one
/// calls [`grant`](Places::grant) under the same lock, which reserves it for the waiter that
/// came first. So nobody can overtake, and a place is never lost with a waiter that gave up.
#[derive(Debug)]
pub(crate) struct Places {
    limit: usize,
    n_reserved: usize,
    next_id: u64,
    waiting: BTreeMap<WaiterId, Waker>,
    /// Waiters that own a reserved place and have not been polled since.
    granted: BTreeSet<WaiterId>,
}

/// What polling a waiter found.
#[derive(Debug)]
pub(crate) enum Turn {
    /// The place is the caller's; the waker was not needed.
    Granted(Waker),
    /// Still waiting under this name; the waker that was replaced.
    Wait(WaiterId, Option<Waker>),
}

impl Places {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            n_reserved: 0,
            next_id: 0,
            waiting: BTreeMap::new(),
            granted: BTreeSet::new(),
        }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn has_room(&self, n_queued: usize) -> bool {
        n_queued + self.n_reserved < self.limit
    }

    /// Takes a free place, or notes `waker` down, in place of its earlier one if it has an id.
    pub(crate) fn poll(&mut self, id: Option<WaiterId>, n_queued: usize, waker: Waker) -> Turn {
        if let Some(id) = id {
            if self.granted.remove(&id) {
                return Turn::Granted(waker);
            }
            return Turn::Wait(id, self.waiting.insert(id, waker));
        }
        if self.has_room(n_queued) {
            debug_assert!(self.waiting.is_empty(), "a free place goes to who waits");
            self.n_reserved += 1;
            return Turn::Granted(waker);
        }
        let id = WaiterId(self.next_id);
        self.next_id += 1;
        Turn::Wait(id, self.waiting.insert(id, waker))
    }

    /// Gives a free place, if there is one, to the waiter that came first, who is to be woken.
    #[must_use]
    pub(crate) fn grant(&mut self, n_queued: usize) -> Option<Waker> {
        if !self.has_room(n_queued) {
            return None;
        }
        let (id, waker) = self.waiting.pop_first()?;
        self.granted.insert(id);
        self.n_reserved += 1;
        Some(waker)
    }

    /// A reserved place now holds a job.
    pub(crate) fn fill(&mut self) {
        debug_assert!(self.n_reserved > 0);
        self.n_reserved -= 1;
    }

    /// A reserved place is given back; who waits gets it and is to be woken.
    #[must_use]
    pub(crate) fn release(&mut self, n_queued: usize) -> Option<Waker> {
        self.fill();
        self.grant(n_queued)
    }

    /// Forgets a waiter. What it was granted goes to the next one, who is to be woken.
    pub(crate) fn forget(&mut self, id: WaiterId, n_queued: usize) -> Forgotten {
        if self.granted.remove(&id) {
            return Forgotten {
                own: None,
                next: self.release(n_queued),
            };
        }
        Forgotten {
            own: self.waiting.remove(&id),
            next: None,
        }
    }

    /// Tells whether the waiter was granted a place, for when the pool has closed.
    pub(crate) fn is_granted(&self, id: WaiterId) -> bool {
        self.granted.contains(&id)
    }

    /// Ends all waiting, in order; grants made before stay good.
    #[must_use]
    pub(crate) fn close(&mut self) -> Vec<Waker> {
        mem::take(&mut self.waiting).into_values().collect()
    }
}

/// The wakers that forgetting a waiter leaves to the caller.
#[derive(Debug)]
pub(crate) struct Forgotten {
    /// To be dropped without the lock.
    pub(crate) own: Option<Waker>,
    /// To be woken without the lock.
    pub(crate) next: Option<Waker>,
}
