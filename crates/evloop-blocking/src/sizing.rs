//! Decides whether the pool needs another pair of hands. Pure: numbers in, a verdict out.

#[cfg(test)]
mod tests;

/// What the crew looks like at one instant, under the lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Census {
    /// Jobs that wait.
    pub(crate) n_queued: usize,
    /// Threads that were rung or started and have not looked at the queue yet.
    pub(crate) n_coming: usize,
    /// Threads that are asleep.
    pub(crate) n_idle: usize,
    /// All threads, including those whose start is still under way.
    pub(crate) n_threads: usize,
    pub(crate) max_threads: usize,
}

/// What to do about the jobs that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing: no job waits, somebody is coming, or the limit is reached.
    Leave,
    /// Wake a thread that is asleep.
    Ring,
    /// Start a thread, unless the system has just refused.
    Start,
}

/// Decides, after a job was queued or taken, whether to send for one more thread.
///
/// At most one thread is on its way at any time, and whoever arrives and takes a job asks
/// again for the rest. So a burst costs the submitting thread one wake, and the woken ones
/// fetch one another. A thread that is on its way is relied on by nobody but the jobs in the
/// queue as a whole: it is never promised to two jobs, because taking one asks again.
pub(crate) fn decide(census: Census) -> Verdict {
    if census.n_queued == 0 || census.n_coming > 0 {
        Verdict::Leave
    } else if census.n_idle > 0 {
        Verdict::Ring
    } else if census.n_threads < census.max_threads {
        Verdict::Start
    } else {
        Verdict::Leave
    }
}

/// Chances to start a thread that are let pass after many refusals.
const MAX_CHANCES_SKIPPED: u32 = 63;

/// Slows down attempts to start threads while the system refuses them.
///
/// Counted in chances, not in time: 0, 1, 3, 7 … 63 chances pass between attempts, and one
/// success forgets all refusals. An attempt that fails costs tens of microseconds on the
/// submitting thread, which must not be paid for every job.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    n_refusals: u32,
    n_to_skip: u32,
}

impl Backoff {
    /// Uses up one chance, and tells whether it should be taken.
    pub(crate) fn should_try(&mut self) -> bool {
        let now = self.n_to_skip == 0;
        self.n_to_skip = self.n_to_skip.saturating_sub(1);
        now
    }

    pub(crate) fn note_success(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn note_refusal(&mut self) {
        self.n_to_skip = (1 << self.n_refusals.min(6)) - 1;
        debug_assert!(self.n_to_skip <= MAX_CHANCES_SKIPPED);
        self.n_refusals = self.n_refusals.saturating_add(1);
    }
}
