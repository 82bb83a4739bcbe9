//! Who waits for a change of a server.

use std::{collections::BTreeMap, mem, task::Waker};

/// The wakers of those who wait, each under the number it was given, in the order of their arrival.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    wakers: BTreeMap<u64, Waker>,
    next: u64,
}

impl Waiters {
    /// Keeps `waker` under the number of `ticket`, which gets one if it has none. Returns the waker
    /// that was there, which the caller drops without a lock.
    pub(crate) fn register(&mut self, ticket: &mut Option<u64>, waker: Waker) -> Option<Waker> {
        let next = &mut self.next;
        let number = *ticket.get_or_insert_with(|| {
            *next += 1;
            *next
        });
        self.wakers.insert(number, waker)
    }

    /// Forgets the waker of `ticket`, if it was not woken. The caller drops it without a lock.
    pub(crate) fn forget(&mut self, ticket: u64) -> Option<Waker> {
        self.wakers.remove(&ticket)
    }

    /// Everyone, to be woken.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = Waker> + use<> {
        mem::take(&mut self.wakers).into_values()
    }
}
