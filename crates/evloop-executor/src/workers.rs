//! The multi-thread executor: several workers, each with a queue that the others steal from.

mod closing;
mod injector;
mod nap;
mod pace;
mod pool;
mod raw_job;
mod roles;
mod search;
mod seat;
mod shuffle;
mod sleeper;
mod vigil;
mod worker;

use std::fmt;
use std::future::Future;
use std::task::Waker;
use std::time::Instant;

use evloop_task::{Builder, Scheduler, Task, TaskRef};

use crate::block::Reporter;
use crate::handle::ExecutorHandle;
use crate::sync::Ordering;

pub use nap::Nap;
pub(crate) use pool::Pool;
pub use worker::Worker;

/// Runs tasks and callbacks on several threads.
///
/// It makes no threads: each thread that is to run something takes a [`Worker`] and turns it. Tasks
/// run on any of them, so they are `Send`; those that are spawned as local on a worker stay there.
///
/// A job that comes from a worker goes to the end of that worker's queue. Idle workers steal the older
/// half of a queue that is long or does not move. So the order in which jobs run is that of no one
/// queue.
///
/// Dropping it ends it: see [`Workers::close`].
///
/// ```
/// use std::thread;
/// use std::time::Instant;
/// use evloop_executor::{Workers, block_on};
///
/// # #[allow(clippy::disallowed_methods)]
/// let workers = Workers::new(2, Instant::now);
/// let task = workers.spawn(async { 6 * 7 });
/// thread::scope(|scope| {
///     for index in 0..workers.len() {
///         let worker = &workers;
///         scope.spawn(move || worker.worker(index).expect("it is free").run());
///     }
///     assert_eq!(block_on(task).unwrap(), 42);
///     workers.stop();
/// });
/// ```
///
/// # Cost
///
/// Spawning or waking on a worker: a push to its queue, which takes no lock and wakes nobody as long as
/// one of the idle workers watches. From elsewhere: one exchange, and a system call if all sleep.
pub struct Workers {
    pool: &'static Pool,
    generation: u64,
}

impl Workers {
    /// An executor for this many workers, which all have to be taken. `now` reads the time, by which
    /// they decide when a second one is worth its price.
    ///
    /// # Panics
    ///
    /// If `n_workers` is zero.
    #[must_use]
    pub fn new(n_workers: usize, now: fn() -> Instant) -> Self {
        assert!(n_workers > 0, "an executor has at least one worker");
        let (pool, generation) = Pool::take(n_workers, now);
        Self { pool, generation }
    }

    /// Number of workers.
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    #[must_use]
    pub fn len(&self) -> usize {
        self.pool.slots.len()
    }

    /// Makes the calling thread the worker `index`, until the worker is dropped. `None` if another
    /// one is that already.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[must_use]
    pub fn worker(&self, index: usize) -> Option<Worker> {
        assert!(
            index < self.len(),
            "there is no worker {index} of {}",
            self.len()
        );
        Worker::take(self.pool, index)
    }

    /// A handle for all threads.
    #[must_use]
    pub fn handle(&self) -> ExecutorHandle {
        ExecutorHandle::of_workers(self.pool, self.generation)
    }

    /// What tasks see of it.
    #[must_use]
    pub fn scheduler(&self) -> &'static dyn Scheduler {
        self.pool
    }

    /// Sends failures that nobody receives to `reporter`; `None` prints them on standard error.
    pub fn set_reporter(&self, reporter: Option<Reporter>) {
        self.pool.set_reporter(reporter);
    }

    /// Starts a task.
    #[track_caller]
    pub fn spawn<F>(&self, coroutine: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle().spawn(Builder::new(), coroutine)
    }

    /// The tasks that have not ended: those that have suspended, and on a worker the running one and those
    /// that are pinned to it. Not those that have not run yet.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskRef> {
        self.pool.all_tasks()
    }

    /// True when there is no task, all workers sleep, and nothing is queued. Not counted are the tasks
    /// that are pinned to workers.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let at_rest = self.at_rest();
        at_rest.is_some() && !self.pool.has_tasks() && self.at_rest() == at_rest
    }

    /// A number, if all workers sleep and have nothing to do. While that stays the same, they do: it
    /// changes when one of them wakes up.
    ///
    /// # Cost
    ///
    /// A lock and a few loads for each worker.
    #[must_use]
    pub fn at_rest(&self) -> Option<u64> {
        let n_wake_ups = self.pool.roles.all_sleep()?;
        // In this order: whoever could queue something sleeps.
        let has_nothing = |slot: &pool::Slot| slot.ring.is_empty() && !slot.sleeper.is_woken();
        let is_idle = self.pool.injector.is_empty() && self.pool.slots.iter().all(has_nothing);
        is_idle.then_some(n_wake_ups)
    }

    /// Has `waker` woken whenever a task ends or a worker falls asleep, for somebody who waits until all is
    /// [quiet](Self::is_quiet). `None` ends that.
    pub fn set_awaiter(&self, waker: Option<Waker>) {
        self.pool.set_awaiter(waker);
    }

    /// Wakes a worker, or has its next nap end at once.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    pub fn wake(&self, worker: usize) {
        self.pool.slots[worker].sleeper.wake();
    }

    /// Wakes who was given to [`Workers::set_awaiter`].
    pub fn wake_awaiter(&self) {
        self.pool.note_end();
    }

    /// Refuses tasks and callbacks that other threads add by a handle from here on, so that these cannot
    /// keep it from coming to an end. Those where it is entered may go on.
    pub fn refuse_others(&self) {
        self.pool.refuses_others.store(true, Ordering::Relaxed);
    }

    /// Has the workers leave: [`Worker::is_closing`] is true from here on.
    pub fn stop(&self) {
        self.pool.is_closing.store(true, Ordering::SeqCst);
        for slot in &self.pool.slots {
            slot.sleeper.wake();
        }
    }

    /// Ends it, when all workers have been dropped: cancels every task and runs them, on this thread,
    /// until their coroutines are dropped; drops queued callbacks; refuses all that comes later.
    /// Dropping the executor does the same.
    ///
    /// Returns how many tasks and callbacks were abandoned: those that destructors kept making.
    ///
    /// # Panics
    ///
    /// While there is a worker.
    pub fn close(&self) -> usize {
        if !self.pool.is_open(self.generation) {
            return 0;
        }
        closing::close(self.pool)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if self.pool.is_open(self.generation) {
            self.stop();
            // Somebody has forgotten a worker: then the pool is used no more.
            if self.pool.roles.n_present() > 0 {
                return;
            }
            self.close();
        }
        self.pool.give_back();
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers")
            .field("n_workers", &self.len())
            .field("open", &self.pool.is_open(self.generation))
            .finish_non_exhaustive()
    }
}
