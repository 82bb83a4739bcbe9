//! `Executor`: where blocking work is sent, and what a refusal says.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::job::Job;
use crate::sync::{Mutex, PoisonError};

/// Where `run_in_executor` sends blocking work: the pool of this crate, or your own.
///
/// An implementation must either arrange for [`job.run()`](Job::run) to be called once, on
/// another thread and without waiting for it, or give the job back in [`Rejected`].
///
/// # An adapter for rayon
///
/// ```
/// use evloop_blocking::{Executor, Job, Rejected};
///
/// struct Rayon(rayon::ThreadPool);
///
/// impl Executor for Rayon {
///     fn execute(&self, job: Job) -> Result<(), Rejected> {
///         // rayon aborts the process when a spawned closure panics and the pool has no
///         // panic handler. Jobs with a handle carry the panic to it and never unwind.
///         self.0.spawn(move || job.run());
///         Ok(())
///     }
/// }
///
/// let rayon = Rayon(rayon::ThreadPoolBuilder::new().num_threads(2).build()?);
/// let (job, handle) = Job::with_handle(|| rayon::current_num_threads());
/// rayon.execute(job)?;
/// assert_eq!(handle.join()?, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Executor: Send + Sync {
    /// Takes the job, to be run once on another thread.
    ///
    /// # Errors
    ///
    /// [`Rejected`] holds the job and the reason, if the executor does not take it.
    fn execute(&self, job: Job) -> Result<(), Rejected>;
}

impl<E: Executor + ?Sized> Executor for &E {
    fn execute(&self, job: Job) -> Result<(), Rejected> {
        E::execute(self, job)
    }
}

impl<E: Executor + ?Sized> Executor for Arc<E> {
    fn execute(&self, job: Job) -> Result<(), Rejected> {
        E::execute(self, job)
    }
}

impl<E: Executor + ?Sized> Executor for Box<E> {
    fn execute(&self, job: Job) -> Result<(), Rejected> {
        E::execute(self, job)
    }
}

/// A job that an executor did not take, with the reason. The job has not run.
///
/// # Examples
///
/// ```
/// use evloop_blocking::{BlockingPool, Executor, Job};
///
/// let pool = BlockingPool::new();
/// pool.close();
///
/// let rejected = pool.execute(Job::new(|| {})).unwrap_err();
/// assert!(rejected.reason().is_shut_down());
/// rejected.into_job().run(); // Nothing is lost: run it here, or elsewhere.
/// ```
pub struct Rejected {
    /// Behind a lock only so that the error stays `Sync`; never locked while shared.
    job: Mutex<Job>,
    reason: RejectedReason,
}

impl Rejected {
    /// Gives `job` back for `reason`.
    #[must_use]
    pub fn new(job: Job, reason: RejectedReason) -> Self {
        Self {
            job: Mutex::new(job),
            reason,
        }
    }

    /// Why the job was not taken.
    #[must_use]
    pub fn reason(&self) -> &RejectedReason {
        &self.reason
    }

    /// The job, as it was handed in.
    #[must_use]
    pub fn into_job(self) -> Job {
        self.into_parts().0
    }

    pub(crate) fn into_parts(self) -> (Job, RejectedReason) {
        let job = self.job.into_inner();
        (job.unwrap_or_else(PoisonError::into_inner), self.reason)
    }
}

impl fmt::Debug for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected")
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to submit a blocking job: {}", self.reason)
    }
}

impl Error for Rejected {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.reason.source()
    }
}

/// Why an executor did not take a job. `Display` says what to do about it.
#[derive(Debug)]
pub struct RejectedReason(Kind);

#[derive(Debug)]
enum Kind {
    ShutDown { executor: String },
    QueueFull { executor: String, limit: usize },
    NoThreads { executor: String, cause: io::Error },
    Other(Box<dyn Error + Send + Sync>),
}

impl RejectedReason {
    /// The executor named `executor` was shut down.
    pub fn shut_down(executor: impl Into<String>) -> Self {
        let executor = executor.into();
        Self(Kind::ShutDown { executor })
    }

    /// The queue of the executor named `executor` holds its limit of jobs.
    pub fn queue_full(executor: impl Into<String>, limit: usize) -> Self {
        let executor = executor.into();
        Self(Kind::QueueFull { executor, limit })
    }

    /// The executor named `executor` has no thread and the system refused to start one.
    pub fn no_threads(executor: impl Into<String>, cause: io::Error) -> Self {
        let executor = executor.into();
        Self(Kind::NoThreads { executor, cause })
    }

    /// Any other reason, of an executor of your own.
    pub fn other(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Kind::Other(cause.into()))
    }

    /// Tells whether the executor was shut down: no later attempt will succeed.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        matches!(self.0, Kind::ShutDown { .. })
    }

    /// Tells whether the queue was full: an attempt may succeed when jobs have started.
    #[must_use]
    pub fn is_queue_full(&self) -> bool {
        matches!(self.0, Kind::QueueFull { .. })
    }

    /// Tells whether there was no thread to run it: an attempt may succeed later.
    #[must_use]
    pub fn is_no_threads(&self) -> bool {
        matches!(self.0, Kind::NoThreads { .. })
    }
}

impl fmt::Display for RejectedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::ShutDown { executor } => write!(
                f,
                "`{executor}` was shut down; submit before the shutdown, or to another executor"
            ),
            Kind::QueueFull { executor, limit } => write!(
                f,
                "the queue of `{executor}` holds its limit of {limit} jobs; await `reserve()` \
                 before submitting, or raise `queue_limit`"
            ),
            Kind::NoThreads { executor, cause } => write!(
                f,
                "`{executor}` has no thread and could not start one: {cause}; submit again \
                 later, or raise the thread and memory limits of the process"
            ),
            Kind::Other(cause) => cause.fmt(f),
        }
    }
}

impl Error for RejectedReason {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::NoThreads { cause, .. } => Some(cause),
            Kind::Other(cause) => cause.source(),
            Kind::ShutDown { .. } | Kind::QueueFull { .. } => None,
        }
    }
}
