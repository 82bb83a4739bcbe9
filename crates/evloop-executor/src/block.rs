//! The part of a single-thread executor that tasks, wakers and handles of all threads refer to.
//!
//! A block is never freed: a task keeps a plain reference to it, so a wake needs no reference
//! count and can come at any time, even after the executor ended. Ended blocks are reused. Each
//! use has a *generation*; what arrives for a former one is dropped.
//!
//! # Why no arrival is lost or stranded
//!
//! A foreign thread pushes to the inbox and then wakes the unparker. The owner resets its
//! notification before it drains the inbox (see the reactor's wake-up protocol), so a push that a
//! drain misses comes with a wake that it does not. At the end the owner first makes the
//! generation even ("closed") and then drains; a pusher looks at the generation again after its
//! push. Both use sequentially consistent accesses: either the drain sees the push, or the pusher
//! sees the end and clears the inbox itself.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use concurrent_queue::ConcurrentQueue;
use evloop_task::{Callback, ErrorContext, Runnable, Scheduler, TaskId, TaskRef};
use slab::Slab;

use crate::call::CallHandle;
use crate::home::HomeCell;
use crate::job::Job;

/// Receives failures that nobody else receives.
pub type Reporter = Arc<dyn Fn(&ErrorContext) + Send + Sync>;

pub(crate) struct Block {
    pub(crate) home: HomeCell<Local>,
    /// Jobs from other threads, each with the generation it is meant for.
    inbox: ConcurrentQueue<(u64, Job)>,
    /// Odd while an executor uses the block.
    generation: AtomicU64,
    links: Mutex<Links>,
}

/// What the owner gives its block to talk to.
#[derive(Default)]
struct Links {
    unparker: Option<Waker>,
    reporter: Option<Reporter>,
}

/// What only the owning thread touches.
#[derive(Default)]
pub(crate) struct Local {
    pub(crate) ready: RefCell<VecDeque<Job>>,
    pub(crate) tasks: RefCell<Slab<TaskRef>>,
    /// The executor has ended: what comes now is dropped.
    pub(crate) closed: Cell<bool>,
    /// A dropped job's destructor is running; another job from inside it is leaked.
    dropping: Cell<bool>,
}

static FREE: Mutex<Vec<&'static Block>> = Mutex::new(Vec::new());

impl Block {
    /// Takes a free block, or makes one, for the calling thread.
    pub(crate) fn take() -> (&'static Self, u64) {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let block = free.unwrap_or_else(|| Box::leak(Box::new(Self::new())));
        let acquired = block.home.acquire();
        debug_assert!(acquired, "a free block has no owner");
        if let Some(local) = block.home.get() {
            local.closed.set(false);
        }
        let generation = block.generation.fetch_add(1, Ordering::SeqCst) + 1;
        (block, generation)
    }

    fn new() -> Self {
        Self {
            home: HomeCell::new(Local::default()),
            inbox: ConcurrentQueue::unbounded(),
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

    /// Offers the block, which the owner has emptied and ended, for the next use.
    pub(crate) fn give_back(&'static self) {
        let links = std::mem::take(&mut *self.links());
        drop(links);
        self.home.release();
        FREE.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(self);
    }

    fn links(&self) -> std::sync::MutexGuard<'_, Links> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_unparker(&self, unparker: Waker) {
        let old = self.links().unparker.replace(unparker);
        drop(old);
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

    /// Takes a job from another thread.
    #[cold]
    fn arrive(&self, generation: u64, job: Job) {
        if generation % 2 == 0 {
            return drop(job);
        }
        if let Err(refused) = self.inbox.push((generation, job)) {
            drop(refused);
        }
        fence(Ordering::SeqCst);
        if self.generation.load(Ordering::SeqCst) != generation {
            return self.clear_inbox();
        }
        let unparker = self.links().unparker.clone();
        if let Some(unparker) = unparker {
            unparker.wake();
        }
    }

    /// Drops what arrived for a use that has ended.
    fn clear_inbox(&self) {
        let mut current = Vec::new();
        while let Ok((generation, job)) = self.inbox.pop() {
            if generation % 2 == 1 && self.is_open(generation) {
                current.push((generation, job));
            }
        }
        for arrival in current {
            if let Err(refused) = self.inbox.push(arrival) {
                drop(refused);
            }
        }
    }

    /// Moves what other threads sent to the end of the run queue.
    #[inline]
    pub(crate) fn drain_inbox(&self, local: &Local, generation: u64) {
        while let Ok((meant_for, job)) = self.inbox.pop() {
            if meant_for == generation {
                local.ready.borrow_mut().push_back(job);
            } else {
                drop(job);
            }
        }
    }

    pub(crate) fn has_arrivals(&self) -> bool {
        !self.inbox.is_empty()
    }
}

impl Local {
    /// Drops a job that has nowhere to run, one level deep: a destructor that schedules another
    /// one for ever would overflow the stack.
    pub(crate) fn bury(&self, job: Job) {
        if self.dropping.replace(true) {
            std::mem::forget(job);
            return;
        }
        drop(job);
        self.dropping.set(false);
    }
}

impl Scheduler for Block {
    #[inline]
    fn schedule(&'static self, runnable: Runnable) {
        match self.home.get() {
            Some(local) if !local.closed.get() => {
                local.ready.borrow_mut().push_back(Job::Task(runnable));
            }
            Some(local) => local.bury(Job::Task(runnable)),
            // The task is alive, so it belongs to the use that goes on now, if any does.
            None => self.arrive(self.generation.load(Ordering::Acquire), Job::Task(runnable)),
        }
    }

    #[track_caller]
    fn call_soon(&'static self, callback: Callback) {
        let job = Job::Call(CallHandle::new(callback).job());
        if let Err(job) = self.queue(self.generation.load(Ordering::Acquire), job) {
            match self.home.get() {
                Some(local) => local.bury(job),
                None => drop(job),
            }
        }
    }

    fn adopt(&'static self, task: TaskRef) -> u32 {
        let Some(local) = self.home.get() else {
            return u32::MAX;
        };
        let key = local.tasks.borrow_mut().insert(task);
        u32::try_from(key).expect("an executor holds at most u32::MAX tasks")
    }

    fn release(&'static self, key: u32, id: TaskId) {
        let Some(local) = self.home.get() else { return };
        let task = {
            let mut tasks = local.tasks.borrow_mut();
            // A task that outlives its executor (its step was on its way from another thread at
            // the end) must not release a task of the next one.
            let is_it = tasks.get(key as usize).is_some_and(|task| task.id() == id);
            if is_it {
                tasks.try_remove(key as usize)
            } else {
                None
            }
        };
        drop(task);
    }

    fn poke(&'static self, key: u32) {
        let Some(local) = self.home.get() else {
            // The registry is the owner's alone.
            return self.call_soon(Box::new(move || self.poke(key)));
        };
        let task = local.tasks.borrow().get(key as usize).cloned();
        if let Some(task) = task {
            task.wake();
        }
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
