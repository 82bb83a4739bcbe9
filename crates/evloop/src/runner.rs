//! Running a whole program: `run` and `Runner`.

use std::fmt;
use std::future::IntoFuture;
use std::io::{self, Write};
use std::ops::Deref;
use std::time::Duration;

use evloop_signal::Signal;
use evloop_task::{Builder as TaskBuilder, Context, ErrorContext};

use crate::builder::Builder;
use crate::error::RunError;
use crate::event_loop::EventLoop;
use crate::left_over::LeftOver;

/// How long closing a runner waits for the threads of the default executor.
pub(crate) const EXECUTOR_GRACE: Duration = Duration::from_secs(300);

/// How long closing a runner waits for cancelled tasks to clean up.
pub(crate) const TASK_GRACE: Duration = Duration::from_secs(10);

/// How often closing goes on after callbacks have stopped the loop.
const FINISH_ATTEMPTS: usize = 8;

/// Runs `main` on a new event loop, then ends what it left behind, and returns its output.
///
/// Afterwards, in this order: tasks that are left over are cancelled and finish, the default
/// executor's work is waited for, and the loop is closed. [`Runner`] says within which limits.
///
/// Ctrl-C is as in [`Runner::run`]: the first cancels the main task, which may clean up. A run that
/// it has interrupted gives no output, so this function does not return: when the program has ended
/// as above and standard output is flushed, the process dies by SIGINT, and its parent sees that (a
/// shell shows 130). The destructors of the callers do not run; a program that needs them uses
/// [`Runner`] and gets [`RunError::Interrupted`].
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
    output_of(ran)
}

/// The output of a program whose loop is closed. One that was interrupted has none, and the process dies.
#[track_caller]
pub(crate) fn output_of<T>(ran: Result<T, RunError>) -> T {
    match ran {
        Ok(output) => output,
        Err(RunError::Interrupted) => {
            // Nobody else writes what is buffered; a broken pipe has nobody to be told.
            let _flushed = io::stdout().flush();
            Signal::INTERRUPT.kill_this_process()
        }
        Err(error) => panic!("{error}"),
    }
}

/// An event loop for several runs, which cleans up when it is closed or dropped.
///
/// Cleaning up: tasks that are left are cancelled and finish, within
/// [`task_grace`](Runner::task_grace); work of the default executor is waited for, within
/// [`executor_grace`](Runner::executor_grace); the loop is closed. What exceeds its limit is
/// abandoned and reported to the exception handler, and so is a panic of a leftover task.
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
    task_grace: Duration,
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
            task_grace: TASK_GRACE,
            context: Context::current(),
            executor_grace: EXECUTOR_GRACE,
        })
    }

    /// How long closing waits, on the loop's clock, for cancelled tasks to end; what has not by then is
    /// reported and abandoned. Default: 10 s, where asyncio waits for ever. Zero leaves each task the
    /// step in which it hears of the cancel.
    ///
    /// Tasks that the cancelled ones start to clean up with may run as long as those do, and are then
    /// cancelled in their turn, within the same limit.
    #[must_use]
    pub fn task_grace(mut self, grace: Duration) -> Self {
        self.task_grace = grace;
        self
    }

    /// How long closing waits, on the loop's clock, for the work of the default executor; what is not
    /// done by then is reported and goes on by itself. Default: 300 s, as in asyncio. A
    /// [`ManualClock`](crate::ManualClock) that jumps does not wait for threads; `Duration::MAX` does.
    #[must_use]
    pub fn executor_grace(mut self, grace: Duration) -> Self {
        self.executor_grace = grace;
        self
    }

    /// Runs `main` to its end, as [`EventLoop::run_until_complete`], and sees to ctrl-C meanwhile.
    ///
    /// On the process's main thread, if SIGINT does what it does by default: the first one cancels the
    /// main task, also when the loop sleeps. The task may clean up; if it ends cancelled, and nobody
    /// else has cancelled it, this is [`RunError::Interrupted`], and if it goes on to its end its
    /// output is returned. The second SIGINT ends the run at once, whatever the main task does. The
    /// third kills the process, which is the way out when a step blocks the thread. On return the
    /// disposition is the former one, unless somebody has set another. SIGINT that is ignored (under
    /// `nohup`) or handled by somebody else stays as it is. While there is a
    /// [`signals`](crate::signals()), a [`ctrl_c`](crate::ctrl_c) or a
    /// [signal handler](crate::Handle::add_signal_handler) for SIGINT, each goes there, and is not counted.
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
    ///
    /// # Cost
    ///
    /// On the main thread some fifteen system calls for a run, and an atomic load for a turn.
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
        self.event_loop.run_interruptibly(builder, main)
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
        let left_over = self.event_loop.end_left_over_tasks(self.task_grace);
        // A callback that this runs may stop the loop: try again, but not for ever. Another loop may be
        // running here, if this is dropped inside it: then nothing can be waited for.
        for _ in 0..FINISH_ATTEMPTS {
            match self
                .event_loop
                .run_until_complete(self.shut_executor_down())
            {
                Err(RunError::Stopped) => {}
                Ok(()) | Err(RunError::Nested) => break,
                Err(error) => {
                    self.report(format!("failed to clean up: {error}"));
                    break;
                }
            }
        }
        match left_over {
            LeftOver::Nothing => self.event_loop.close(),
            LeftOver::Abandoned => {
                let _reported = self.event_loop.end();
            }
        }
    }

    async fn shut_executor_down(&self) {
        let grace = self.executor_grace;
        if let Err(abandoned) = self.event_loop.shutdown_default_executor(grace).await {
            self.report(format!("closing the event loop: {abandoned}"));
        }
    }

    fn report(&self, message: String) {
        self.event_loop
            .call_exception_handler(&ErrorContext::new(message));
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
