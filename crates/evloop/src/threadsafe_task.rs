//! Coroutines submitted from other threads, which may block on the result.

use std::error::Error;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use evloop_task::{Builder, Cancellation, JoinError, Panic, Task, TaskResult};
use evloop_time::{Clock, SystemClock};

use crate::error::LoopClosed;
use crate::handle::Handle;
use crate::shared::lock;

impl Handle {
    /// Starts a coroutine on this loop from another thread, which can block on its result.
    ///
    /// The task is submitted at once, in the same FIFO as [`Handle::call_soon_threadsafe`], and
    /// inherits a copy of the calling thread's context. For a task that is awaited and not blocked
    /// on, [`Handle::create_task`] will do, from any thread too.
    ///
    /// ```
    /// use std::time::Duration;
    /// use evloop::Handle;
    ///
    /// let length = evloop::run(async {
    ///     let event_loop = Handle::current();
    ///     evloop::to_thread(move || {
    ///         let mut task = event_loop
    ///             .run_coroutine_threadsafe(async { evloop::yield_now().await; "in the loop".len() })?;
    ///         Ok::<_, Box<dyn std::error::Error + Send + Sync>>(task.result(Duration::from_secs(60))?)
    ///     })
    ///     .await
    /// });
    /// assert_eq!(length.unwrap().unwrap(), 11);
    /// ```
    ///
    /// # Errors
    ///
    /// [`LoopClosed`] when the loop is closed; the coroutine is dropped. One that closes later ends
    /// the task, cancelled, and whoever is blocked on it hears of that.
    #[track_caller]
    pub fn run_coroutine_threadsafe<F>(
        &self,
        coroutine: F,
    ) -> Result<ThreadsafeTask<F::Output>, LoopClosed>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let task = self
            .shared()
            .executor
            .try_spawn(Builder::new(), coroutine)?;
        Ok(ThreadsafeTask {
            task,
            handle: self.clone(),
        })
    }
}

/// A task as seen from threads outside of its loop: asyncio's `concurrent.futures.Future`, which
/// [`Handle::run_coroutine_threadsafe`] returns.
///
/// Dropping it detaches the task, which runs on. In async code, await it (or what
/// [`ThreadsafeTask::into_task`] gives).
pub struct ThreadsafeTask<T> {
    task: Task<T>,
    handle: Handle,
}

impl<T> ThreadsafeTask<T> {
    /// Blocks this thread until the task has ended, at most `timeout`, and takes its result.
    ///
    /// `None` waits as long as it takes; a timeout of zero only looks. A timeout ends the wait and
    /// not the task: wait again, or [`cancel`](ThreadsafeTask::cancel) it. The time is real time,
    /// whatever clock the loop has.
    ///
    /// # Errors
    ///
    /// [`ResultError`]: the time is over, the task was cancelled or has panicked, its loop was
    /// closed (which cancels it), or the result was taken before. On the thread of the task's loop,
    /// which would wait for itself, it is refused unless the task has ended.
    pub fn result(&mut self, timeout: impl Into<Option<Duration>>) -> Result<T, ResultError> {
        let mut limit = Limit::new(timeout.into());
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(Arc::clone(&bell));
        let mut cx = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(result) = Pin::new(&mut self.task).poll(&mut cx) {
                return result.map_err(ResultError::from);
            }
            if self.handle.shared().executor.is_home() {
                return Err(ResultError::OwnLoop);
            }
            if !bell.wait(limit.remaining()) {
                return Err(ResultError::TimedOut);
            }
        }
    }

    /// Asks the task to end: [`Task::cancel`]. Returns false when it has ended.
    ///
    /// The task ends in a turn of its loop; until then [`ThreadsafeTask::cancelled`] is false, and a
    /// blocked [`ThreadsafeTask::result`] waits.
    pub fn cancel(&self) -> bool {
        self.task.cancel()
    }

    /// As [`ThreadsafeTask::cancel`], with a message.
    pub fn cancel_with(&self, message: impl Into<Arc<str>>) -> bool {
        self.task.cancel_with(message)
    }

    /// True once the task has ended, in whatever way.
    #[must_use]
    pub fn done(&self) -> bool {
        self.task.done()
    }

    /// True once the task has ended by cancellation, whoever asked for it.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        self.task.cancelled()
    }

    /// The task, for what else it can be asked: its name, its id, its result by reference.
    #[must_use]
    pub fn task(&self) -> &Task<T> {
        &self.task
    }

    /// The task, to be awaited in async code.
    #[must_use]
    pub fn into_task(self) -> Task<T> {
        self.task
    }
}

impl<T: Send + Sync + 'static> ThreadsafeTask<T> {
    /// Has `callback` called with the result, in a turn of the loop: [`Task::add_done_callback`].
    #[track_caller]
    pub fn add_done_callback<F>(&self, callback: F) -> evloop_task::CallbackId
    where
        F: FnOnce(&TaskResult<T>) + Send + 'static,
    {
        self.task.add_done_callback(callback)
    }
}

impl<T> IntoFuture for ThreadsafeTask<T> {
    type Output = TaskResult<T>;
    type IntoFuture = Task<T>;

    fn into_future(self) -> Task<T> {
        self.task
    }
}

impl<T: fmt::Debug> fmt::Debug for ThreadsafeTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ThreadsafeTask").field(&self.task).finish()
    }
}

/// Why [`ThreadsafeTask::result`] gave no value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ResultError {
    /// The time is over; the task goes on.
    TimedOut,
    /// The calling thread is the one of the task's loop: it would wait for itself. Await instead.
    OwnLoop,
    /// The task was cancelled, or its loop was closed: the message says so.
    Cancelled(Cancellation),
    /// The task panicked.
    Panicked(Panic),
    /// The result was taken by an earlier call.
    Taken,
}

impl ResultError {
    /// True for [`ResultError::TimedOut`].
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut)
    }

    /// True for [`ResultError::Cancelled`].
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled(_))
    }

    /// True for [`ResultError::Panicked`].
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self, Self::Panicked(_))
    }
}

impl From<JoinError> for ResultError {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::Cancelled(cancellation) => Self::Cancelled(cancellation),
            JoinError::Panicked(panic) => Self::Panicked(panic),
            // A task fails by itself in no other way: its handle was misused.
            JoinError::Failed(_) => Self::Taken,
        }
    }
}

impl fmt::Display for ResultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("the task has not ended in time"),
            Self::OwnLoop => f.write_str(
                "failed to wait for a task: this thread runs its event loop and would wait for \
                 itself; await the task instead",
            ),
            Self::Cancelled(cancellation) => write!(f, "the task was {cancellation}"),
            Self::Panicked(panic) => write!(f, "the task {panic}"),
            Self::Taken => f.write_str("the result was taken by an earlier call"),
        }
    }
}

impl Error for ResultError {}

/// Wakes a blocked thread. Not by unparking it: that would meddle with a park of its own.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    ringing: Condvar,
}

impl Bell {
    /// Waits until it has been rung since the last wait. False when the time is over first.
    fn wait(&self, limit: Option<Duration>) -> bool {
        let rung = lock(&self.rung);
        let is_silent = |rung: &mut bool| !*rung;
        let mut rung = match limit {
            None => self
                .ringing
                .wait_while(rung, is_silent)
                .unwrap_or_else(PoisonError::into_inner),
            Some(limit) => {
                self.ringing
                    .wait_timeout_while(rung, limit, is_silent)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        };
        std::mem::replace(&mut rung, false)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *lock(&self.rung) = true;
        self.ringing.notify_one();
    }
}

/// How long a thread may be blocked, over several waits.
struct Limit {
    timeout: Option<Duration>,
    /// Known from the first wait on; `None` also when it is further away than the clock can count.
    deadline: Option<Instant>,
}

impl Limit {
    fn new(timeout: Option<Duration>) -> Self {
        Self {
            timeout,
            deadline: None,
        }
    }

    /// The rest of the time; `None` when there is no limit.
    fn remaining(&mut self) -> Option<Duration> {
        let now = SystemClock.now();
        if let Some(timeout) = self.timeout.take() {
            self.deadline = now.checked_add(timeout);
        }
        self.deadline
            .map(|deadline| deadline.saturating_duration_since(now))
    }
}
