//! What lies behind the lock of a queue.
//!
//! # Who is granted what
//!
//! Items stay in the storage until a getter comes for them, and items of putters stay with the putters
//! until they come. What passes between both are *rights*: to one of the items, and to one of the free
//! slots. Whoever changes the number of items, or leaves, grants what has become nobody's to those who
//! wait, in their order ([`State::settle`]). So a getter that is dropped has no item in its hands that
//! could be lost, and a putter that is dropped has put nothing.

use crate::queue::order::{Items, Stores};
use crate::queue::side::{Side, Standing};
use crate::wait_list::Key;
use crate::wakers::Wakers;

/// See the module's docs.
pub(crate) struct State<T, O: Stores<T>> {
    pub(crate) items: O::Items,
    /// At least as many items are there as are granted, until a shutdown drops them.
    pub(crate) getters: Side,
    /// At least as many slots are free as are granted.
    pub(crate) putters: Side,
    /// Wait until nothing is unfinished; granted nothing.
    pub(crate) joiners: Side,
    /// Items that were put and have not been reported as done.
    pub(crate) n_unfinished: usize,
    pub(crate) is_shut_down: bool,
    /// The most items that may be there; `usize::MAX` if there is no limit. It does not change.
    pub(crate) limit: usize,
}

/// How an attempt ends that cannot go on now.
pub(crate) enum Stays {
    /// It waits, and is woken.
    Waits,
    /// It has to be queued with its waker first.
    Unregistered,
    /// The queue has been shut down.
    ShutDown,
}

impl<T, O: Stores<T>> State<T, O> {
    pub(crate) const fn new(limit: usize) -> Self {
        Self {
            items: O::Items::EMPTY,
            getters: Side::new(),
            putters: Side::new(),
            joiners: Side::new(),
            n_unfinished: 0,
            is_shut_down: false,
            limit,
        }
    }

    fn n_slots(&self) -> usize {
        self.limit - self.items.len()
    }

    /// Grants what is nobody's.
    pub(crate) fn settle(&mut self, wakers: &mut Wakers) {
        self.getters.grant(self.items.len(), wakers);
        if !self.is_shut_down {
            self.putters.grant(self.n_slots(), wakers);
        }
    }

    /// An item that is nobody's, if there is one.
    pub(crate) fn take_free(&mut self, wakers: &mut Wakers) -> Result<T, Stays> {
        if self.getters.has_room(self.items.len())
            && let Some(item) = self.items.pop()
        {
            self.settle(wakers);
            return Ok(item);
        }
        if self.is_shut_down {
            return Err(Stays::ShutDown);
        }
        Err(Stays::Unregistered)
    }

    /// An item for who has this standing at this place, which is given up if the wait is over.
    pub(crate) fn take(
        &mut self,
        place: &mut Option<Key>,
        standing: Standing,
        wakers: &mut Wakers,
    ) -> Result<T, Stays> {
        match standing {
            Standing::Waits => return Err(Stays::Waits),
            Standing::Moved => return Err(Stays::Unregistered),
            Standing::Granted | Standing::Dismissed => {}
        }
        if let Some(key) = place.take() {
            let waker = self.getters.leave(key);
            debug_assert!(waker.is_none(), "who was detached has been woken");
        }
        self.take_free(wakers)
    }

    /// True if an item may be put by who has no right of its own.
    pub(crate) fn check_room(&self) -> Result<(), Stays> {
        if self.is_shut_down {
            return Err(Stays::ShutDown);
        }
        if self.putters.has_room(self.n_slots()) {
            return Ok(());
        }
        Err(Stays::Unregistered)
    }

    /// Puts an item; there is room.
    pub(crate) fn put(&mut self, item: T, wakers: &mut Wakers) {
        // First: should a comparison of items panic, the item is there nevertheless.
        self.n_unfinished += 1;
        self.items.push(item);
        self.settle(wakers);
    }

    /// So many items are done. False if there are not so many.
    pub(crate) fn finish(&mut self, n: usize, wakers: &mut Wakers) -> bool {
        let Some(rest) = self.n_unfinished.checked_sub(n) else {
            return false;
        };
        self.n_unfinished = rest;
        if rest == 0 {
            self.joiners.dismiss(wakers);
        }
        true
    }

    /// Ends the queue for putters, and for getters for whom there is nothing.
    pub(crate) fn shut_down(&mut self, wakers: &mut Wakers) {
        self.is_shut_down = true;
        self.getters.dismiss(wakers);
        self.putters.dismiss(wakers);
    }

    /// Takes all items away, and counts them as done.
    #[must_use = "items are foreign, and are not dropped under a lock"]
    pub(crate) fn drain(&mut self, wakers: &mut Wakers) -> O::Items {
        let items = std::mem::replace(&mut self.items, O::Items::EMPTY);
        // Some of them may have been reported as done ahead of time.
        let n_finished = items.len().min(self.n_unfinished);
        self.finish(n_finished, wakers);
        items
    }
}
