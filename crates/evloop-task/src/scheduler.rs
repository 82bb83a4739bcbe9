//! What a task needs from the executor that runs it.

use std::cell::Cell;
use std::marker::PhantomData;

use evloop_fork::{Origin, was_forked};

use crate::id::TaskId;
use crate::report::ErrorContext;
use crate::runnable::Runnable;
use crate::sync::thread_cell;
use crate::task_ref::TaskRef;

/// A callback in a scheduler's queue.
pub type Callback = Box<dyn FnOnce() + Send>;

/// An executor, as seen from the tasks it runs.
///
/// A task keeps a plain reference to its scheduler, for ever valid, so a waker called at any time
/// from any thread has somewhere to go and pays no reference count. An executor therefore lives
/// in a static or is leaked (evloop's own reuses its blocks). What it promises in return:
///
/// - it runs or drops each [`Runnable`] it is given, soon, and never inside `schedule`;
/// - `schedule`, `call_soon` and `poke` may be called from any thread and do not panic;
/// - callbacks and runnables handed in by one thread run in the order in which they came.
pub trait Scheduler: Send + Sync + 'static {
    /// Queues a task for its next step.
    fn schedule(&'static self, runnable: Runnable);

    /// Queues a callback, behind everything that is ready.
    ///
    /// Done callbacks come with their context; whoever queues a user's callback here gives it one, by
    /// a [`ContextSnapshot`](crate::ContextSnapshot).
    fn call_soon(&'static self, callback: Callback);

    /// True when tasks that are spawned here and now run their first step inside the spawn, unless
    /// told otherwise: [`Builder::eager_start`](crate::Builder::eager_start). Default: never.
    ///
    /// Asked only after [`enable_eager_tasks`](crate::enable_eager_tasks).
    fn eager_tasks(&'static self) -> bool {
        false
    }

    /// Runs the first step of a task inside its spawn, where that may be, or queues it.
    ///
    /// Default: runs it while this is the current scheduler of the thread. One that lists its tasks
    /// has to remember [`current_task`](crate::current_task) meanwhile: it is interrupted.
    fn start_eagerly(&'static self, first: Runnable) {
        let here = current_scheduler();
        if here.is_some_and(|here| std::ptr::addr_eq(here, self)) {
            first.run();
        } else {
            self.schedule(first);
        }
    }

    /// Which use of the scheduler goes on: a number that changes when one ends.
    ///
    /// For a scheduler that ends and is used again. Default: always the same.
    fn epoch(&'static self) -> u64 {
        0
    }

    /// As [`Scheduler::call_soon`], but drops the callback when that use has ended.
    fn call_soon_in(&'static self, epoch: u64, callback: Callback) {
        if epoch == self.epoch() {
            self.call_soon(callback);
        }
    }

    /// Takes a task into the registry at its first suspension; returns its key.
    ///
    /// Called on the thread that polls the task. The registry's [`TaskRef`] is what keeps a
    /// detached task alive until it ends. [`Registry`](crate::Registry) is a ready-made one.
    fn adopt(&'static self, task: TaskRef) -> u32;

    /// Drops the task `id`, adopted under `key`, from the registry when it ends. Called where the
    /// task is polled or dropped.
    fn release(&'static self, key: u32, id: TaskId);

    /// Wakes the task adopted under `key`, if there still is one; from any thread.
    fn poke(&'static self, key: u32);

    /// Tells the exception handler of a failure that nobody received. Default: standard error.
    fn report(&'static self, context: &ErrorContext) {
        context.print();
    }
}

impl std::fmt::Debug for dyn Scheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scheduler")
    }
}

thread_cell! {
    /// The scheduler whose turn runs on this thread.
    CURRENT: Option<&'static dyn Scheduler> = None
}

thread_cell! {
    /// The process in which what runs on this thread has begun, if it was said.
    ORIGIN: Option<Origin> = None
}

thread_cell! {
    /// Where tasks go that have to stay on this thread, if that is another one.
    LOCAL: Option<&'static dyn Scheduler> = None
}

/// Returns the scheduler that is running on this thread, if any. In a child that was forked off in a task or
/// callback there is none, until it runs one of its own.
#[inline]
#[must_use]
pub fn current_scheduler() -> Option<&'static dyn Scheduler> {
    if is_of_parent() {
        return None;
    }
    turning_scheduler()
}

/// As [`current_scheduler`], and the parent's in a child: for reports, which anybody may make.
#[inline]
pub(crate) fn turning_scheduler() -> Option<&'static dyn Scheduler> {
    CURRENT.with(Cell::get)
}

/// True when what runs on this thread is the parent's, of which this process was forked off.
#[inline]
pub(crate) fn is_of_parent() -> bool {
    was_forked() && began_in_parent()
}

#[cold]
fn began_in_parent() -> bool {
    ORIGIN
        .with(Cell::get)
        .is_some_and(|origin| !origin.is_here())
}

/// Says that what this thread runs until the guard is dropped belongs to this process: for a loop that
/// begins to run. In a child that is forked off meanwhile there is no current scheduler and no current task, until
/// it says so of its own.
#[must_use = "it holds only while the guard lives"]
pub fn enter_process() -> ProcessGuard {
    ProcessGuard {
        before: ORIGIN.with(|origin| origin.replace(Some(Origin::here()))),
        _thread: PhantomData,
    }
}

/// Restores what was said before when dropped.
#[derive(Debug)]
pub struct ProcessGuard {
    before: Option<Origin>,
    /// Not `Send`: it must be dropped on the thread that entered.
    _thread: PhantomData<*const ()>,
}

impl Drop for ProcessGuard {
    fn drop(&mut self) {
        ORIGIN.with(|origin| origin.set(self.before));
    }
}

/// Returns the scheduler of tasks that have to stay on this thread: one that was entered beside the
/// current one, or else the current one.
#[must_use]
pub fn local_scheduler() -> Option<&'static dyn Scheduler> {
    // A local one is entered together with the current one, and ends with it.
    let current = current_scheduler()?;
    Some(LOCAL.with(Cell::get).unwrap_or(current))
}

/// Makes `scheduler` the current one of this thread until the guard is dropped.
#[must_use = "the scheduler is current only while the guard lives"]
pub fn enter_scheduler(scheduler: &'static dyn Scheduler) -> EnterGuard {
    enter(scheduler, None)
}

/// As [`enter_scheduler`], for a scheduler whose tasks move between threads: those that must not go
/// to `local`, whose tasks stay on this one.
#[must_use = "the schedulers are current only while the guard lives"]
pub fn enter_schedulers(
    scheduler: &'static dyn Scheduler,
    local: &'static dyn Scheduler,
) -> EnterGuard {
    enter(scheduler, Some(local))
}

fn enter(scheduler: &'static dyn Scheduler, local: Option<&'static dyn Scheduler>) -> EnterGuard {
    EnterGuard {
        before: CURRENT.with(|current| current.replace(Some(scheduler))),
        local_before: LOCAL.with(|current| current.replace(local)),
        _thread: PhantomData,
    }
}

/// Restores the former current scheduler when dropped.
#[derive(Debug)]
pub struct EnterGuard {
    before: Option<&'static dyn Scheduler>,
    local_before: Option<&'static dyn Scheduler>,
    /// Not `Send`: it must be dropped on the thread that entered.
    _thread: PhantomData<*const ()>,
}

impl Drop for EnterGuard {
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(self.before));
        LOCAL.with(|current| current.set(self.local_before));
    }
}
