//! The part of a single-thread executor that tasks, wakers and handles of all threads refer to.
//!
//! A block is never freed: a task keeps a plain reference to it, so a wake needs no reference
//! count and can come at any time, even after the executor ended. Ended blocks are reused. Each
//! use has a *generation*; what arrives for a former one is dropped.
//!
//! # Why no arrival is lost or stranded
//!
//! A foreign thread pushes to the inbox, and then raises a flag. Only who finds the flag down wakes
//! the unparker, so that a burst costs one wake. The owner takes the flag down before it drains the
//! inbox, and drains it whenever the flag is up. All this happens by exchanges of the flag. Take the
//! first exchange of the owner after that of a pusher: it acquires that push and those before,
//! as the exchanges in between are pushers' and continue what was released, so that its drain sees
//! them. And it comes: whoever raised the flag after the owner's exchange before that has woken, or is
//! about to wake, the unparker, which keeps that until the owner waits; and the owner looks at the
//! flag after each wait, which acquires the wake. A new unparker is woken if the flag was up when it came.
//!
//! At the end the owner first makes the
//! generation even ("closed") and then drains; a pusher looks at the generation again after its
//! push. Both use sequentially consistent accesses: either the drain sees the push, or the pusher
//! sees the end and clears the inbox itself.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::task::Waker;

use evloop_task::{
    Callback, ContextSnapshot, ErrorContext, Runnable, Scheduler, TaskId, TaskRef, TaskTable,
    current_scheduler, current_task, report_panic,
};

use crate::call::CallHandle;
use crate::home::HomeCell;
use crate::job::Job;
use crate::sync::{
    AtomicBool, AtomicU64, ConcurrentQueue, Mutex, MutexGuard, Ordering, fence, shared_static,
};

/// Receives failures that nobody else receives.
pub type Reporter = Arc<dyn Fn(&ErrorContext) + Send + Sync>;

pub(crate) struct Block {
    pub(crate) home: HomeCell<Local>,
    /// Jobs from other threads, each with the generation it is meant for.
    inbox: ConcurrentQueue<(u64, Job)>,
    /// Something has arrived since the owner last began to drain the inbox, and the owner is told.
    is_announced: AtomicBool,
    /// Odd while an executor uses the block.
    generation: AtomicU64,
    links: Mutex<Links>,
}

/// What the owner gives its block to talk to.
#[derive(Default)]
struct Links {
    /// Counted, so that taking one out of the lock runs none of the waker's code.
    unparker: Option<Arc<Waker>>,
    reporter: Option<Reporter>,
}

/// What only the owning thread touches.
#[derive(Default)]
pub(crate) struct Local {
    pub(crate) ready: RefCell<VecDeque<Job>>,
    /// Turns since the queue was last needed as large as it is.
    pub(crate) n_small_turns: Cell<u32>,
    pub(crate) tasks: RefCell<TaskTable>,
    /// New tasks start inside their spawn, unless told otherwise.
    pub(crate) eager: Cell<bool>,
    /// The tasks whose steps are interrupted by the first step of an eager one, outermost first.
    pub(crate) interrupted: RefCell<Vec<TaskRef>>,
    /// The executor has ended: what comes now is dropped.
    pub(crate) closed: Cell<bool>,
    /// The executor is ending its tasks.
    pub(crate) closing: Cell<bool>,
    /// A late job is being dropped; another one from inside its destructor waits its turn.
    dropping: Cell<bool>,
    /// Late jobs, to be dropped one by one.
    graveyard: RefCell<VecDeque<Job>>,
    /// The executor was dropped by the destructor of a late job.
    ended: Cell<bool>,
}

shared_static! {
    FREE: Mutex<Vec<&'static Block>> = Mutex::new(Vec::new())
}

impl Block {
    /// Takes a free block, or makes one, for the calling thread.
    pub(crate) fn take() -> (&'static Self, u64) {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let block = free.unwrap_or_else(|| Box::leak(Box::new(Self::new())));
        let acquired = block.home.acquire();
        debug_assert!(acquired, "a free block has no owner");
        if let Some(local) = block.home.get() {
            local.closed.set(false);
            local.closing.set(false);
            local.eager.set(false);
        }
        // Left by the last use, whose owner hears of nothing any more.
        block.is_announced.store(false, Ordering::SeqCst);
        let generation = block.generation.fetch_add(1, Ordering::SeqCst) + 1;
        (block, generation)
    }

    fn new() -> Self {
        Self {
            home: HomeCell::new(Local::default()),
            inbox: ConcurrentQueue::unbounded(),
            is_announced: AtomicBool::new(false),
            generation: AtomicU64::new(0),
            links: Mutex::default(),
        }
    }

    /// Ends this use of the block: from here on what arrives is dropped.
    pub(crate) fn end_generation(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        self.clear_inbox();
    }

    /// Offers the block, which the owner has emptied and ended, for the next use. While a late job
    /// is being dropped, whose destructor is what ended the executor, this is put off.
    pub(crate) fn give_back(&'static self) {
        let Some(local) = self.home.get() else { return };
        if local.dropping.get() {
            return local.ended.set(true);
        }
        let links = std::mem::take(&mut *self.links());
        contain("dropping a reporter or unparker", || drop(links));
        self.home.release();
        FREE.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(self);
    }

    fn links(&self) -> MutexGuard<'_, Links> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_unparker(&self, unparker: Waker) {
        drop(self.swap_unparker(Some(unparker)));
    }

    /// Returns the former one. What has been announced to that is announced to the new one.
    pub(crate) fn swap_unparker(&self, unparker: Option<Waker>) -> Option<Waker> {
        let former = std::mem::replace(&mut self.links().unparker, unparker.map(Arc::new));
        if self.is_announced.load(Ordering::Relaxed) {
            self.wake_owner();
        }
        former.map(|former| Arc::try_unwrap(former).unwrap_or_else(|shared| (*shared).clone()))
    }

    pub(crate) fn set_reporter(&self, reporter: Option<Reporter>) {
        let old = std::mem::replace(&mut self.links().reporter, reporter);
        drop(old);
    }

    /// True while the use of the block that `generation` names goes on.
    pub(crate) fn is_open(&self, generation: u64) -> bool {
        self.generation.load(Ordering::Acquire) == generation
    }

    /// Queues a job for the use that `generation` names, or gives it back.
    pub(crate) fn queue(&self, generation: u64, job: Job) -> Result<(), Job> {
        if !self.is_open(generation) {
            return Err(job);
        }
        match self.home.get() {
            Some(local) if local.closed.get() => Err(job),
            Some(local) => {
                local.ready.borrow_mut().push_back(job);
                Ok(())
            }
            None => {
                self.arrive(generation, job);
                Ok(())
            }
        }
    }

    /// The owner's part, where a task may run its first step inside its spawn: within a turn of
    /// this executor, while that does not end.
    pub(crate) fn eager_place(&'static self) -> Option<&'static Local> {
        let here: &'static dyn Scheduler = self;
        let is_turning =
            current_scheduler().is_some_and(|turning| std::ptr::addr_eq(turning, here));
        let local = self.home.get()?;
        (is_turning && !local.closing.get() && !local.closed.get()).then_some(local)
    }

    /// Runs the first step of a task inside the step of another one, or inside a callback.
    pub(crate) fn run_eagerly(&'static self, local: &Local, first: Runnable) {
        let interrupted = current_task().filter(|task| task.runs_on(self));
        let n_interrupted = local.interrupted.borrow().len();
        local.interrupted.borrow_mut().extend(interrupted);
        // It does not unwind.
        first.run();
        let over = local.interrupted.borrow_mut().split_off(n_interrupted);
        drop(over);
    }

    /// Takes a job from another thread.
    #[cold]
    fn arrive(&self, generation: u64, job: Job) {
        if generation.is_multiple_of(2) {
            return job.discard();
        }
        if let Err(refused) = self.inbox.push((generation, job)) {
            drop(refused);
        }
        fence(Ordering::SeqCst);
        if self.generation.load(Ordering::SeqCst).is_multiple_of(2) {
            return self.clear_inbox();
        }
        // If this is the next use already, its owner finds our job and drops it.
        if !self.is_announced.swap(true, Ordering::AcqRel) {
            self.wake_owner();
        }
    }

    fn wake_owner(&self) {
        let unparker = self.links().unparker.clone();
        if let Some(unparker) = unparker {
            let mut is_told = false;
            contain("waking an executor", || {
                unparker.wake_by_ref();
                is_told = true;
            });
            if !is_told {
                // It has panicked: the next arrival is to try again.
                self.is_announced.store(false, Ordering::Release);
            }
            contain("dropping an unparker", || drop(unparker));
        }
    }

    /// Drops what arrived for a use that has ended.
    fn clear_inbox(&self) {
        while let Ok((generation, job)) = self.inbox.pop() {
            if self.is_open(generation) {
                // The next use has begun meanwhile, and this is its own.
                self.arrive(generation, job);
            } else {
                job.discard();
            }
        }
    }

    /// Moves what other threads sent to the end of the run queue.
    ///
    /// Returns what was meant for a former use, for the caller to discard when it is done here.
    #[inline]
    pub(crate) fn drain_inbox(&self, local: &Local, generation: u64, limit: usize) -> Vec<Job> {
        let mut stale = Vec::new();
        // A flag whose raising this misses stays up, and its wake is yet to come.
        if self.is_announced.load(Ordering::Relaxed) {
            self.is_announced.swap(false, Ordering::AcqRel);
        }
        for _ in 0..limit {
            let Ok((meant_for, job)) = self.inbox.pop() else {
                break;
            };
            if meant_for == generation {
                local.ready.borrow_mut().push_back(job);
            } else {
                stale.push(job);
            }
        }
        stale
    }

    /// How many jobs there are from other threads.
    pub(crate) fn n_arrivals(&self) -> usize {
        self.inbox.len()
    }

    /// Whether the owner should drain the inbox.
    pub(crate) fn has_arrivals(&self) -> bool {
        self.is_announced.load(Ordering::Relaxed) || self.n_arrivals() > 0
    }
}

/// Destructors that a late job may set off one after the other; one that goes on for ever is leaked.
const MOST_BURIED: usize = 256;

impl Block {
    /// Drops a job that has nowhere to run, and those that its destructor makes, one by one.
    pub(crate) fn bury(&'static self, job: Job) {
        let Some(local) = self.home.get() else {
            return job.discard();
        };
        local.graveyard.borrow_mut().push_back(job);
        if local.dropping.replace(true) {
            return;
        }
        for _ in 0..MOST_BURIED {
            let job = local.graveyard.borrow_mut().pop_front();
            let Some(job) = job else { break };
            job.discard();
        }
        local
            .graveyard
            .borrow_mut()
            .drain(..)
            .for_each(std::mem::forget);
        local.dropping.set(false);
        if local.ended.take() {
            self.give_back();
        }
    }
}

/// Runs foreign code outside of any lock; a panic of it is printed, and goes no further.
fn contain(what: &str, foreign: impl FnOnce()) {
    report_panic(None, what, foreign);
}

impl Scheduler for Block {
    #[inline]
    fn schedule(&'static self, runnable: Runnable) {
        match self.home.get() {
            Some(local) if !local.closed.get() => {
                local.ready.borrow_mut().push_back(Job::Task(runnable));
            }
            Some(_) => self.bury(Job::Task(runnable)),
            // The task is alive, so it belongs to the use that goes on now, if any does.
            None => self.arrive(self.generation.load(Ordering::Acquire), Job::Task(runnable)),
        }
    }

    #[track_caller]
    fn call_soon(&'static self, callback: Callback) {
        self.call_soon_in(self.epoch(), callback);
    }

    fn eager_tasks(&'static self) -> bool {
        self.home.get().is_some_and(|local| local.eager.get())
    }

    fn start_eagerly(&'static self, first: Runnable) {
        match self.eager_place() {
            Some(local) => self.run_eagerly(local, first),
            None => self.schedule(first),
        }
    }

    fn epoch(&'static self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    #[track_caller]
    fn call_soon_in(&'static self, epoch: u64, callback: Callback) {
        // What comes this way is ours, or has the context of its own registration.
        let call = CallHandle::in_context(ContextSnapshot::default(), callback);
        let job = Job::Call(call.job());
        if let Err(job) = self.queue(epoch, job) {
            match self.home.get() {
                Some(_) => self.bury(job),
                None => job.discard(),
            }
        }
    }

    fn adopt(&'static self, task: TaskRef) -> u32 {
        let Some(local) = self.home.get() else {
            return u32::MAX;
        };
        local.tasks.borrow_mut().insert(task)
    }

    fn release(&'static self, key: u32, id: TaskId) {
        let Some(local) = self.home.get() else { return };
        // A task that outlives its executor (its step was on its way from another thread at the end)
        // releases no task of the next one, which has another id.
        let task = local.tasks.borrow_mut().remove(key, id);
        drop(task);
    }

    fn poke(&'static self, key: u32) {
        let Some(local) = self.home.get() else {
            // The registry is the owner's alone.
            return self.call_soon(Box::new(move || self.poke(key)));
        };
        // A wake of one of our own tasks at home is a push to the ready queue: nothing of it looks at
        // the registry.
        local.tasks.borrow().wake(key);
    }

    fn report(&'static self, context: &ErrorContext) {
        let reporter = self.links().reporter.clone();
        match reporter {
            Some(reporter) => reporter(context),
            None => context.print(),
        }
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block")
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}
