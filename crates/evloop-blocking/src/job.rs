//! `Job`: one closure, to be run once, somewhere else.

use std::fmt;
use std::sync::Arc;

use crate::handle::JobHandle;
use crate::slot::{Run, Slot};

/// A unit of blocking work, handed to an [`Executor`](crate::Executor) exactly once.
///
/// A job made by [`new`](Job::new) that is dropped without having run is simply gone. One
/// made by [`with_handle`](Job::with_handle) tells its handle:
/// [`JobError::ShutDown`](crate::JobError::ShutDown).
///
/// # Examples
///
/// ```
/// use std::sync::mpsc;
/// use evloop_blocking::Job;
///
/// let (tx, rx) = mpsc::channel();
/// let job = Job::new(move || tx.send("done").unwrap());
/// job.run();
/// assert_eq!(rx.recv(), Ok("done"));
/// ```
pub struct Job(Option<Work>);

enum Work {
    /// A bare closure.
    Closure(Box<dyn FnOnce() + Send>),
    /// A closure that shares its one allocation with the handle of its result.
    Slot(Arc<dyn Run>),
}

impl Job {
    /// Makes a job of a closure whose result nobody asks for.
    ///
    /// # Cost
    ///
    /// One allocation, none for a closure that captures nothing.
    pub fn new(work: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Work::Closure(Box::new(work))))
    }

    /// Makes a job together with the handle of its result, for an executor of any kind.
    ///
    /// # Examples
    ///
    /// ```
    /// use evloop_blocking::{BlockingPool, Executor, Job};
    ///
    /// fn answer(executor: &dyn Executor) -> Result<u32, Box<dyn std::error::Error>> {
    ///     let (job, handle) = Job::with_handle(|| 6 * 7);
    ///     executor.execute(job)?;
    ///     Ok(handle.join()?)
    /// }
    ///
    /// assert_eq!(answer(&BlockingPool::new())?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Cost
    ///
    /// One allocation for both.
    pub fn with_handle<F, T>(work: F) -> (Self, JobHandle<T>)
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let slot = Arc::new(Slot::new(work));
        let job = Self(Some(Work::Slot(Arc::<Slot<F, T>>::clone(&slot))));
        (job, JobHandle::new(slot))
    }

    /// Runs the job on the calling thread.
    ///
    /// # Panics
    ///
    /// A job made by [`new`](Job::new) panics as its closure does; a
    /// [`BlockingPool`](crate::BlockingPool) survives that, and an executor of your own must
    /// decide. A job made by [`with_handle`](Job::with_handle) does not panic: the payload
    /// goes to its handle.
    pub fn run(mut self) {
        match self.0.take() {
            Some(Work::Closure(work)) => work(),
            Some(Work::Slot(slot)) => slot.run(),
            None => {}
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if let Some(Work::Slot(slot)) = self.0.take() {
            slot.abandon();
        }
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Some(Work::Closure(_)) => "Job(closure)",
            Some(Work::Slot(_)) => "Job(closure with handle)",
            None => "Job(run)",
        })
    }
}
