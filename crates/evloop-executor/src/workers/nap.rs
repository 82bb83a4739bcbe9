//! A worker's sleep, from the announcement to the end.

use std::fmt;
use std::time::Duration;

use super::roles::Depth;
use super::worker::{Role, Worker};
use crate::sync::{Ordering, fence};

/// A worker that is about to sleep, and counts as sleeping.
///
/// It ends when this is dropped: after [`park`](Self::park), or a wait
/// [`elsewhere`](Self::elsewhere), or neither.
#[must_use = "the worker counts as sleeping until this is dropped"]
pub struct Nap<'a> {
    worker: &'a Worker,
    depth: Depth,
}

impl<'a> Nap<'a> {
    pub(super) fn begin(worker: &'a Worker) -> Option<Self> {
        let pool = worker.pool;
        // Before the announcement: what is pinned does not show in the pool's queues, and this worker would
        // seem to have nothing to do.
        if worker.has_own_work() {
            return None;
        }
        let was_searching = worker.role() == Role::Searching;
        let depth = pool
            .roles
            .sleep(worker.slot().index, was_searching, |n_finds| {
                worker.vigil.would_watch(n_finds)
            });
        let nap = Self { worker, depth };
        // Between the announcement and the last look: see the argument of the pool.
        fence(Ordering::SeqCst);
        if !pool.injector.is_empty() || worker.has_own_work() || worker.is_closing() {
            return None;
        }
        pool.note_end();
        Some(nap)
    }

    /// How long it may last: for ever, or a while if this is the worker that watches.
    #[must_use]
    pub fn limit(&self) -> Option<Duration> {
        match self.depth {
            Depth::Deep => None,
            Depth::Light => Some(self.worker.vigil.nap()),
        }
    }

    fn shorter(&self, limit: Option<Duration>) -> Option<Duration> {
        match (self.limit(), limit) {
            (Some(own), Some(limit)) => Some(own.min(limit)),
            (own, limit) => own.or(limit),
        }
    }

    /// Sleeps until the worker is woken, at most `limit`. Says whether it was not woken.
    pub fn park(self, limit: Option<Duration>) -> bool {
        let limit = self.shorter(limit);
        let sleeper = &self.worker.slot().sleeper;
        if let Some(parker) = &self.worker.parker {
            sleeper.park(parker, limit);
        }
        !sleeper.is_woken()
    }

    /// Sleeps in `wait`, which is given the longest that it may last, unless the worker was woken
    /// before. The waker of [`Worker::set_elsewhere`] ends it.
    pub fn elsewhere(self, limit: Option<Duration>, wait: impl FnOnce(Option<Duration>)) {
        let limit = self.shorter(limit);
        self.worker.slot().sleeper.wait_elsewhere(|| wait(limit));
    }
}

impl Drop for Nap<'_> {
    fn drop(&mut self) {
        let worker = self.worker;
        let was_called = worker.pool.roles.wake_up(worker.slot().index);
        // In this order: in between the other way round it would seem to sleep and to have nothing to do,
        // and a clock might jump over what it was woken for.
        worker.slot().sleeper.wake_up();
        worker.set_searching();
        worker.vigil.wake_up(self.depth, was_called);
    }
}

impl fmt::Debug for Nap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nap")
            .field("worker", &self.worker.index())
            .field("limit", &self.limit())
            .finish()
    }
}
