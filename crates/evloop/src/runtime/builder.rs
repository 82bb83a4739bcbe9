//! Options of a runtime.

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use evloop_blocking::Executor;
use evloop_reactor::{Notifier, Reactor};
use evloop_task::ErrorContext;
use evloop_time::{Clock, SystemClock};

use super::engine::Engine;
use super::{Runtime, ending, worker_thread};
use crate::builder::debug_from_environment;
use crate::exception::ExceptionHandler;
use crate::handle::Handle;
use crate::runner::{EXECUTOR_GRACE, TASK_GRACE};
use crate::shared::{Shared, lock};

/// Far more than there are processors.
const MOST_WORKERS: usize = 4096;

type Hook = Arc<dyn Fn(usize) + Send + Sync>;

/// Options of a [`Runtime`].
///
/// ```
/// let runtime = evloop::Runtime::builder().n_workers(2).thread_name("web").build()?;
/// assert_eq!(runtime.n_workers(), 2);
/// let name = runtime.block_on(runtime.create_task(async {
///     std::thread::current().name().map(str::to_owned)
/// }))?;
/// assert!(name.unwrap().unwrap().starts_with("web-"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a builder makes no runtime until `build` is called"]
pub struct RuntimeBuilder {
    n_workers: Option<usize>,
    thread_name: String,
    stack_size: Option<usize>,
    clock: Arc<dyn Clock>,
    default_executor: Option<Arc<dyn Executor>>,
    handler: Option<ExceptionHandler>,
    debug: Option<bool>,
    slow_callback_duration: Option<Duration>,
    on_start: Option<Hook>,
    on_stop: Option<Hook>,
    task_grace: Duration,
    executor_grace: Duration,
    shuffle: Option<u64>,
}

impl RuntimeBuilder {
    pub(super) fn new() -> Self {
        Self {
            n_workers: None,
            thread_name: "evloop-worker".to_owned(),
            stack_size: None,
            clock: Arc::new(SystemClock),
            default_executor: None,
            handler: None,
            debug: None,
            slow_callback_duration: None,
            on_start: None,
            on_stop: None,
            task_grace: TASK_GRACE,
            executor_grace: EXECUTOR_GRACE,
            shuffle: None,
        }
    }

    /// Number of worker threads, 1 to 4096; default: one for each processor that this process may
    /// use.
    pub fn n_workers(mut self, n_workers: usize) -> Self {
        self.n_workers = Some(n_workers);
        self
    }

    /// What the threads are called, with the worker's number behind it. Default: `evloop-worker`.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.thread_name = name.into();
        self
    }

    /// The stack of each worker thread, in bytes. Default: that of `std::thread`.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Where time comes from; a [`ManualClock`](crate::ManualClock) in tests. One that jumps does so
    /// when all workers sleep.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Where `run_in_executor(None, ..)` and `to_thread` send their work. Default: a pool of the
    /// runtime's own, made at the first use.
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

    /// Runs on each worker thread, with its number, before anything else.
    pub fn on_thread_start(mut self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.on_start = Some(Arc::new(hook));
        self
    }

    /// Runs on each worker thread, with its number, after everything else.
    pub fn on_thread_stop(mut self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.on_stop = Some(Arc::new(hook));
        self
    }

    /// How long [`Runtime::close`] waits for cancelled tasks to end. Default: 10 s. Zero leaves each task
    /// the step in which it hears of the cancel, if a worker gets to it at once.
    pub fn task_grace(mut self, grace: Duration) -> Self {
        self.task_grace = grace;
        self
    }

    /// How long [`Runtime::close`] waits for the work of the default executor. Default: 300 s.
    pub fn executor_grace(mut self, grace: Duration) -> Self {
        self.executor_grace = grace;
        self
    }

    /// Leaves the order of steps to chance: a testing aid, which finds programs that rely on an order
    /// that a runtime does not promise.
    ///
    /// Before each step a worker moves a random number of its ready tasks and callbacks, at most seven, to
    /// the end of its queue. Pinned tasks keep their order. The numbers follow from `seed`: with one
    /// worker, a program that waits for no other thread runs the same way each time. With several, a
    /// seed makes orders likely that are rare otherwise, but does not repeat them.
    ///
    /// What is ready may be passed over again and again, so nothing of what a runtime does about fairness
    /// holds to the letter. Not for use where speed matters.
    ///
    /// ```
    /// use evloop::{Runtime, create_task, gather, yield_now};
    ///
    /// for seed in 0..20 {
    ///     let runtime = Runtime::builder().n_workers(1).shuffle(seed).build()?;
    ///     let sum = runtime.block_on(async {
    ///         let tasks = (1..=4).map(|n| create_task(async move { n }));
    ///         gather(tasks).await.into_iter().map(Result::unwrap).sum::<u32>()
    ///     })?;
    ///     assert_eq!(sum, 10, "whoever comes first");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shuffle(mut self, seed: u64) -> Self {
        self.shuffle = Some(seed);
        self
    }

    /// Makes the runtime, and its threads.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for no workers, or too many; else what the system gives when it makes no more descriptors or
    /// threads.
    pub fn build(self) -> io::Result<Runtime> {
        let n_workers = match self.n_workers {
            Some(0) => {
                let message = "failed to make a runtime: it needs at least one worker";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
            Some(n_workers) if n_workers > MOST_WORKERS => {
                let message = format!(
                    "failed to make a runtime: {n_workers} workers are more than {MOST_WORKERS}"
                );
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
            Some(n_workers) => n_workers,
            None => thread::available_parallelism().map_or(1, NonZeroUsize::get),
        };
        let reactor = Reactor::new()?;
        let notifier = reactor.notifier();
        let engine = Arc::new(Engine::new(n_workers, &self.clock, reactor, self.shuffle));
        let shared = Shared::of_runtime(&engine, notifier.clone());
        *lock(&shared.handler) = self.handler.clone();
        let shared = Arc::new(shared);
        let reporter = Arc::downgrade(&shared);
        engine
            .workers
            .set_reporter(Some(Arc::new(move |context| match reporter.upgrade() {
                Some(shared) => Handle::from_shared(shared).report(context),
                None => context.print(),
            })));
        let handle = Handle::from_shared(shared);
        handle.set_debug(self.debug.unwrap_or_else(debug_from_environment));
        if let Some(duration) = self.slow_callback_duration {
            handle.set_slow_callback_duration(duration);
        }
        if let Some(executor) = self.default_executor.clone() {
            handle.set_default_executor(executor);
        }
        let (threads, failed) = self.start(&engine, &handle, &notifier);
        if let Some(error) = failed {
            let grace = Duration::ZERO;
            drop(ending::end(&engine, &handle, threads, grace, grace));
            return Err(error);
        }
        handle.shared().running.store(true, Ordering::Release);
        Ok(Runtime {
            engine,
            handle,
            threads: Mutex::new(threads),
            task_grace: self.task_grace,
            executor_grace: self.executor_grace,
        })
    }

    /// Starts the threads, and waits until each of them is ready to run tasks.
    fn start(
        &self,
        engine: &Arc<Engine>,
        handle: &Handle,
        notifier: &Notifier,
    ) -> (Vec<JoinHandle<()>>, Option<io::Error>) {
        let n_workers = engine.workers.len();
        let (begun, begins) = mpsc::channel();
        let mut threads = Vec::with_capacity(n_workers);
        for index in 0..n_workers {
            let mut builder = thread::Builder::new().name(format!("{}-{index}", self.thread_name));
            if let Some(bytes) = self.stack_size {
                builder = builder.stack_size(bytes);
            }
            let (engine, handle, begun) = (Arc::clone(engine), handle.clone(), begun.clone());
            let notifier = notifier.clone();
            let (on_start, on_stop) = (self.on_start.clone(), self.on_stop.clone());
            let spawned = builder.spawn(move || {
                if let Some(hook) = on_start {
                    hook(index);
                }
                // One that panics before it says so drops its sender.
                let say_begun = move || {
                    // A builder that has given up hears nothing.
                    let _unheard = begun.send(());
                };
                worker_thread::run(&engine, &handle, index, notifier, say_begun);
                if let Some(hook) = on_stop {
                    hook(index);
                }
            });
            match spawned {
                Ok(thread) => threads.push(thread),
                Err(error) => return (threads, Some(refused(&error, index, n_workers))),
            }
        }
        drop(begun);
        // One whose hook has panicked has sent nothing.
        let n_begun = begins.iter().take(n_workers).count();
        let failed = (n_begun < n_workers)
            .then(|| io::Error::other("failed to make a runtime: a hook of a thread has panicked"));
        (threads, failed)
    }
}

/// The error of a thread that the system does not give.
fn refused(error: &io::Error, index: usize, n_workers: usize) -> io::Error {
    let number = index + 1;
    let text = format!(
        "failed to make a runtime: the system refuses thread {number} of {n_workers}, take fewer \
         workers or raise the limit of threads: {error}"
    );
    io::Error::new(error.kind(), text)
}

impl fmt::Debug for RuntimeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeBuilder")
            .field("n_workers", &self.n_workers)
            .field("thread_name", &self.thread_name)
            .field("clock", &self.clock)
            .field("task_grace", &self.task_grace)
            .field("executor_grace", &self.executor_grace)
            .field("shuffle", &self.shuffle)
            .finish_non_exhaustive()
    }
}
