//! The single-thread executor: one FIFO of task steps and callbacks, and a registry of live tasks.

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use evloop_task::{
    Builder, EnterGuard, Scheduler, Task, TaskRef, current_task, enable_eager_tasks,
    enter_scheduler, enter_schedulers,
};

use crate::block::{Block, Local, Reporter};
use crate::call::CallHandle;
use crate::handle::{Closed, ExecutorHandle};
use crate::job::{Job, Step};
use crate::root::RootEnd;
use crate::sync::yield_now;

/// How much a turn takes from other threads.
const MOST_ARRIVALS: usize = 1024;

/// A queue with room for more jobs than this is shrunk when it is not needed ...
const LARGE: usize = 1024;
/// ... for so many turns.
const MOST_SMALL_TURNS: u32 = 32;

/// Rounds of cancelling that `close` grants to destructors that spawn again.
const CLOSE_ROUNDS: usize = 64;

/// How often `close` lets other threads run that it has to wait for. They need a few instructions, but
/// on a busy machine many turns may pass before they get them. Bounded, since a step that somebody
/// took out of the queue and kept never comes.
const MOST_WAITS: usize = if cfg!(loom) { 64 } else { 20_000 };

/// Runs tasks and callbacks on the thread that made it, first in, first out.
///
/// It knows no time and no I/O: a loop calls [`LocalExecutor::run_ready`] once a turn and waits
/// elsewhere in between; [`LocalExecutor::block_on`] is such a loop for programs without drivers.
/// Work that other threads send is taken over by [`LocalExecutor::take_arrivals`]; the first that
/// arrives after each call of it wakes the waker given to [`LocalExecutor::set_unparker`].
///
/// Dropping it cancels its tasks and drops their coroutines and the queued callbacks.
///
/// ```
/// let executor = evloop_executor::LocalExecutor::new();
/// let task = executor.spawn(async { 6 * 7 });
/// assert_eq!(executor.block_on(task).unwrap(), 42);
/// ```
///
/// # Cost
///
/// Spawning: one allocation. Waking on this thread: a comparison and a push, no lock, no shared
/// line.
pub struct LocalExecutor {
    block: &'static Block,
    generation: u64,
    /// Where its tasks spawn, if that is not here.
    front: Option<&'static dyn Scheduler>,
    /// Bound to its thread.
    _not_send: PhantomData<Rc<()>>,
}

impl LocalExecutor {
    /// An executor for this thread.
    #[must_use]
    pub fn new() -> Self {
        Self::with_front(None)
    }

    /// An executor for what has to stay on this thread, beside another one whose tasks move: what its
    /// tasks spawn goes to `front`, unless it is spawned as local; and so do failures that nobody
    /// receives.
    #[must_use]
    pub fn beside(front: &'static dyn Scheduler) -> Self {
        let executor = Self::with_front(Some(front));
        executor.set_reporter(Some(Arc::new(|context| front.report(context))));
        executor
    }

    fn with_front(front: Option<&'static dyn Scheduler>) -> Self {
        let (block, generation) = Block::take();
        Self {
            block,
            generation,
            front,
            _not_send: PhantomData,
        }
    }

    /// A handle for all threads.
    #[must_use]
    pub fn handle(&self) -> ExecutorHandle {
        ExecutorHandle::new(self.block, self.generation)
    }

    /// What tasks see of it.
    #[must_use]
    pub fn scheduler(&self) -> &'static dyn Scheduler {
        self.block
    }

    pub(crate) fn block(&self) -> &'static Block {
        self.block
    }

    fn local(&self) -> &'static Local {
        self.block
            .home
            .get()
            .expect("an executor that is not Send stays on its thread")
    }

    /// Makes this the current scheduler of the thread until the guard is dropped.
    pub fn enter(&self) -> EnterGuard {
        match self.front {
            Some(front) => enter_schedulers(front, self.block),
            None => enter_scheduler(self.block),
        }
    }

    /// Has `unparker` woken when another thread sends work: once, until that is
    /// [taken over](Self::take_arrivals), and at once if some has been sent before.
    pub fn set_unparker(&self, unparker: Waker) {
        self.block.set_unparker(unparker);
    }

    /// Sends failures that nobody receives to `reporter`; `None` prints them on standard error.
    pub fn set_reporter(&self, reporter: Option<Reporter>) {
        self.block.set_reporter(reporter);
    }

    /// Has tasks that are spawned in a turn of this executor run their first step inside the spawn,
    /// unless their [`Builder::eager_start`] says otherwise.
    pub fn set_eager_tasks(&self, eager: bool) {
        if eager {
            enable_eager_tasks();
        }
        self.local().eager.set(eager);
    }

    /// Starts a task here.
    #[track_caller]
    pub fn spawn<F>(&self, coroutine: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Builder::new().spawn(self.block, coroutine)
    }

    /// Starts a task whose coroutine is not `Send`.
    #[track_caller]
    pub fn spawn_local<F>(&self, coroutine: F) -> Task<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        Builder::new().spawn_local(self.block, coroutine)
    }

    /// Queues a callback behind everything that is ready. On a closed executor it is cancelled.
    #[track_caller]
    pub fn call_soon(&self, callback: impl FnOnce() + Send + 'static) -> CallHandle {
        let handle = CallHandle::new(callback);
        let local = self.local();
        if local.closed.get() {
            handle.cancel();
        } else {
            local.ready.borrow_mut().push_back(Job::Call(handle.job()));
        }
        handle
    }

    /// Moves what other threads sent to the end of the queue, at most a thousand of it: others must
    /// not be able to keep a turn from ending. Returns whether there is more.
    #[inline]
    pub fn take_arrivals(&self) -> bool {
        let stale = self
            .block
            .drain_inbox(self.local(), self.generation, MOST_ARRIVALS);
        stale.into_iter().for_each(Job::discard);
        self.block.n_arrivals() > 0
    }

    /// True when other threads sent work that was not taken over yet.
    #[must_use]
    pub fn has_arrivals(&self) -> bool {
        self.block.has_arrivals()
    }

    /// Number of steps and callbacks in the queue.
    #[inline]
    #[must_use]
    pub fn n_ready(&self) -> usize {
        self.local().ready.borrow().len()
    }

    /// Runs at most `limit` steps and callbacks, first in, first out; returns how many it ran.
    ///
    /// With `limit = n_ready()` this is a loop turn: what the turn queues waits for the next one.
    /// Never unwinds.
    pub fn run_ready(&self, limit: usize) -> usize {
        let local = self.local();
        if local.ready.borrow().capacity() > LARGE {
            self.shrink_after_a_burst();
        }
        let _entered = self.enter();
        for n in 0..limit {
            // A statement of its own: the queue must not stay borrowed while the job runs.
            let job = local.ready.borrow_mut().pop_front();
            let Some(job) = job else { return n };
            job.run();
        }
        limit
    }

    /// Gives the queue's memory back after some turns that have used little of it.
    #[cold]
    fn shrink_after_a_burst(&self) {
        let local = self.local();
        let mut ready = local.ready.borrow_mut();
        if 4 * ready.len() > ready.capacity() {
            local.n_small_turns.set(0);
            return;
        }
        local.n_small_turns.set(local.n_small_turns.get() + 1);
        if local.n_small_turns.get() >= MOST_SMALL_TURNS {
            local.n_small_turns.set(0);
            let room = 2 * ready.len();
            ready.shrink_to(room.max(LARGE / 2));
        }
    }

    /// Runs exactly what is ready now: a loop turn. Returns how much that was.
    #[inline]
    pub fn run_turn(&self) -> usize {
        self.run_ready(self.n_ready())
    }

    /// Takes the first step or callback out of the queue, to look at it and then run it.
    #[must_use]
    pub fn next_step(&self) -> Option<Step> {
        self.local().ready.borrow_mut().pop_front().map(Step::new)
    }

    /// The tasks that have not ended: suspended, queued for their first step, or running.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskRef> {
        all_tasks_of(self.block, self.local())
    }

    /// Runs tasks until `future` is done, parking the thread while nothing is ready.
    ///
    /// The future runs as a task. For an executor without drivers.
    ///
    /// # Panics
    ///
    /// When the future does, when its task is cancelled, and when the executor is closed.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let (parker, unparker) = parking::pair();
        let former = self.block.swap_unparker(Some(unparker.into()));
        let _former = FormerUnparker(self.block, former);
        let end = self.run_root(future, |main| {
            while !main.done() && !self.is_closed() {
                self.take_arrivals();
                if self.run_turn() == 0 {
                    parker.park();
                }
            }
        });
        match end {
            RootEnd::Finished(output) => output,
            RootEnd::Panicked(panic) => panic.resume(),
            RootEnd::Cancelled(cancellation) => panic!("the future's task was {cancellation}"),
            RootEnd::Unfinished => panic!("failed to block on a future: {Closed}"),
        }
    }

    /// Ends it: cancels every task and runs them until their coroutines are dropped, drops queued
    /// callbacks, and refuses all that comes later. Dropping the executor does the same.
    ///
    /// Returns how many tasks and callbacks were abandoned: those that destructors kept making.
    pub fn close(&self) -> usize {
        let local = self.local();
        // Also while it is closing: a destructor that this runs may close it again.
        if local.closing.replace(true) {
            return 0;
        }
        let n_abandoned = self.cancel_all();
        local.closed.set(true);
        self.block.end_generation();
        // Destructors may still reach the executor, and find it closed.
        let tasks = std::mem::take(&mut *local.tasks.borrow_mut());
        drop(tasks);
        let jobs = std::mem::take(&mut *local.ready.borrow_mut());
        for job in jobs {
            self.block.bury(job);
        }
        n_abandoned
    }

    /// True after [`LocalExecutor::close`].
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.local().closed.get()
    }

    /// Returns the number of tasks and callbacks that would not end.
    fn cancel_all(&self) -> usize {
        let local = self.local();
        let mut n_rounds = 0;
        let mut n_waits = 0;
        let mut n_abandoned = 0;
        let mut all_are_polled = false;
        while n_rounds < CLOSE_ROUNDS && n_waits < MOST_WAITS {
            self.take_arrivals();
            for task in all_tasks_of(self.block, local) {
                if task.cancelling() == 0 {
                    task.cancel_with("its event loop is closed");
                }
            }
            let jobs = std::mem::take(&mut *local.ready.borrow_mut());
            if !jobs.is_empty() {
                n_rounds += 1;
                for job in jobs {
                    match job {
                        Job::Task(step) => step.run(),
                        job @ Job::Call(_) => job.discard(),
                    }
                }
            } else if local.tasks.borrow().is_empty() {
                return n_abandoned;
            } else if !all_are_polled {
                // A request of another thread comes as a callback, and may be among those that were dropped.
                all_are_polled = true;
                let suspended = all_tasks_of(self.block, local);
                suspended.iter().for_each(TaskRef::wake);
            } else {
                let n_dropped = self.drop_suspended();
                n_abandoned += n_dropped;
                n_waits += usize::from(n_dropped == 0);
            }
        }
        n_abandoned + local.tasks.borrow().len() + local.ready.borrow().len()
    }

    /// Drops the coroutines of tasks that have caught their cancellation and wait for something that
    /// will not come. Returns how many.
    fn drop_suspended(&self) -> usize {
        let local = self.local();
        let suspended = all_tasks_of(self.block, local);
        suspended.iter().for_each(TaskRef::wake);
        let jobs = std::mem::take(&mut *local.ready.borrow_mut());
        if jobs.is_empty() {
            // Another thread is in the middle of waking the last ones, and was interrupted there:
            // what it sends later would find nobody to drop it at home.
            yield_now();
        }
        let n_tasks = jobs
            .iter()
            .filter(|job| matches!(job, Job::Task(_)))
            .count();
        jobs.into_iter().for_each(Job::discard);
        n_tasks
    }
}

/// Puts the former unparker back: a wait inside of another one must not deafen that one.
struct FormerUnparker(&'static Block, Option<Waker>);

impl Drop for FormerUnparker {
    fn drop(&mut self) {
        let former = self.1.take();
        // What arrived for the inner wait may be what the outer one waits for.
        if let Some(former) = &former {
            former.wake_by_ref();
        }
        drop(self.0.swap_unparker(former));
    }
}

/// The registered tasks, and the new ones in the queue or in their first step.
pub(crate) fn all_tasks_of(block: &'static Block, local: &Local) -> Vec<TaskRef> {
    let mut tasks: Vec<TaskRef> = local.tasks.borrow().iter().collect();
    let new = |job: &Job| match job {
        Job::Task(step) if step.is_new() => Some(step.task()),
        _ => None,
    };
    tasks.extend(local.ready.borrow().iter().filter_map(new));
    // Another executor's task may be the one that asks.
    let mut running: Vec<TaskRef> = current_task()
        .filter(|task| task.runs_on(block))
        .into_iter()
        .collect();
    running.extend(local.interrupted.borrow().iter().cloned());
    if !running.is_empty() {
        let mut known: HashSet<_> = tasks.iter().map(TaskRef::id).collect();
        running.retain(|task| known.insert(task.id()));
        tasks.append(&mut running);
    }
    tasks.retain(|task| !task.done());
    tasks
}

impl Drop for LocalExecutor {
    fn drop(&mut self) {
        self.close();
        self.block.give_back();
    }
}

impl Default for LocalExecutor {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LocalExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalExecutor")
            .field("n_ready", &self.n_ready())
            .field("n_suspended", &self.local().tasks.borrow().len())
            .finish()
    }
}
