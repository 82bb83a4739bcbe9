//! `BlockingPool`: the handle that users hold.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use crate::builder::Builder;
use crate::executor::{Executor, Rejected};
use crate::handle::{JobError, JobHandle};
use crate::job::Job;
use crate::shared::{Entitlement, Shared};
use crate::stats::Stats;

/// Threads for blocking work, as many as there are jobs at once, up to a limit.
///
/// Cloning gives another handle to the same pool. When the last handle is dropped (permits and
/// waits for permits count), the pool is [closed](BlockingPool::close): jobs that were accepted
/// still run, nobody waits for them, and then the threads end. `main` does not wait for them
/// either: what must be finished needs [`shutdown`](BlockingPool::shutdown).
///
/// # Order
///
/// Jobs start in the order in which they were submitted. A job waits only while every thread
/// that the limit allows is busy, or the system refuses another thread.
///
/// # When the system refuses threads
///
/// With a thread alive, jobs wait in the queue for it, and later jobs make the pool try again,
/// at growing intervals, until it is as wide as before. With no thread alive, a submission is
/// rejected and gives the job back. Nothing panics.
///
/// # Jobs that wait for jobs
///
/// A job may use the pool that runs it: submit, join, close. [`JobHandle::join`] inside the
/// pool runs a job that has not started, so nested joins end at any width. Waiting in another
/// way (a channel, a `block_on`) for a job that is still queued needs a free thread: with as
/// many such waits as threads, nothing moves, which [`Stats::is_saturated`] shows.
///
/// # Panics in jobs
///
/// The panic hook reports a panic as for any thread, by the thread's name. The payload goes to
/// the handle of the job, if somebody holds it. The thread goes on, whatever else panics: the
/// destructor of the closure, of the result or of the payload, or a waker.
#[derive(Clone)]
pub struct BlockingPool(Arc<Owner>);

/// Closes the pool when the last handle goes. The threads hold only what is inside.
struct Owner {
    shared: Arc<Shared>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl BlockingPool {
    /// Makes a pool with the default settings; see [`Builder`] for each.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build_checked()
    }

    /// Starts with the default settings and lets you change them.
    ///
    /// ```
    /// use evloop_blocking::BlockingPool;
    ///
    /// let error = BlockingPool::builder().max_threads(0).build().unwrap_err();
    /// assert!(error.to_string().contains("`max_threads` is 0"));
    /// ```
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn from_shared(shared: Arc<Shared>) -> Self {
        Self(Arc::new(Owner { shared }))
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    /// Submits `work` and returns the handle of its result. The job does not wait for the
    /// handle to be polled.
    ///
    /// If the pool cannot take the job, `work` is dropped and the handle yields
    /// [`JobError::Rejected`]; use [`try_spawn`](BlockingPool::try_spawn) to keep it.
    ///
    /// # Examples
    ///
    /// ```
    /// use evloop_blocking::BlockingPool;
    ///
    /// let pool = BlockingPool::new();
    /// let handle = pool.spawn(|| std::fs::read_to_string("/no such file"));
    /// assert!(handle.join()?.is_err());
    /// # Ok::<(), evloop_blocking::JobError>(())
    /// ```
    ///
    /// # Cost
    ///
    /// One allocation and one short lock, at most one wake or one thread started, also for a
    /// burst: the threads of the pool fetch one another.
    #[doc(alias = "spawn_blocking")]
    #[doc(alias = "submit")]
    pub fn spawn<F, T>(&self, work: F) -> JobHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submit_or_reject(self.shared(), work, Entitlement::Free).0
    }

    /// Submits `work` and returns the handle of its result, or gives the job back.
    ///
    /// # Examples
    ///
    /// ```
    /// use evloop_blocking::BlockingPool;
    ///
    /// let pool = BlockingPool::new();
    /// pool.close();
    ///
    /// let rejected = pool.try_spawn(|| println!("on some thread")).unwrap_err();
    /// assert!(rejected.reason().is_shut_down());
    /// rejected.into_job().run();
    /// ```
    ///
    /// # Errors
    ///
    /// [`Rejected`] if the pool was shut down, the queue is full, or there is no thread and
    /// the system refuses to start one.
    pub fn try_spawn<F, T>(&self, work: F) -> Result<JobHandle<T>, Rejected>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submit(self.shared(), work, Entitlement::Free).map(|(handle, _)| handle)
    }

    /// Stops accepting jobs, without waiting.
    ///
    /// Jobs that were accepted still run; then the threads end. Closing again does nothing.
    pub fn close(&self) {
        self.shared().close();
    }

    /// Tells whether the pool was closed or shut down.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared().crew().is_closed()
    }

    /// The numbers of the pool at this instant.
    ///
    /// ```
    /// use evloop_blocking::BlockingPool;
    ///
    /// let pool = BlockingPool::builder().max_threads(2).build()?;
    /// assert_eq!(pool.stats().n_threads, 0);
    /// pool.spawn(|| {}).join()?;
    /// assert!(pool.stats().n_threads <= 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared().crew().stats()
    }
}

// A panic can leave nothing half done in a pool: all its changes are made under a lock, where no
// foreign code runs.
impl UnwindSafe for BlockingPool {}
impl RefUnwindSafe for BlockingPool {}

impl Default for BlockingPool {
    fn default() -> Self {
        Self::new()
    }
}

impl Executor for BlockingPool {
    fn execute(&self, job: Job) -> Result<(), Rejected> {
        self.shared().submit(job, Entitlement::Free).map(drop)
    }
}

impl fmt::Debug for BlockingPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let crew = self.shared().crew();
        let (stats, is_closed) = (crew.stats(), crew.is_closed());
        drop(crew);
        f.debug_struct("BlockingPool")
            .field("name", &self.shared().config.name)
            .field("stats", &stats)
            .field("is_closed", &is_closed)
            .finish()
    }
}

/// Submits `work`; tells too whether a reserved place was used up.
pub(crate) fn submit<F, T>(
    shared: &Arc<Shared>,
    work: F,
    entitlement: Entitlement,
) -> Result<(JobHandle<T>, bool), Rejected>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (job, mut handle) = Job::with_handle(work);
    let ticket = shared.submit(job, entitlement)?;
    if let Some(ticket) = ticket {
        handle.queued_in(shared, ticket);
    }
    Ok((handle, ticket.is_some()))
}

/// Submits `work`; a refusal is found in the handle.
pub(crate) fn submit_or_reject<F, T>(
    shared: &Arc<Shared>,
    work: F,
    entitlement: Entitlement,
) -> (JobHandle<T>, bool)
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    submit(shared, work, entitlement).unwrap_or_else(|rejected| {
        // The job is dropped here, on the thread of the caller, and its own handle is gone.
        let (_, reason) = rejected.into_parts();
        (JobHandle::failed(JobError::Rejected(reason)), false)
    })
}
