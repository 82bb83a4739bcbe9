//! The wakers that wait for one direction of one source.

use std::task::Waker;

#[cfg(test)]
mod tests;

/// The place in the list that a waiter owns until it is woken or gives it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// Where a waker is kept.
#[derive(Debug)]
pub(crate) enum Place<'a> {
    /// The one slot of the `poll_*` methods, where the last poller wins.
    Slot,
    /// The list, where every waiter has its own entry.
    List(&'a mut Option<Ticket>),
}

impl Place<'_> {
    /// For one that has been woken, or is about to be: its waker is taken by whoever wakes it.
    pub(crate) fn forget(self) {
        if let Self::List(ticket) = self {
            *ticket = None;
        }
    }
}

/// One slot, and a list in the order of arrival.
///
/// Tickets are handed out in rising order, so the list is sorted and a waiter is found by binary
/// search; giving a place back moves the wakers behind it.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    slot: Option<Waker>,
    list: Vec<(Ticket, Waker)>,
    next: u64,
}

impl Waiters {
    /// The waker that is kept at `place`.
    pub(crate) fn get(&self, place: &Place<'_>) -> Option<&Waker> {
        match place {
            Place::Slot => self.slot.as_ref(),
            Place::List(ticket) => {
                let index = self.find((**ticket)?)?;
                Some(&self.list[index].1)
            }
        }
    }

    /// Keeps `waker` at `place` and hands back the one that it replaces.
    pub(crate) fn put(&mut self, place: &mut Place<'_>, waker: Waker) -> Option<Waker> {
        let ticket = match place {
            Place::Slot => return self.slot.replace(waker),
            Place::List(ticket) => ticket,
        };
        if let Some(index) = ticket.and_then(|ticket| self.find(ticket)) {
            return Some(std::mem::replace(&mut self.list[index].1, waker));
        }
        let fresh = Ticket(self.next);
        self.next += 1;
        self.list.push((fresh, waker));
        **ticket = Some(fresh);
        None
    }

    /// Gives `place` back, with the waker that is still there.
    pub(crate) fn take(&mut self, place: &mut Place<'_>) -> Option<Waker> {
        match place {
            Place::Slot => self.slot.take(),
            Place::List(ticket) => {
                let index = self.find(ticket.take()?)?;
                Some(self.list.remove(index).1)
            }
        }
    }

    /// Moves every waker into `woken`, the slot first and then the list in the order of arrival.
    pub(crate) fn take_all(&mut self, woken: &mut Vec<Waker>) {
        if let Some(waker) = self.slot.take() {
            woken.push(waker);
        }
        if !self.list.is_empty() {
            woken.extend(self.list.drain(..).map(|(_, waker)| waker));
        }
    }

    /// How many wakers are kept.
    pub(crate) fn len(&self) -> usize {
        usize::from(self.slot.is_some()) + self.list.len()
    }

    fn find(&self, ticket: Ticket) -> Option<usize> {
        self.list
            .binary_search_by_key(&ticket.0, |(ticket, _)| ticket.0)
            .ok()
    }
}
