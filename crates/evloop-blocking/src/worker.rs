//! One thread of the pool, from its start to its leaving.

use std::sync::Arc;

use crate::containment::{contain, wake_all};
use crate::crew::Seat;
use crate::job::Job;
use crate::shared::Shared;
use crate::sync::{CURRENT_POOL, Mutex, lock};

/// Tells whether the calling thread is one of that pool.
pub(crate) fn is_inside(shared: &Arc<Shared>) -> bool {
    // A destructor of another thread-local may ask after ours is gone: then it is too late to
    // matter.
    CURRENT_POOL
        .try_with(|current| current.get() == Arc::as_ptr(shared).addr())
        .unwrap_or(false)
}

/// The body of a thread. Dropping it, run or not, takes the thread off the crew.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    seat: Seat,
    /// Shared with the starter, who takes the job back if the start is refused.
    first: Option<Arc<Mutex<Option<Job>>>>,
    has_left: bool,
}

impl Worker {
    pub(crate) fn new(
        shared: Arc<Shared>,
        seat: Seat,
        first: Option<Arc<Mutex<Option<Job>>>>,
    ) -> Self {
        Self {
            shared,
            seat,
            first,
            has_left: false,
        }
    }

    pub(crate) fn run(mut self) {
        CURRENT_POOL.with(|current| current.set(Arc::as_ptr(&self.shared).addr()));
        let first = self.first.take().and_then(|hand| lock(&hand).take());
        if let Some(job) = first {
            contain(|| job.run());
        }
        self.work();
    }

    /// Takes jobs until there were none for the keep-alive time, or the pool has closed.
    fn work(&mut self) {
        let shared = Arc::clone(&self.shared);
        let seat = self.seat;
        let mut crew = shared.crew();
        let bell = crew.bell(seat);
        crew.arrive(seat);
        let mut is_time_up = false;
        loop {
            // The queue is looked at also when the time is up: while a start was under way
            // nobody rang, and that start may have been refused.
            if let Some(taken) = crew.take(seat) {
                let help = crew.call_help();
                drop(crew);
                wake_all(taken.granted);
                shared.fetch(help);
                contain(|| taken.job.run());
                crew = shared.crew();
                crew.arrive(seat);
                is_time_up = false;
            } else if is_time_up || crew.is_closed() {
                let news = crew.leave(seat);
                self.has_left = true;
                drop(crew);
                return shared.spread(news);
            } else {
                crew.rest(seat);
                crew = shared.sleep(crew, seat, &bell);
                is_time_up = crew.is_resting(seat);
                crew.arrive(seat);
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if !self.has_left {
            let news = self.shared.crew().leave(self.seat);
            self.shared.spread(news);
        }
    }
}
