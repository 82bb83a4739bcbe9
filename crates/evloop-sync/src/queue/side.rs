//! Who waits at one side of a queue, and who of them has a right to go on.

use std::mem;
use std::task::Waker;

use crate::wait_list::{Key, WaitList};
use crate::wakers::Wakers;

/// Those who wait for the same, first come first served.
///
/// A right that was granted is counted until its owner comes for it or leaves, so nobody else takes what
/// is meant for them.
#[derive(Debug)]
pub(crate) struct Side {
    list: WaitList<Waiter>,
    n_granted: usize,
}

#[derive(Debug)]
enum Waiter {
    Queued(Waker),
    /// One of what is there is its own.
    Granted,
    /// It has waited enough, but nothing is its own.
    Dismissed,
}

/// What has become of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It has to wait, and its waker is known.
    Waits,
    /// It has to wait, and would be woken in another way.
    Moved,
    /// One of what is there is its own.
    Granted,
    /// It waits for nothing any more.
    Dismissed,
}

impl Side {
    pub(crate) const fn new() -> Self {
        Self {
            list: WaitList::new(),
            n_granted: 0,
        }
    }

    pub(crate) fn n_waiting(&self) -> usize {
        self.list.n_queued()
    }

    /// True if one of so many is nobody's. Then nobody queues, either, once all that could be granted is.
    pub(crate) fn has_room(&self, n: usize) -> bool {
        n > self.n_granted
    }

    pub(crate) fn standing(&self, place: Key, waker: &Waker) -> Standing {
        match self.list.get(place) {
            Waiter::Queued(kept) if kept.will_wake(waker) => Standing::Waits,
            Waiter::Queued(_) => Standing::Moved,
            Waiter::Granted => Standing::Granted,
            Waiter::Dismissed => Standing::Dismissed,
        }
    }

    /// Queues, or replaces the waker of one that does; the one before comes back.
    #[must_use = "a waker is foreign code, and is not dropped under a lock"]
    pub(crate) fn queue(&mut self, place: &mut Option<Key>, waker: Waker) -> Option<Waker> {
        let Some(key) = *place else {
            *place = Some(self.list.push(Waiter::Queued(waker)));
            return None;
        };
        match self.list.get_mut(key) {
            Waiter::Queued(kept) => Some(mem::replace(kept, waker)),
            Waiter::Granted | Waiter::Dismissed => Some(waker),
        }
    }

    /// Gives up a place, and a right with it; the waker comes back.
    #[must_use = "a waker is foreign code, and is not dropped under a lock"]
    pub(crate) fn leave(&mut self, place: Key) -> Option<Waker> {
        match self.list.remove(place) {
            Waiter::Queued(waker) => Some(waker),
            Waiter::Granted => {
                self.n_granted -= 1;
                None
            }
            Waiter::Dismissed => None,
        }
    }

    /// Grants the first of the queue what is nobody's of so many.
    pub(crate) fn grant(&mut self, n: usize, wakers: &mut Wakers) {
        while self.n_granted < n && self.detach_first(Waiter::Granted, wakers) {
            self.n_granted += 1;
        }
    }

    /// Wakes all who queue, and gives them nothing.
    pub(crate) fn dismiss(&mut self, wakers: &mut Wakers) {
        while self.detach_first(Waiter::Dismissed, wakers) {}
    }

    fn detach_first(&mut self, becomes: Waiter, wakers: &mut Wakers) -> bool {
        let Some(first) = self.list.detach_front() else {
            return false;
        };
        if let Waiter::Queued(waker) = mem::replace(first, becomes) {
            wakers.push(waker);
        }
        true
    }
}
