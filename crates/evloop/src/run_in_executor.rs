//! Blocking work on threads: `run_in_executor` and `to_thread`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use evloop_blocking::{Abandoned, BlockingPool, Executor, Job, JobError, JobHandle};
use evloop_executor::ExecutorHandle;
use evloop_task::{ContextSnapshot, JoinError, Promise, current_scheduler, report_panic};

use crate::error::LoopClosed;
use crate::handle::Handle;
use crate::shared::{DefaultExecutor, lock};

impl Handle {
    /// Runs `work` on another thread; its result arrives in the returned promise, in a turn of this
    /// loop. The work starts now, whether or not anybody awaits.
    ///
    /// `None` is the loop's default executor, made at the first use. A panic of `work` is the
    /// promise's error. Cancelling the promise succeeds at once; the work is skipped if it has not
    /// started, and goes on unheard otherwise. Context variables are not
    /// passed on, as in asyncio; [`to_thread`](crate::to_thread) does.
    ///
    /// Awaiting a promise gives each awaiter a clone. For a result that is not `Clone`, as most
    /// `io::Result`s are, use [`to_thread`](crate::to_thread), or [`Promise::wait`] for a reference:
    ///
    /// ```
    /// use evloop::{Handle, to_thread};
    ///
    /// evloop::run(async {
    ///     let sum = Handle::current().run_in_executor(None, || (1..=100).sum::<u32>());
    ///     assert_eq!(sum.await.unwrap(), 5050);
    ///
    ///     let missing = to_thread(|| std::fs::read_to_string("no such file")).await;
    ///     assert!(missing.unwrap().is_err());
    /// });
    /// ```
    ///
    /// When the loop is closed, or the executor refuses, the promise fails at once and says why.
    ///
    /// # Panics
    ///
    /// When `executor` does.
    ///
    /// # Cancel safety
    ///
    /// Dropping an await, or the promise, loses nothing: the work is done all the same. A cancel
    /// request to who awaits the promise cancels it: work that has not begun is never done, the
    /// result of other work is dropped.
    pub fn run_in_executor<F, T>(&self, executor: Option<&dyn Executor>, work: F) -> Promise<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + Sync + 'static,
    {
        let promise = self.create_future();
        let outcome = Outcome {
            delivery: Some(Delivery {
                promise: promise.clone(),
                result: None,
            }),
            executor: self.shared().executor,
        };
        let job = Job::new(move || outcome.fill(work));
        if let Err((refusal, job)) = self.execute(executor, job) {
            // First: dropping the job has another thread cancel the promise, perhaps at once.
            let _already_done = promise.set_exception(refusal);
            drop(job);
        }
        promise
    }

    /// Hands a job to `executor`, or to the default one; gives it back with what is in the way.
    pub(crate) fn execute(
        &self,
        executor: Option<&dyn Executor>,
        job: Job,
    ) -> Result<(), (Refusal, Job)> {
        if self.is_closed() {
            return Err((LoopClosed.into(), job));
        }
        let ended = match executor {
            Some(executor) => executor.execute(job),
            None => match self.default_executor() {
                Ok(executor) => executor.execute(job),
                Err(refusal) => return Err((refusal, job)),
            },
        };
        // Only the text is kept: the error itself carries the job, which holds the promise.
        ended.map_err(|rejected| (rejected.to_string().into(), rejected.into_job()))
    }

    /// The default executor, made if need be.
    fn default_executor(&self) -> Result<Arc<dyn Executor>, Refusal> {
        let mut place = lock(&self.shared().default_executor);
        match &*place {
            DefaultExecutor::Given(executor) => Ok(Arc::clone(executor)),
            DefaultExecutor::Own(pool) => Ok(Arc::<BlockingPool>::clone(pool)),
            DefaultExecutor::Unmade => {
                let pool = BlockingPool::builder().thread_name("evloop").build()?;
                let pool = Arc::new(pool);
                *place = DefaultExecutor::Own(Arc::clone(&pool));
                Ok(pool)
            }
            DefaultExecutor::ShutDown(_) => Err("the default executor has been shut down".into()),
        }
    }

    /// Replaces the default executor. One that the loop had made is let go: it finishes its work.
    pub fn set_default_executor(&self, executor: impl IntoExecutor) {
        let given = DefaultExecutor::Given(executor.into_executor());
        let old = std::mem::replace(&mut *lock(&self.shared().default_executor), given);
        drop(old);
    }

    /// Waits for the work of the default executor to end, at most `timeout`, and ends it;
    /// `run_in_executor(None, ..)` fails from here on. An executor that was given by the user is
    /// only forgotten: it is the user's to end.
    ///
    /// # Errors
    ///
    /// [`Abandoned`] says what had not ended in time; those threads go on by themselves.
    ///
    /// # Cancel safety
    ///
    /// Dropping it once it has been polled loses nothing but the report: the executor is shut down.
    /// Dropped before that, it does nothing.
    pub async fn shutdown_default_executor(&self, timeout: Duration) -> Result<(), Abandoned> {
        let Some(pool) = self.end_default_executor() else {
            return Ok(());
        };
        let ending = pool.shutdown_async();
        match self.shared().time.deadline(timeout, ending).await {
            Ok(ended) => ended,
            Err(_elapsed) => pool.shutdown(Duration::ZERO),
        }
    }

    /// As [`Handle::shutdown_default_executor`], on a thread that waits: by the system's clock, as there
    /// need be nobody left to fire a timer. Called in a job of that executor it does not wait.
    pub(crate) fn wait_for_default_executor(&self, timeout: Duration) -> Result<(), Abandoned> {
        let pool = self.end_default_executor();
        pool.map_or(Ok(()), |pool| pool.shutdown(timeout))
    }

    /// Lets the default executor go without waiting.
    pub(crate) fn close_default_executor(&self) {
        if let Some(pool) = self.end_default_executor() {
            pool.close();
        }
    }

    /// Refuses further work; gives the loop's own pool, if it made one. A user's is forgotten.
    fn end_default_executor(&self) -> Option<BlockingPool> {
        let mut place = lock(&self.shared().default_executor);
        let pool = match &*place {
            DefaultExecutor::Own(pool) => Some(BlockingPool::clone(pool)),
            DefaultExecutor::ShutDown(pool) => pool.clone(),
            DefaultExecutor::Unmade | DefaultExecutor::Given(_) => None,
        };
        let old = std::mem::replace(&mut *place, DefaultExecutor::ShutDown(pool.clone()));
        drop(place);
        report_panic(current_scheduler(), "dropping the default executor", || {
            drop(old)
        });
        pool
    }
}

/// Why an executor did not take a job.
type Refusal = Box<dyn std::error::Error + Send + Sync>;

/// What can be a default executor: an [`Executor`], or an `Arc` of one.
pub trait IntoExecutor {
    /// The executor, shared.
    fn into_executor(self) -> Arc<dyn Executor>;
}

impl<E: Executor + 'static> IntoExecutor for E {
    fn into_executor(self) -> Arc<dyn Executor> {
        Arc::new(self)
    }
}

/// Brings a result, or the news that there will be none, to the promise by way of the loop.
struct Outcome<T: Send + Sync + 'static> {
    /// Taken by the drop.
    delivery: Option<Delivery<T>>,
    /// And no handle of the loop, whose count all threads of the pool would fight over.
    executor: ExecutorHandle,
}

impl<T: Send + Sync + 'static> Outcome<T> {
    fn fill(mut self, work: impl FnOnce() -> T) {
        if let Some(delivery) = self.delivery.as_mut().filter(|it| !it.promise.done()) {
            delivery.result = Some(catch_unwind(AssertUnwindSafe(work)));
        }
    }
}

impl<T: Send + Sync + 'static> Drop for Outcome<T> {
    fn drop(&mut self) {
        let delivery = self.delivery.take();
        // A closed loop drops the callback, and that delivers as well: nobody waits for ever.
        let _closed = self.executor.call_soon(move || drop(delivery));
    }
}

/// Sets the promise when it is dropped: in a turn of the loop, or where the loop was found closed.
struct Delivery<T> {
    promise: Promise<T>,
    result: Option<std::thread::Result<T>>,
}

impl<T> Drop for Delivery<T> {
    fn drop(&mut self) {
        let result = match self.result.take() {
            Some(worked) => {
                worked.map_err(|payload| JoinError::from_panic(payload, "work in an executor"))
            }
            None => Err(JoinError::from_cancel(
                "the executor dropped the work without running it",
            )),
        };
        let _cancelled_meanwhile = self.promise.set(result);
    }
}

/// Runs `work` on a thread of the running loop's default executor and waits for it.
///
/// Nothing starts before it is awaited. Unlike [`Handle::run_in_executor`] it needs no `Clone`, and
/// `work` runs in a copy of the task's [`Context`](crate::Context).
///
/// ```
/// let length = evloop::run(async { evloop::to_thread(|| "blocking".len()).await });
/// assert_eq!(length.unwrap(), 8);
/// ```
///
/// # Errors
///
/// [`JoinError`]: `work` panicked, or no thread could take it.
///
/// # Cancel safety
///
/// Dropped before its first poll it does nothing. After that the work is handed over: dropping it, and
/// a cancel request, which waits for no thread, take back work that has not begun; other work is done,
/// and its result is dropped.
///
/// # Panics
///
/// When no loop runs on this thread.
#[doc(alias = "spawn_blocking")]
pub async fn to_thread<F, T>(work: F) -> Result<T, JoinError>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let context = ContextSnapshot::take();
    let (job, result) = Job::with_handle(move || context.run(work));
    let mut result = TakenBack(result);
    let executed = Handle::current().execute(None, job);
    executed.map_err(|(refusal, _job)| JoinError::Failed(Arc::from(refusal)))?;
    (&mut result.0).await.map_err(|error| match error {
        JobError::Panicked(payload) => {
            JoinError::from_panic(payload.into_inner(), "work in an executor")
        }
        error => JoinError::from_cancel(error.to_string()),
    })
}

/// A job that is taken back, if it has not begun, when nobody waits for it any more.
struct TakenBack<T>(JobHandle<T>);

impl<T> Drop for TakenBack<T> {
    fn drop(&mut self) {
        // Too late when the work has begun, or ended.
        self.0.cancel();
    }
}
