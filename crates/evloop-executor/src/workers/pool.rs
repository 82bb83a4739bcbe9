//! What the workers of one executor have in common, and what tasks, wakers and handles refer to.
//!
//! Like a [`Block`](crate::block), a pool is never freed: a task keeps a plain reference to it. Ended
//! pools are used again, each use under a *generation* of its own.
//!
//! # Where a job goes
//!
//! A worker pushes to its own [ring](crate::ring), from which idle workers steal; any other thread
//! pushes to the [injector](super::injector).
//!
//! # Who is woken
//!
//! A job that a worker pushes is normally run by itself, at once. So nobody is woken for it, as long as
//! somebody [watches](super::roles): a worker that sleeps for a short time only and then looks for
//! queues that do not move. A job from outside wakes a sleeper, if the injector was empty and nobody
//! searches. A worker whose queue has been long for a while calls for help: see
//! [`pace`](super::pace).
//!
//! # Why no job is left lying
//!
//! - *From outside.* The pusher pushes, fences (F1) and reads the word of the roles; the sleeper writes
//!   itself into that word, fences (F2) and looks into the injector. If F1 is before F2, the sleeper
//!   sees the job. If F2 is before F1, the pusher sees the sleeper, or a later word: then somebody has
//!   claimed the sleeper, or it has woken up, and either way it searches and will look again. A pusher
//!   that wakes nobody because somebody searches relies on the searcher, who lowers that count by a
//!   read-modify-write, fences and looks into the injector once more, whether it goes to sleep or to
//!   work.
//! - *Only the first.* A push that found the injector not empty relies on the one that found it empty.
//!   Whoever takes, takes all, and is awake.
//! - *From a worker.* The pusher is awake, and does not sleep while its ring holds anything. What is at
//!   stake is only how long its present step lasts. While some worker is active, and one sleeps, one of
//!   the sleepers watches or somebody searches, so a push looks at nothing: a sleeper that comes sees the
//!   active one in the crew, and watches if nobody does. Whoever becomes active, from a search or by
//!   joining, fences, and if it then sees sleepers, but nobody who searches or watches, wakes one. The
//!   searcher that it saw instead becomes the watcher, or finds work and does the same.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::task::Waker;
use std::time::Instant;

use evloop_task::{
    Callback, ContextSnapshot, ErrorContext, Registry, Runnable, Scheduler, TaskId, TaskRef,
    current_scheduler, current_task, report_panic,
};

use super::injector::Injector;
use super::pace::{Pace, Thrift};
use super::raw_job::RawJob;
use super::roles::Roles;
use super::seat::Seat;
use super::sleeper::Sleeper;
use crate::block::{Block, Reporter};
use crate::call::CallHandle;
use crate::job::Job;
use crate::local_executor::all_tasks_of;
use crate::ring::Ring;
use crate::sync::{
    AtomicBool, AtomicU64, AtomicUsize, Mutex, Ordering, fence, shared_static, thread_cell,
};

/// Reads the time.
pub(crate) type Now = fn() -> Instant;

/// The bits of a registry key that say which worker's registry it is of.
const SHARD_SHIFT: u32 = 26;
const MOST_SHARDS: usize = 1 << (u32::BITS - SHARD_SHIFT);

/// See the module's docs.
pub(crate) struct Pool {
    pub(crate) slots: Box<[Slot]>,
    pub(crate) injector: Injector,
    pub(crate) roles: Roles,
    pub(crate) thrift: Thrift,
    /// The workers are to leave.
    pub(crate) is_closing: AtomicBool,
    /// Threads that do not belong to the executor add nothing any more.
    pub(crate) refuses_others: AtomicBool,
    /// Somebody waits for the last task to end.
    is_awaited: AtomicBool,
    awaiter: Mutex<Option<Arc<Waker>>>,
    now: Now,
    started: Instant,
    /// Odd while the pool is in use.
    generation: AtomicU64,
    /// Threads that push by a handle, and may be overtaken by the end of the use they push for.
    n_pushing: AtomicUsize,
    reporter: Mutex<Option<Reporter>>,
    graveyard: Mutex<VecDeque<Job>>,
}

/// The part of one worker that others reach.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) index: usize,
    pub(crate) ring: Ring,
    pub(crate) sleeper: Sleeper,
    pub(crate) pace: Pace,
    /// The tasks that have first suspended here.
    pub(crate) tasks: Registry,
}

impl Slot {
    fn new(index: usize) -> Self {
        Self {
            index,
            ring: Ring::new(),
            sleeper: Sleeper::new(),
            pace: Pace::new(),
            tasks: Registry::new(),
        }
    }
}

/// Which worker a thread is.
#[derive(Clone, Copy)]
pub(crate) struct Here {
    pub(crate) pool: &'static Pool,
    pub(crate) seat: Seat,
    /// Where the tasks are that are pinned to the thread.
    pub(crate) pinned: Option<&'static Block>,
}

thread_cell! {
    /// Set by [`Worker`](super::Worker) alone, while it owns the slot.
    HERE: Option<Here> = None
}

/// Makes the calling thread a worker, or none; returns what it was.
pub(crate) fn set_here(here: Option<Here>) -> Option<Here> {
    HERE.with(|cell| cell.replace(here))
}

thread_cell! {
    /// This thread is dropping jobs that have nowhere to run.
    IS_BURYING: bool = false
}

shared_static! {
    FREE: Mutex<Vec<&'static Pool>> = Mutex::new(Vec::new())
}

impl Pool {
    /// Takes a free pool, or makes one.
    pub(crate) fn take(n_workers: usize, now: Now) -> (&'static Self, u64) {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |pool: &&'static Self| {
            pool.slots.len() == n_workers && std::ptr::fn_addr_eq(pool.now, now)
        };
        let found = free.iter().position(fits);
        let pool = found.map(|place| free.swap_remove(place));
        drop(free);
        let pool = pool.unwrap_or_else(|| Box::leak(Box::new(Self::new(n_workers, now))));
        pool.is_closing.store(false, Ordering::Relaxed);
        pool.refuses_others.store(false, Ordering::Relaxed);
        pool.injector.open();
        let generation = pool.generation.fetch_add(1, Ordering::SeqCst) + 1;
        (pool, generation)
    }

    fn new(n_workers: usize, now: Now) -> Self {
        Self {
            slots: (0..n_workers).map(Slot::new).collect(),
            injector: Injector::closed(),
            roles: Roles::new(),
            thrift: Thrift::new(),
            is_closing: AtomicBool::new(false),
            refuses_others: AtomicBool::new(false),
            is_awaited: AtomicBool::new(false),
            awaiter: Mutex::new(None),
            now,
            started: now(),
            generation: AtomicU64::new(0),
            n_pushing: AtomicUsize::new(0),
            reporter: Mutex::new(None),
            graveyard: Mutex::new(VecDeque::new()),
        }
    }

    /// Ends this use of the pool, whose workers have left and whose queues are empty.
    pub(crate) fn end_generation(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        for job in self.injector.close() {
            self.bury(job.into_job());
        }
    }

    /// Offers the pool for the next use, unless some thread is still in the midst of a push for this
    /// one: then it is used no more.
    pub(crate) fn give_back(&'static self) {
        let reporter = self.reporter().take();
        report_panic(None, "dropping a reporter", || drop(reporter));
        fence(Ordering::SeqCst);
        if self.n_pushing.load(Ordering::SeqCst) == 0 {
            FREE.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(self);
        }
    }

    /// Nanoseconds since the pool was made.
    pub(crate) fn now(&self) -> u64 {
        let since = (self.now)().saturating_duration_since(self.started);
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }

    fn reporter(&self) -> crate::sync::MutexGuard<'_, Option<Reporter>> {
        self.reporter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_reporter(&self, reporter: Option<Reporter>) {
        let former = std::mem::replace(&mut *self.reporter(), reporter);
        drop(former);
    }

    /// True while the use that `generation` names goes on.
    pub(crate) fn is_open(&self, generation: u64) -> bool {
        self.generation.load(Ordering::Acquire) == generation
    }

    pub(crate) fn current_generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The calling thread, if it is a worker here.
    #[inline]
    pub(crate) fn here(&'static self) -> Option<Seat> {
        let here = HERE.with(Cell::get)?;
        std::ptr::eq(here.pool, self).then_some(here.seat)
    }

    /// Queues a job for the use that `generation` names, or gives it back.
    pub(crate) fn queue(&'static self, generation: u64, job: Job) -> Result<(), Job> {
        if let Some(seat) = self.here() {
            // The use of a worker cannot end before the worker leaves.
            if !self.is_open(generation) {
                return Err(job);
            }
            self.push(seat, job);
            return Ok(());
        }
        self.n_pushing.fetch_add(1, Ordering::SeqCst);
        let pushed = if self.is_open(generation) && self.admits_this_thread() {
            self.inject(job)
        } else {
            Err(job)
        };
        self.n_pushing.fetch_sub(1, Ordering::SeqCst);
        pushed
    }

    fn admits_this_thread(&'static self) -> bool {
        let is_ours = |scheduler: &dyn Scheduler| std::ptr::addr_eq(scheduler, self);
        !self.refuses_others.load(Ordering::Relaxed) || current_scheduler().is_some_and(is_ours)
    }

    /// Adds a job to the ring of the calling worker.
    #[inline]
    pub(crate) fn push(&'static self, seat: Seat, job: Job) {
        seat.push(RawJob::new(job));
        let slot = seat.slot();
        if slot.pace.has_pushed_many() {
            self.consider_help(slot, self.now());
        }
    }

    /// Sends a job from a thread that is no worker here.
    pub(crate) fn inject(&'static self, job: Job) -> Result<(), Job> {
        match self.injector.push(RawJob::new(job)) {
            Ok(was_empty) => {
                if was_empty {
                    fence(Ordering::SeqCst);
                    self.wake_searcher();
                }
                Ok(())
            }
            Err(refused) => Err(refused.into_job()),
        }
    }

    /// Wakes a sleeper to look for work, unless somebody looks already.
    pub(crate) fn wake_searcher(&self) {
        if let Some(worker) = self.roles.claim_sleeper_if_none_searches() {
            self.slots[worker].sleeper.wake();
        }
    }

    /// Wakes a sleeper that will find out that it is to watch.
    #[cold]
    pub(crate) fn wake_watcher(&self) {
        self.wake_searcher();
    }

    /// After a batch was moved to the ring of the calling worker: as after a push.
    pub(crate) fn see_to_watch(&self) {
        fence(Ordering::SeqCst);
        if self.roles.census().is_unwatched() {
            self.wake_watcher();
        }
    }

    /// Calls for help if the queue of the calling worker has been long for a while.
    #[cold]
    pub(crate) fn consider_help(&self, slot: &Slot, now: u64) {
        if slot.pace.is_behind(slot.ring.len(), now)
            && self.roles.census().n_sleeping() > 0
            && !self.thrift.is_bad(now)
            && let Some(helper) = self.roles.claim_sleeper()
        {
            slot.pace.call_for_help();
            self.slots[helper].sleeper.wake();
        }
    }

    fn shard(&self, key: u32) -> &Registry {
        &self.slots[(key >> SHARD_SHIFT) as usize % self.slots.len()].tasks
    }

    /// The tasks that have suspended and not ended, the running one, and those that are pinned to the
    /// calling thread.
    pub(crate) fn all_tasks(&'static self) -> Vec<TaskRef> {
        let mut tasks: Vec<TaskRef> = self
            .slots
            .iter()
            .flat_map(|slot| slot.tasks.tasks())
            .collect();
        let here: &'static dyn Scheduler = self;
        if let Some(running) = current_task().filter(|task| task.runs_on(here))
            && !tasks.contains(&running)
        {
            tasks.push(running);
        }
        let pinned = HERE.with(Cell::get).and_then(|here| here.pinned);
        if let Some(block) = pinned
            && let Some(local) = block.home.get()
        {
            tasks.extend(all_tasks_of(block, local));
        }
        tasks.retain(|task| !task.done());
        tasks
    }

    pub(crate) fn has_tasks(&self) -> bool {
        self.slots.iter().any(|slot| !slot.tasks.is_empty())
    }

    /// Has `awaiter` woken whenever a task ends or a worker falls asleep, until this is taken back.
    pub(crate) fn set_awaiter(&self, awaiter: Option<Waker>) {
        let is_awaited = awaiter.is_some();
        let mut place = self.awaiter.lock().unwrap_or_else(PoisonError::into_inner);
        let former = std::mem::replace(&mut *place, awaiter.map(Arc::new));
        self.is_awaited.store(is_awaited, Ordering::SeqCst);
        drop(place);
        report_panic(None, "dropping a waker", || drop(former));
    }

    /// Something has ended.
    #[inline]
    pub(crate) fn note_end(&self) {
        // Relaxed: who sets it looks again afterwards, and is woken by what ends later.
        if self.is_awaited.load(Ordering::Relaxed) {
            self.wake_awaiter();
        }
    }

    #[cold]
    fn wake_awaiter(&self) {
        let awaiter = self
            .awaiter
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(awaiter) = awaiter {
            report_panic(None, "waking a waiter", || awaiter.wake_by_ref());
        }
    }
}

/// Destructors that a late job may set off one after the other; one that goes on for ever is leaked.
const MOST_BURIED: usize = 1 << 16;

impl Pool {
    /// Drops a job that has nowhere to run, and those that its destructor makes, one by one.
    #[cold]
    pub(crate) fn bury(&self, job: Job) {
        let graveyard = || {
            self.graveyard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        graveyard().push_back(job);
        if IS_BURYING.with(|burying| burying.replace(true)) {
            return;
        }
        for _ in 0..MOST_BURIED {
            let job = graveyard().pop_front();
            let Some(job) = job else { break };
            drop(catch_unwind(AssertUnwindSafe(|| job.discard())));
        }
        IS_BURYING.with(|burying| burying.set(false));
    }
}

impl Scheduler for Pool {
    #[inline]
    fn schedule(&'static self, runnable: Runnable) {
        match self.here() {
            Some(seat) => self.push(seat, Job::Task(runnable)),
            // The task is alive, so it belongs to the use that goes on now, if any does.
            None => {
                if let Err(job) = self.inject(Job::Task(runnable)) {
                    self.bury(job);
                }
            }
        }
    }

    #[track_caller]
    fn call_soon(&'static self, callback: Callback) {
        self.call_soon_in(self.epoch(), callback);
    }

    fn epoch(&'static self) -> u64 {
        self.current_generation()
    }

    #[track_caller]
    fn call_soon_in(&'static self, epoch: u64, callback: Callback) {
        let call = CallHandle::in_context(ContextSnapshot::default(), callback);
        if let Err(job) = self.queue(epoch, Job::Call(call.job())) {
            self.bury(job);
        }
    }

    fn adopt(&'static self, task: TaskRef) -> u32 {
        let shard = self.here().map_or(0, |seat| seat.slot().index) % MOST_SHARDS;
        let key = self.slots[shard].tasks.adopt(task);
        assert!(
            key >> SHARD_SHIFT == 0,
            "a worker holds at most 67 million tasks"
        );
        (shard as u32) << SHARD_SHIFT | key
    }

    fn release(&'static self, key: u32, id: TaskId) {
        let key_there = key & ((1 << SHARD_SHIFT) - 1);
        self.shard(key).release(key_there, id);
        self.note_end();
    }

    fn poke(&'static self, key: u32) {
        let key_there = key & ((1 << SHARD_SHIFT) - 1);
        self.shard(key).poke(key_there);
    }

    fn report(&'static self, context: &ErrorContext) {
        let reporter = self.reporter().clone();
        match reporter {
            Some(reporter) => reporter(context),
            None => context.print(),
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("n_workers", &self.slots.len())
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}
