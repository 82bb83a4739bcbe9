//! `Stats`: the numbers of a pool at one instant.

/// The numbers of a pool at one instant. All but the limit are zero when it rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Threads that exist, including those that are starting or about to end.
    pub n_threads: usize,
    /// Threads that are asleep, waiting for work.
    pub n_idle: usize,
    /// Jobs that have started and not ended.
    pub n_running: usize,
    /// Jobs that wait for a thread.
    pub n_queued: usize,
    /// The limit of `n_threads`.
    pub max_threads: usize,
}

impl Stats {
    /// Tells whether jobs wait although every thread that the limit allows has one.
    ///
    /// For a moment that is normal. A pool that stays so, with the same jobs, is too small for
    /// jobs that block this long, or its running jobs wait for queued ones.
    #[must_use]
    pub fn is_saturated(&self) -> bool {
        self.n_queued > 0 && self.n_running == self.max_threads
    }
}
