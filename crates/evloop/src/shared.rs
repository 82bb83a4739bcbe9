//! What an event loop and its handles have in common.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;
use std::time::{Duration, Instant};

use evloop_blocking::{BlockingPool, Executor};
use evloop_executor::ExecutorHandle;
use evloop_fork::Origin;
use evloop_reactor::{Notifier, ReactorHandle};
use evloop_time::TimeHandle;

use crate::exception::ExceptionHandler;
use crate::fd_watch::Watches;
use crate::runtime::Engine;
use crate::signal_handlers::SignalHandlers;
use crate::signal_watch::SignalWatches;

/// The thread-safe half of an event loop.
pub(crate) struct Shared {
    /// In a child that was forked off, this is the parent's and of no use.
    pub(crate) origin: Origin,
    pub(crate) executor: ExecutorHandle,
    /// The runtime that it is of, if it is not an event loop's.
    runtime: Option<Weak<Engine>>,
    pub(crate) time: TimeHandle,
    /// `None` once the loop is closed: they would keep its descriptors.
    pub(crate) reactor: Mutex<Option<(ReactorHandle, Notifier)>>,
    /// When the loop was made, on its own clock.
    pub(crate) started: Instant,
    /// The loop leaves after the turn in which it sees this.
    pub(crate) stopping: AtomicBool,
    pub(crate) running: AtomicBool,
    /// The program has ended, and what it left behind is coming to its end.
    pub(crate) ending: AtomicBool,
    pub(crate) debug: AtomicBool,
    slow_callback_nanos: AtomicU64,
    pub(crate) handler: Mutex<Option<ExceptionHandler>>,
    pub(crate) default_executor: Mutex<DefaultExecutor>,
    pub(crate) watches: Mutex<Watches>,
    pub(crate) signal_watches: SignalWatches,
    pub(crate) signal_handlers: Mutex<SignalHandlers>,
}

/// Where `run_in_executor(None, ..)` sends its work.
#[derive(Default)]
pub(crate) enum DefaultExecutor {
    /// Nobody needed one yet.
    #[default]
    Unmade,
    /// Made by the loop, which shuts it down; an `Arc`, as one that is given.
    Own(Arc<BlockingPool>),
    /// Given by the user, who shuts it down.
    Given(Arc<dyn Executor>),
    /// With the loop's own pool, for others that wait for its end.
    ShutDown(Option<BlockingPool>),
}

impl Shared {
    pub(crate) fn new(
        executor: ExecutorHandle,
        reactor: ReactorHandle,
        time: TimeHandle,
        notifier: Notifier,
    ) -> Self {
        Self {
            origin: Origin::here(),
            started: time.now(),
            executor,
            runtime: None,
            time,
            reactor: Mutex::new(Some((reactor, notifier))),
            stopping: AtomicBool::new(false),
            running: AtomicBool::new(false),
            ending: AtomicBool::new(false),
            debug: AtomicBool::new(false),
            slow_callback_nanos: AtomicU64::new(100_000_000),
            handler: Mutex::new(None),
            default_executor: Mutex::default(),
            watches: Mutex::default(),
            signal_watches: SignalWatches::default(),
            signal_handlers: Mutex::default(),
        }
    }

    /// Of a runtime.
    pub(crate) fn of_runtime(engine: &Arc<Engine>, notifier: Notifier) -> Self {
        Self {
            runtime: Some(Arc::downgrade(engine)),
            ..Self::new(
                engine.workers.handle(),
                engine.reactor_handle(),
                engine.time(),
                notifier,
            )
        }
    }

    /// The runtime that it is of. `None` for an event loop, and once the runtime is gone.
    pub(crate) fn runtime(&self) -> Option<Arc<Engine>> {
        self.runtime.as_ref()?.upgrade()
    }

    /// True also once that runtime is gone.
    pub(crate) fn is_of_runtime(&self) -> bool {
        self.runtime.is_some()
    }

    /// Ends a wait of the loop.
    pub(crate) fn notify(&self) {
        let notifier = lock(&self.reactor)
            .as_ref()
            .map(|(_, notifier)| notifier.clone());
        if let Some(notifier) = notifier {
            notifier.notify();
        }
    }

    /// Ends a wait of the loop, as [`Shared::notify`]. `None` once the loop is closed.
    pub(crate) fn waker(&self) -> Option<Waker> {
        let reactor = lock(&self.reactor);
        reactor
            .as_ref()
            .map(|(_, notifier)| notifier.clone().into_waker())
    }

    pub(crate) fn slow_callback_duration(&self) -> Duration {
        Duration::from_nanos(self.slow_callback_nanos.load(Ordering::Relaxed))
    }

    pub(crate) fn set_slow_callback_duration(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.slow_callback_nanos.store(nanos, Ordering::Relaxed);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("running", &self.running)
            .finish_non_exhaustive()
    }
}

/// Locks what no panic can leave half-written: user code never runs under these locks.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
