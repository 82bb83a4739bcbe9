//! Running a whole program: `run` and `Runner`.

use std::fmt;
use std::future::IntoFuture;
use std::io;
use std::ops::Deref;
use std::time::Duration;

use evloop_task::{Builder as TaskBuilder, Context, ErrorContext};

use crate::builder::Builder;
use crate::error::RunError;
use crate::event_loop::EventLoop;

/// How long closing a runner waits for the threads of the default executor.
const EXECUTOR_GRACE: Duration = Duration::from_secs(300);

/// How often closing goes on after destructors have stopped the loop.
const FINISH_ATTEMPTS: usize = 8;

/// What a leftover task is told.
const PROGRAM_ENDED: &str = "the program has ended";

/// Runs `main` on a new event loop, then ends what it left behind, and returns its output.
///
/// Afterwards, in this order: tasks that are left over are cancelled and finish, the default
/// executor's work is waited for, and the loop is closed.
///
/// ```
/// let greeting = evloop::run(async {
///     let task = evloop::create_task(async { "hello" });
///     task.await.unwrap()
/// });
/// assert_eq!(greeting, "hello");
/// ```
///
/// # Panics
///
/// When `main` does; when a loop runs on this thread already; when the system makes no descriptors
/// for a loop; when the main task is cancelled. [`Runner`] reports these as errors.
#[track_caller]
pub fn run<F: IntoFuture>(main: F) -> F::Output {
    let ran = Runner::new()
        .map_err(RunError::Create)
        .and_then(|runner| runner.run(main));
    match ran {
        Ok(output) => output,
        Err(error) => panic!("{error}"),
    }
}

/// An event loop for several runs, which cleans up when it is closed or dropped.
///
/// ```
/// let runner = evloop::Runner::new()?;
/// assert_eq!(runner.run(async { 1 })?, 1);
/// assert_eq!(runner.run(async { 2 })?, 2);
/// runner.close();
/// assert!(runner.run(async { 3 }).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Runner {
    event_loop: EventLoop,
    /// What each main task runs in.
    context: Context,
    executor_grace: Duration,
}

impl Runner {
    /// A runner with a new loop.
    ///
    /// # Errors
    ///
    /// What the system gives when it makes no more descriptors.
    pub fn new() -> io::Result<Self> {
        Self::with(EventLoop::builder())
    }

    /// A runner with a loop of these options.
    ///
    /// # Errors
    ///
    /// As [`Runner::new`].
    pub fn with(builder: Builder) -> io::Result<Self> {
        Ok(Self {
            event_loop: builder.build()?,
            context: Context::current(),
            executor_grace: EXECUTOR_GRACE,
        })
    }

    /// How long closing waits for the work of the default executor; what is not done by then is
    /// reported and goes on by itself. Default: 300 s, as in asyncio.
    #[must_use]
    pub fn executor_grace(mut self, grace: Duration) -> Self {
        self.executor_grace = grace;
        self
    }

    /// Runs `main` to its end, as [`EventLoop::run_until_complete`].
    ///
    /// All runs share one context, a copy from where the runner was made: what one run sets, the
    /// next one sees.
    ///
    /// ```
    /// use evloop::{ContextVar, Runner};
    ///
    /// static N_RUNS: ContextVar<u32> = ContextVar::new("n_runs");
    ///
    /// let runner = Runner::new()?;
    /// runner.run(async { N_RUNS.set(1) })?;
    /// assert_eq!(runner.run(async { N_RUNS.get() })?, Some(1));
    /// assert_eq!(N_RUNS.get(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`RunError`], in particular when the runner is closed or a loop runs on this thread.
    ///
    /// # Panics
    ///
    /// When `main` does.
    #[track_caller]
    pub fn run<F: IntoFuture>(&self, main: F) -> Result<F::Output, RunError> {
        self.run_in(&self.context, main)
    }

    /// As [`Runner::run`], in `context` instead of the runner's own.
    ///
    /// # Errors
    ///
    /// As [`Runner::run`].
    ///
    /// # Panics
    ///
    /// When `main` does.
    #[track_caller]
    pub fn run_in<F: IntoFuture>(&self, context: &Context, main: F) -> Result<F::Output, RunError> {
        let builder = TaskBuilder::new().context(context.clone());
        self.event_loop.run_main(builder, main)
    }

    /// The loop.
    #[must_use]
    pub fn get_loop(&self) -> &EventLoop {
        &self.event_loop
    }

    /// Cancels the tasks that are left and lets them finish, waits for the default executor, and
    /// closes the loop. Later calls do nothing; dropping the runner does the same.
    ///
    /// # Panics
    ///
    /// While the loop is running.
    pub fn close(&self) {
        if self.event_loop.is_closed() {
            return;
        }
        // Before the loop turns again: what is left runs no further step but its end.
        for task in self.event_loop.all_tasks().unwrap_or_default() {
            task.cancel_with(PROGRAM_ENDED);
        }
        // A destructor that this runs may stop the loop: try again, but not for ever. Another loop
        // may be running here, if this is dropped inside it: then nothing can be run to its end.
        for _ in 0..FINISH_ATTEMPTS {
            match self.event_loop.run_until_complete(self.finish()) {
                Err(RunError::Stopped) => {}
                Ok(()) | Err(RunError::Nested) => break,
                Err(error) => {
                    let context = ErrorContext::new(format!("failed to clean up: {error}"));
                    self.event_loop.call_exception_handler(&context);
                    break;
                }
            }
        }
        self.event_loop.close();
    }

    async fn finish(&self) {
        self.cancel_left_over_tasks().await;
        if let Err(abandoned) = self
            .event_loop
            .shutdown_default_executor(self.executor_grace)
            .await
        {
            let context = ErrorContext::new(format!("closing the event loop: {abandoned}"));
            self.event_loop.call_exception_handler(&context);
        }
    }

    /// A turn is enough for each: a cancelled task ends at its next step. Its destructors may start
    /// new ones, so look again, but not for ever.
    async fn cancel_left_over_tasks(&self) {
        const ROUNDS: usize = 64;
        let own = evloop_task::current_task();
        for _ in 0..ROUNDS {
            let mut tasks = self.event_loop.all_tasks().unwrap_or_default();
            tasks.retain(|task| Some(task) != own.as_ref());
            if tasks.is_empty() {
                return;
            }
            for task in &tasks {
                if task.cancelling() == 0 {
                    task.cancel_with(PROGRAM_ENDED);
                }
            }
            evloop_task::yield_now().await;
        }
    }
}

impl Deref for Runner {
    type Target = EventLoop;

    fn deref(&self) -> &EventLoop {
        &self.event_loop
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if !self.event_loop.is_running() {
            self.close();
        }
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner")
            .field("event_loop", &self.event_loop)
            .finish_non_exhaustive()
    }
}
