//! Looking for work at other workers'.
//!
//! A lone or young job belongs to the one who pushed it, and is run by it in a moment. So a queue is
//! stolen from only when its owner calls for help, when it has been long at two looks, or when its
//! position has not moved between two looks: then the owner is in the midst of a long step.

use std::ptr::NonNull;

use crate::ring::{MOST_STOLEN, Ring};

use super::pool::Pool;
use super::seat::Seat;

/// The time between two looks that decide; nanoseconds.
const APART: u64 = 10_000;

/// A queue that stands still for so long is stolen from even where stealing has not been worth it.
pub(crate) const STUCK: u64 = 1_000_000;

/// What one worker has seen of another.
#[derive(Clone, Copy, Debug, Default)]
struct Look {
    position: usize,
    /// When this position was first seen with jobs behind it; `None` when there were none.
    standing_since: Option<u64>,
    long_since: Option<u64>,
}

impl Look {
    /// Looks at a queue; says whether it may be stolen from now.
    fn at(&mut self, ring: &Ring, now: u64, is_bad: bool) -> bool {
        let n_queued = ring.len();
        if n_queued == 0 {
            *self = Self::default();
            return false;
        }
        let position = ring.position();
        if position != self.position || self.standing_since.is_none() {
            self.position = position;
            self.standing_since = Some(now);
        }
        if n_queued == 1 {
            self.long_since = None;
        } else if self.long_since.is_none() {
            self.long_since = Some(now);
        }
        let lasts = |since: Option<u64>| since.map_or(0, |since| now.saturating_sub(since));
        let standing = lasts(self.standing_since);
        if is_bad {
            return standing >= STUCK;
        }
        standing >= APART || lasts(self.long_since) >= APART
    }
}

/// What a look at all others has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Jobs, which are in the searcher's own ring now.
    Jobs(usize),
    /// Queues that are left alone for now.
    Others,
    Nothing,
}

/// What one worker knows of the others.
#[derive(Debug)]
pub(crate) struct Search {
    looks: Box<[Look]>,
    /// Where the next search begins.
    first: usize,
    /// Room for what is stolen.
    taken: Vec<NonNull<()>>,
}

impl Search {
    pub(crate) fn new(n_workers: usize, own: usize) -> Self {
        Self {
            looks: vec![Look::default(); n_workers].into(),
            first: own + 1,
            taken: Vec::with_capacity(MOST_STOLEN),
        }
    }

    /// For a worker that is busy itself: steals from a queue that has not moved for long, whose owner nobody
    /// may be idle to stand in for. Returns how many jobs.
    pub(crate) fn rescue(&mut self, pool: &'static Pool, seat: Seat, now: u64) -> usize {
        let own = seat.slot().index;
        for (index, victim) in pool.slots.iter().enumerate() {
            if index == own || !self.looks[index].at(&victim.ring, now, true) {
                continue;
            }
            let n_stolen = seat.steal(victim, &mut self.taken);
            if n_stolen > 0 {
                self.looks[index] = Look::default();
                return n_stolen;
            }
        }
        0
    }

    /// Looks at each of the others once, and steals from the first that it may.
    pub(crate) fn look(&mut self, pool: &'static Pool, seat: Seat, now: u64) -> Found {
        let n_workers = pool.slots.len();
        let is_bad = pool.thrift.is_bad(now);
        let mut found = Found::Nothing;
        for step in 0..n_workers {
            let index = (self.first + step) % n_workers;
            let victim = &pool.slots[index];
            if index == seat.slot().index {
                continue;
            }
            let is_called = victim.pace.answer_call();
            if !self.looks[index].at(&victim.ring, now, is_bad) && !is_called {
                if !victim.ring.is_empty() {
                    found = Found::Others;
                }
                continue;
            }
            let n_stolen = seat.steal(victim, &mut self.taken);
            if n_stolen > 0 {
                self.looks[index] = Look::default();
                self.first = index;
                return Found::Jobs(n_stolen);
            }
        }
        found
    }
}
