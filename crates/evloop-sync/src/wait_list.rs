//! Who waits, first come first served: a list in a slab.
//!
//! Each entry takes a slot of one vector, in which the entries are linked by index: so joining at the end,
//! leaving from anywhere and being served at the front take O(1) each and allocate nothing once the
//! vector has its size. An entry that has been served is *detached*: it stands in the queue no longer,
//! but its slot tells its owner what it was given, until the owner removes it.

#[cfg(test)]
mod tests;

use std::mem;

/// Ends a chain of slots.
const NIL: u32 = u32::MAX;

/// Stands in `prev` of an entry that is in no chain.
const DETACHED: u32 = u32::MAX - 1;

/// So many slots are kept when nobody is left; what a burst took beyond that is given back.
const KEPT: usize = 1024;

/// Names an entry until it is removed, and is used for no other until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(u32);

impl Key {
    /// Names nothing.
    pub(crate) const NONE: Self = Self(NIL);
}

/// See the module's docs.
#[derive(Debug)]
pub(crate) struct WaitList<T> {
    slots: Vec<Slot<T>>,
    /// The chain of free slots, which begins with the one that was freed last.
    free: u32,
    first: u32,
    last: u32,
    n_queued: u32,
    /// Entries that are queued or detached.
    n_used: u32,
}

#[derive(Debug)]
enum Slot<T> {
    Free { next: u32 },
    Used { prev: u32, next: u32, value: T },
}

impl<T> WaitList<T> {
    pub(crate) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: NIL,
            first: NIL,
            last: NIL,
            n_queued: 0,
            n_used: 0,
        }
    }

    /// Entries in the queue.
    pub(crate) fn n_queued(&self) -> usize {
        self.n_queued as usize
    }

    /// True if there is no entry, neither queued nor detached.
    pub(crate) fn is_unused(&self) -> bool {
        self.n_used == 0
    }

    /// Adds an entry behind all others.
    pub(crate) fn push(&mut self, value: T) -> Key {
        let last = self.last;
        let index = self.occupy(last, value);
        self.last = index;
        match last {
            NIL => self.first = index,
            last => *self.links(last).1 = index,
        }
        self.n_queued += 1;
        Key(index)
    }

    /// Adds an entry that does not queue.
    pub(crate) fn push_detached(&mut self, value: T) -> Key {
        Key(self.occupy(DETACHED, value))
    }

    /// The first of the queue.
    pub(crate) fn front_mut(&mut self) -> Option<&mut T> {
        (self.first != NIL).then(|| self.get_mut(Key(self.first)))
    }

    /// Takes the first entry out of the queue; it keeps its slot.
    pub(crate) fn detach_front(&mut self) -> Option<&mut T> {
        let first = self.first;
        (first != NIL).then(|| {
            self.unlink(first);
            self.get_mut(Key(first))
        })
    }

    /// Removes the first entry of the queue.
    pub(crate) fn pop(&mut self) -> Option<T> {
        (self.first != NIL).then(|| self.remove(Key(self.first)))
    }

    pub(crate) fn get(&self, key: Key) -> &T {
        match &self.slots[key.0 as usize] {
            Slot::Used { value, .. } => value,
            Slot::Free { .. } => unreachable!("a key is not used after its entry was removed"),
        }
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> &mut T {
        match &mut self.slots[key.0 as usize] {
            Slot::Used { value, .. } => value,
            Slot::Free { .. } => unreachable!("a key is not used after its entry was removed"),
        }
    }

    /// Removes an entry, queued or detached.
    pub(crate) fn remove(&mut self, key: Key) -> T {
        let free = Slot::Free { next: self.free };
        let used = mem::replace(&mut self.slots[key.0 as usize], free);
        let Slot::Used { prev, next, value } = used else {
            unreachable!("a key is not used after its entry was removed")
        };
        self.free = key.0;
        if prev != DETACHED {
            self.join(prev, next);
        }
        self.n_used -= 1;
        if self.n_used == 0 && self.slots.len() > KEPT {
            self.slots = Vec::new();
            self.free = NIL;
        }
        value
    }

    /// Takes the room of a list that has nobody left, if this one has none of its own.
    pub(crate) fn adopt(&mut self, mut other: Self) {
        debug_assert!(other.is_unused());
        if self.slots.capacity() == 0 {
            other.slots.clear();
            self.slots = other.slots;
        }
    }

    /// Fills a free slot.
    fn occupy(&mut self, prev: u32, value: T) -> u32 {
        self.n_used += 1;
        let used = Slot::Used {
            prev,
            next: NIL,
            value,
        };
        if self.free == NIL {
            let index = u32::try_from(self.slots.len()).unwrap_or(NIL);
            assert!(index < DETACHED, "fewer than four billion wait");
            self.slots.push(used);
            return index;
        }
        let index = self.free;
        match mem::replace(&mut self.slots[index as usize], used) {
            Slot::Free { next } => self.free = next,
            Slot::Used { .. } => unreachable!("the chain of free slots has no other"),
        }
        index
    }

    fn unlink(&mut self, index: u32) {
        let (prev, next) = self.links(index);
        let (before, behind) = (mem::replace(prev, DETACHED), mem::replace(next, NIL));
        self.join(before, behind);
    }

    /// Makes neighbours of two between which one has gone.
    fn join(&mut self, before: u32, behind: u32) {
        match before {
            NIL => self.first = behind,
            before => *self.links(before).1 = behind,
        }
        match behind {
            NIL => self.last = before,
            behind => *self.links(behind).0 = before,
        }
        self.n_queued -= 1;
    }

    /// The links of an entry, `prev` and `next`.
    fn links(&mut self, index: u32) -> (&mut u32, &mut u32) {
        match &mut self.slots[index as usize] {
            Slot::Used { prev, next, .. } => (prev, next),
            Slot::Free { .. } => unreachable!("a key is not used after its entry was removed"),
        }
    }
}
