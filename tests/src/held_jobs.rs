//! An executor that runs its jobs when it is told to.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use evloop::{Executor, Job, Rejected};

/// Keeps the jobs it is given until [`HeldJobs::run_all`]. Clones mean the same executor.
#[derive(Clone, Default)]
pub struct HeldJobs(Arc<Mutex<Vec<Job>>>);

impl HeldJobs {
    /// An executor that holds nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs what it holds, in order, on another thread, and waits for that thread.
    ///
    /// # Panics
    ///
    /// When a job does, or when the system starts no thread.
    pub fn run_all(&self) {
        let jobs = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let run = move || jobs.into_iter().for_each(Job::run);
        let thread = thread::Builder::new()
            .name("held-jobs".to_owned())
            .spawn(run);
        thread
            .expect("the system has a thread")
            .join()
            .expect("jobs catch their panics");
    }
}

impl Executor for HeldJobs {
    fn execute(&self, job: Job) -> Result<(), Rejected> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(job);
        Ok(())
    }
}

impl fmt::Debug for HeldJobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldJobs").finish_non_exhaustive()
    }
}
