//! Who waits for a writer.

use std::{mem, task::Waker};

/// The wakers of those who wait, each under the number it was given.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    wakers: Vec<(u64, Waker)>,
    next: u64,
}

impl Waiters {
    /// Keeps `waker` in the place that `ticket` names, or in a new one.
    pub(super) fn register(&mut self, ticket: &mut Option<u64>, waker: &Waker) {
        let place = ticket.and_then(|ticket| self.wakers.iter_mut().find(|(id, _)| *id == ticket));
        match place {
            Some((_, kept)) => kept.clone_from(waker),
            None => {
                *ticket = Some(self.next);
                self.wakers.push((self.next, waker.clone()));
                self.next += 1;
            }
        }
    }

    /// Forgets the waker of `ticket`, if it was not woken. The caller drops it.
    pub(super) fn forget(&mut self, ticket: u64) -> Option<Waker> {
        let index = self.wakers.iter().position(|(id, _)| *id == ticket)?;
        Some(self.wakers.remove(index).1)
    }

    /// Everyone, to be woken.
    pub(super) fn take(&mut self) -> Vec<Waker> {
        let wakers = mem::take(&mut self.wakers);
        wakers.into_iter().map(|(_, waker)| waker).collect()
    }
}
