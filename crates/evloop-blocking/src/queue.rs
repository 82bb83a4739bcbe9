//! The jobs that wait for a thread: first in, first out, and any one can be taken back.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

/// Names one entry of one queue; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// Empty entries that are not worth a pass over the queue.
const DEAD_ENTRIES_ALLOWED: usize = 32;

/// Spare capacity kept when the pool has no threads left.
const CAPACITY_AT_REST: usize = 64;

/// A FIFO queue whose entries can be removed by ticket.
///
/// An entry that is removed from the middle stays as an empty one, so that the others need not
/// move. Neither end is ever empty, and empty entries never outnumber the full ones by more
/// than a constant, so memory follows the number of jobs that really wait.
pub(crate) struct JobQueue<J> {
    /// Tickets ascend from front to back.
    entries: VecDeque<Entry<J>>,
    next_ticket: u64,
    n_jobs: usize,
}

struct Entry<J> {
    ticket: Ticket,
    /// `None` after `remove`.
    job: Option<J>,
}

impl<J> JobQueue<J> {
    pub(crate) fn new() -> Self {
        Self {
            entries: VecDeque::new(),
            next_ticket: 0,
            n_jobs: 0,
        }
    }

    /// How many jobs wait.
    pub(crate) fn len(&self) -> usize {
        self.n_jobs
    }

    pub(crate) fn push(&mut self, job: J) -> Ticket {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        let job = Some(job);
        self.entries.push_back(Entry { ticket, job });
        self.n_jobs += 1;
        ticket
    }

    pub(crate) fn pop(&mut self) -> Option<J> {
        let job = self.entries.pop_front()?.job;
        debug_assert!(job.is_some(), "the front entry is never empty");
        self.n_jobs -= 1;
        self.trim();
        job
    }

    /// Takes one job out of turn, if it still waits.
    pub(crate) fn remove(&mut self, ticket: Ticket) -> Option<J> {
        let index = self
            .entries
            .binary_search_by_key(&ticket, |entry| entry.ticket);
        let job = self.entries.get_mut(index.ok()?)?.job.take()?;
        self.n_jobs -= 1;
        self.trim();
        if self.entries.len() - self.n_jobs > self.n_jobs + DEAD_ENTRIES_ALLOWED {
            // At least as many removals as entries looked at: O(1) per removal, amortized.
            self.entries.retain(|entry| entry.job.is_some());
        }
        Some(job)
    }

    /// Takes everything out, in order.
    pub(crate) fn drain(&mut self) -> Vec<J> {
        self.n_jobs = 0;
        self.entries
            .drain(..)
            .filter_map(|entry| entry.job)
            .collect()
    }

    /// Returns the memory of a past burst.
    pub(crate) fn shrink(&mut self) {
        self.entries.shrink_to(CAPACITY_AT_REST);
    }

    /// Restores the rule that neither end is empty.
    fn trim(&mut self) {
        while self
            .entries
            .front()
            .is_some_and(|entry| entry.job.is_none())
        {
            self.entries.pop_front();
        }
        while self.entries.back().is_some_and(|entry| entry.job.is_none()) {
            self.entries.pop_back();
        }
    }
}
