//! Options of an event loop.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use evloop_blocking::Executor;
use evloop_executor::LocalExecutor;
use evloop_reactor::Reactor;
use evloop_task::ErrorContext;
use evloop_time::{Clock, SystemClock, TimeDriver};

use crate::event_loop::EventLoop;
use crate::handle::Handle;

/// Options of an [`EventLoop`].
///
/// ```
/// use std::time::{Duration, Instant};
/// use evloop::{EventLoop, ManualClock};
///
/// // A day passes in no time on a clock that jumps to the next deadline.
/// let event_loop = EventLoop::builder().clock(ManualClock::new().with_auto_jump()).build()?;
/// event_loop.run_until_complete(evloop::sleep(Duration::from_secs(86_400)))?;
/// assert_eq!(event_loop.time(), Duration::from_secs(86_400));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a builder makes no loop until `build` is called"]
pub struct Builder {
    clock: Arc<dyn Clock>,
    debug: Option<bool>,
    slow_callback_duration: Option<Duration>,
    default_executor: Option<Arc<dyn Executor>>,
    handler: Option<crate::exception::ExceptionHandler>,
    eager_tasks: bool,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            debug: None,
            slow_callback_duration: None,
            default_executor: None,
            handler: None,
            eager_tasks: false,
        }
    }

    /// Where time comes from; a [`ManualClock`](crate::ManualClock) in tests.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Debug mode: slow steps are reported. Default: whether `EVLOOP_DEBUG` is set to something
    /// that is neither empty nor `0`.
    pub fn debug(mut self, debug: bool) -> Self {
        self.debug = Some(debug);
        self
    }

    /// The step that counts as slow in debug mode; default 100 ms. Zero reports every step.
    pub fn slow_callback_duration(mut self, duration: Duration) -> Self {
        self.slow_callback_duration = Some(duration);
        self
    }

    /// Where `run_in_executor(None, ..)` and `to_thread` send their work. Default: a pool of the
    /// loop's own, made at the first use.
    pub fn default_executor(mut self, executor: impl Executor + 'static) -> Self {
        self.default_executor = Some(Arc::new(executor));
        self
    }

    /// Who hears of failures that nobody receives; default: standard error.
    pub fn exception_handler<F>(mut self, handler: F) -> Self
    where
        F: Fn(&Handle, &ErrorContext) + Send + Sync + 'static,
    {
        self.handler = Some(Arc::new(handler));
        self
    }

    /// Has every task that is made while the loop runs, on its thread, run its first step inside
    /// `create_task`: asyncio's `eager_task_factory`. Default: no.
    ///
    /// It saves a turn of the loop for tasks that seldom suspend, and changes the order in which
    /// things happen: see [`TaskBuilder::eager_start`](crate::TaskBuilder::eager_start), which
    /// overrides this for one task.
    ///
    /// ```
    /// let event_loop = evloop::EventLoop::builder().eager_tasks(true).build()?;
    /// event_loop.run_until_complete(async {
    ///     assert!(evloop::create_task(async { 1 }).done());
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn eager_tasks(mut self, eager: bool) -> Self {
        self.eager_tasks = eager;
        self
    }

    /// Makes the loop, for this thread.
    ///
    /// # Errors
    ///
    /// What the system gives when it makes no more descriptors.
    pub fn build(self) -> io::Result<EventLoop> {
        let driver = TimeDriver::new(self.clock);
        let executor = LocalExecutor::new();
        executor.set_eager_tasks(self.eager_tasks);
        let event_loop = EventLoop::from_parts(executor, driver, Reactor::new()?);
        let shared = event_loop.shared();
        shared.debug.store(
            self.debug.unwrap_or_else(debug_from_environment),
            Ordering::Relaxed,
        );
        if let Some(duration) = self.slow_callback_duration {
            shared.set_slow_callback_duration(duration);
        }
        if let Some(executor) = self.default_executor {
            event_loop.set_default_executor(executor);
        }
        *crate::shared::lock(&shared.handler) = self.handler;
        Ok(event_loop)
    }
}

/// The one environment variable that is read, once per loop or runtime.
pub(crate) fn debug_from_environment() -> bool {
    std::env::var_os("EVLOOP_DEBUG").is_some_and(|value| !value.is_empty() && value != "0")
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("clock", &self.clock)
            .field("debug", &self.debug)
            .field("slow_callback_duration", &self.slow_callback_duration)
            .field("eager_tasks", &self.eager_tasks)
            .finish_non_exhaustive()
    }
}
