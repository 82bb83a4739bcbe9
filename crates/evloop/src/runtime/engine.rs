//! What the workers of a runtime have in common.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use evloop_executor::{ExecutorHandle, Workers};
use evloop_reactor::{Reactor, ReactorHandle};
use evloop_task::{TaskRef, current_scheduler};
use evloop_time::{Clock, SharedTimeDriver, SystemClock, TimeHandle};

use super::guest::Guests;
use super::looks::Looks;
use crate::shared::lock;

/// See the module's docs.
pub(crate) struct Engine {
    clock: Arc<dyn Clock>,
    /// Before the drivers: closing it drops tasks, whose destructors use them.
    pub(crate) workers: Workers,
    /// One for each worker.
    pub(super) drivers: Box<[SharedTimeDriver]>,
    /// Turned by one worker at a time. `None` once the runtime is closed.
    pub(super) reactor: Mutex<Option<Reactor>>,
    pub(super) reactor_handle: ReactorHandle,
    pub(super) looks: Looks,
    /// How tasks get to each worker; `None` until its thread has begun.
    pinned: Box<[Mutex<Option<ExecutorHandle>>]>,
    pub(super) guests: Arc<Guests>,
    /// Where chance begins, if the order of steps is left to it.
    pub(super) shuffle: Option<u64>,
    /// The tasks are to end.
    pub(super) is_ending: AtomicBool,
    /// The workers are to leave.
    is_stopped: AtomicBool,
    /// The tasks pinned to each worker, counted while they are to end.
    pub(super) n_pinned: Box<[AtomicUsize]>,
}

/// The count of a worker that has not counted yet.
pub(super) const UNCOUNTED: usize = usize::MAX;

impl Engine {
    pub(super) fn new(
        n_workers: usize,
        clock: &Arc<dyn Clock>,
        reactor: Reactor,
        shuffle: Option<u64>,
    ) -> Self {
        let driver = |_| SharedTimeDriver::new(Arc::clone(clock));
        Self {
            clock: Arc::clone(clock),
            // By the system's clock, whatever the runtime's is: it measures what steps cost.
            workers: Workers::new(n_workers, || SystemClock.now()),
            drivers: (0..n_workers).map(driver).collect(),
            reactor_handle: reactor.handle(),
            reactor: Mutex::new(Some(reactor)),
            looks: Looks::new(n_workers),
            pinned: (0..n_workers).map(|_| Mutex::new(None)).collect(),
            guests: Arc::default(),
            shuffle,
            is_ending: AtomicBool::new(false),
            is_stopped: AtomicBool::new(false),
            n_pinned: (0..n_workers)
                .map(|_| AtomicUsize::new(UNCOUNTED))
                .collect(),
        }
    }

    pub(crate) fn reactor_handle(&self) -> ReactorHandle {
        self.reactor_handle.clone()
    }

    /// The clock; and the timers of the first worker.
    pub(crate) fn time(&self) -> TimeHandle {
        self.drivers[0].handle()
    }

    /// The way to a worker's own tasks.
    pub(crate) fn pinned(&self, worker: usize) -> Option<ExecutorHandle> {
        *lock(self.pinned.get(worker)?)
    }

    pub(super) fn set_pinned(&self, worker: usize, handle: ExecutorHandle) {
        *lock(&self.pinned[worker]) = Some(handle);
    }

    /// The reactor, unless a worker turns it now.
    pub(super) fn try_reactor(&self) -> Option<MutexGuard<'_, Option<Reactor>>> {
        match self.reactor.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// The tasks of the futures that other threads run, and that have not ended.
    pub(crate) fn main_tasks(&self) -> Vec<TaskRef> {
        let mut tasks = self.guests.tasks();
        tasks.retain(|task| !task.done());
        tasks
    }

    /// Two numbers, if nobody is awake or has anything to do. Whoever falls asleep says so first and asks
    /// this then: so the last one hears that it is the last. If it says the same again, nobody has woken up
    /// between the looks, and only then it is sure.
    fn at_rest(&self) -> Option<(u64, u64)> {
        Some((self.guests.at_rest()?, self.workers.at_rest()?))
    }

    /// Has a manual clock jump to the earliest deadline of all, if nobody is awake. Asked by each who falls
    /// asleep, after saying so. `None` if somebody is awake.
    pub(super) fn rest(&self) -> Option<Rest> {
        let at_rest = self.at_rest()?;
        // Between the looks: one who had set an earlier deadline since, or had heard of the jump of
        // another, would have been awake.
        let deadlines = self.drivers.iter().map(SharedTimeDriver::next_deadline);
        let earliest = deadlines.flatten().min();
        (self.at_rest() == Some(at_rest)).then(|| Rest {
            earliest,
            limit: self.clock.idle(earliest),
        })
    }

    /// As [`Engine::rest`], for a thread that fires no timers.
    pub(super) fn rest_as_guest(&self) {
        if let Some(rest) = self.rest()
            && rest.comes_sooner(self.drivers[0].now())
        {
            // By such a clock the workers sleep too long, which they could not know while this was awake.
            self.workers.wake(0);
        }
    }

    /// Has all workers see to it that their tasks end.
    pub(super) fn begin_end(&self) {
        self.workers.refuse_others();
        self.is_ending.store(true, Ordering::SeqCst);
        for worker in 0..self.workers.len() {
            self.workers.wake(worker);
        }
    }

    /// Has all workers leave, and guests as well: nobody is left to run what they would wait for.
    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        self.workers.stop();
        self.guests.wake_all();
    }

    /// No future can be run to its end any more.
    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::SeqCst)
    }

    pub(super) fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Acquire)
    }

    /// True on its workers and guests.
    pub(super) fn is_entered(&self) -> bool {
        let own = self.workers.scheduler();
        current_scheduler().is_some_and(|current| std::ptr::addr_eq(current, own))
    }

    pub(super) fn has_pinned_tasks(&self) -> bool {
        let any = |n_tasks: &AtomicUsize| n_tasks.load(Ordering::SeqCst) != 0;
        self.n_pinned.iter().any(any)
    }
}

/// What the clock says while all are at rest.
pub(super) struct Rest {
    /// The next deadline of all.
    pub(super) earliest: Option<Instant>,
    /// How long it takes until then, in the form pollers take.
    pub(super) limit: Option<Duration>,
}

impl Rest {
    /// True when the clock, at `now`, is there, or will be before one who sleeps by the system's.
    pub(super) fn comes_sooner(&self, now: Instant) -> bool {
        let real = self.earliest.map(|at| at.saturating_duration_since(now));
        self.limit
            .zip(real)
            .is_some_and(|(limit, real)| limit <= real)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}
