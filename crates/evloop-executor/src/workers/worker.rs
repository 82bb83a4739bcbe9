//! One worker: the thread's end of a pool.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use evloop_task::{EnterGuard, TaskRef, enter_schedulers};
use parking::Parker;

use super::nap::Nap;
use super::pace::{Stride, TURN};
use super::pool::{Here, Pool, Slot, set_here};
use super::search::{Found, STUCK, Search};
use super::seat::Seat;
use super::shuffle::Shuffle;
use super::sleeper::WakeWorker;
use super::vigil::Vigil;
use crate::handle::ExecutorHandle;
use crate::job::{Job, Step};
use crate::local_executor::LocalExecutor;
use crate::sync::{Ordering, fence};

/// Steps of a turn: after so many somebody looks at timers and I/O.
const STEPS_PER_TURN: usize = 64;

/// Steps between two looks at what other threads have sent.
const STEPS_PER_LOOK: u32 = 61;

/// The thread that runs jobs of a [`Workers`](super::Workers) executor, and those that are pinned to it.
///
/// Whoever has it repeats: [`turn`](Self::turn) while that runs anything, else
/// [`search`](Self::search), else [`nap`](Self::nap); until [`is_closing`](Self::is_closing). In between it
/// looks at timers and I/O. [`run`](Self::run) does this for a worker without either.
///
/// It stays on its thread, where it is entered: tasks that are spawned there go to it.
pub struct Worker {
    /// Left first: tasks that its end drops belong to no worker.
    _entered: EnterGuard,
    local: LocalExecutor,
    pub(super) pool: &'static Pool,
    seat: Seat,
    pub(super) parker: Option<Parker>,
    /// `None` outside of the worker's life.
    before: Option<Here>,
    role: Cell<Role>,
    stride: RefCell<Stride>,
    n_until_look: Cell<u32>,
    /// `None` but in tests of what depends on the order of steps.
    shuffle: Option<Shuffle>,
    search: RefCell<Search>,
    /// The last one since it had nothing to do.
    theft: Cell<Option<Theft>>,
    /// When it last looked at others' queues while it was busy.
    rescued_at: Cell<u64>,
    pub(super) vigil: Vigil,
    _not_send: PhantomData<Rc<()>>,
}

/// Jobs that were stolen from another worker.
#[derive(Clone, Copy, Debug)]
struct Theft {
    n_jobs: usize,
    at: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Active,
    Searching,
}

impl Worker {
    /// `None` when the slot has a worker already.
    pub(super) fn take(pool: &'static Pool, index: usize) -> Option<Self> {
        let slot = &pool.slots[index];
        let (seat, parker) = Seat::take(slot)?;
        let local = LocalExecutor::beside(pool);
        local.set_unparker(waker_of(slot));
        let entered = enter_schedulers(pool, local.scheduler());
        pool.roles.join();
        // It is active from here on, and those that sleep may have seen nobody who was.
        pool.see_to_watch();
        let here = Here {
            pool,
            seat,
            pinned: Some(local.block()),
        };
        Some(Self {
            _entered: entered,
            local,
            pool,
            seat,
            parker: Some(parker),
            before: set_here(Some(here)),
            role: Cell::new(Role::Active),
            stride: RefCell::new(Stride::new()),
            n_until_look: Cell::new(0),
            shuffle: None,
            search: RefCell::new(Search::new(pool.slots.len(), index)),
            theft: Cell::new(None),
            rescued_at: Cell::new(0),
            vigil: Vigil::default(),
            _not_send: PhantomData,
        })
    }

    pub(super) fn slot(&self) -> &'static Slot {
        self.seat.slot()
    }

    /// Which one it is, counted from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.slot().index
    }

    /// Wakes this worker, or has its next nap end at once. For what is its alone, such as timers.
    #[must_use]
    pub fn waker(&self) -> Waker {
        waker_of(self.slot())
    }

    /// Says how a nap [elsewhere](Nap::elsewhere) is ended: by a waker that keeps what it is told until
    /// the next wait.
    pub fn set_elsewhere(&self, waker: Waker) {
        self.slot().sleeper.set_elsewhere(Some(waker));
    }

    /// Takes one of the first eight jobs of the queue from here on, by chance, and puts those before it at
    /// the end: a testing aid. Pinned tasks keep their order.
    ///
    /// The choices follow from `seed` and the worker's number. What is ready is run with probability one,
    /// but no number of steps is certain to be enough.
    pub fn shuffle(&mut self, seed: u64) {
        self.shuffle = Some(Shuffle::new(seed, self.index()));
    }

    /// True once the executor is to end: the worker should be dropped.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.pool.is_closing.load(Ordering::Acquire)
    }

    /// Sends tasks and callbacks to this very worker.
    #[must_use]
    pub fn pinned(&self) -> ExecutorHandle {
        self.local.handle()
    }

    /// The tasks that are pinned to this worker and have not ended.
    #[must_use]
    pub fn pinned_tasks(&self) -> Vec<TaskRef> {
        self.local.tasks()
    }

    /// Runs what is queued here: at most 64 steps of pinned tasks, and then at most 64 others, these no
    /// longer than a millisecond but for the last one. Returns how many it ran.
    ///
    /// Never unwinds.
    pub fn turn(&self) -> usize {
        self.turn_by(Step::run)
    }

    /// As [`Worker::turn`], but gives each step to `run`, for somebody who looks at it and then runs it.
    #[inline]
    pub fn turn_by(&self, mut run: impl FnMut(Step)) -> usize {
        let n_pinned = self.run_pinned(&mut run);
        if self.role.get() == Role::Searching && (n_pinned > 0 || !self.slot().ring.is_empty()) {
            self.end_search();
        }
        let mut begun = None;
        let mut n_steps = 0;
        while n_steps < STEPS_PER_TURN {
            if let Some(shuffle) = &self.shuffle {
                self.skip_some(shuffle);
            }
            let Some(job) = self.next() else { break };
            run(Step::new(job));
            n_steps += 1;
            if self.stride.borrow_mut().step() {
                let now = self.look_at_clock();
                if now.saturating_sub(*begun.get_or_insert(now)) >= TURN {
                    break;
                }
            }
        }
        n_pinned + n_steps
    }

    fn run_pinned(&self, run: &mut impl FnMut(Step)) -> usize {
        if self.local.has_arrivals() {
            self.local.take_arrivals();
        }
        let n_ready = self.local.n_ready().min(STEPS_PER_TURN);
        if n_ready > 0 && self.role.get() == Role::Searching {
            self.end_search();
        }
        for n in 0..n_ready {
            let Some(step) = self.local.next_step() else {
                return n;
            };
            run(step);
        }
        n_ready
    }

    /// The next job of the own queue, or of what came from outside.
    #[inline]
    fn next(&self) -> Option<Job> {
        match self.n_until_look.get().checked_sub(1) {
            Some(n_left) => self.n_until_look.set(n_left),
            None => {
                self.n_until_look.set(STEPS_PER_LOOK);
                self.take_injected();
            }
        }
        self.pop().or_else(|| {
            self.take_injected();
            self.pop()
        })
    }

    /// Moves the first jobs of the own queue to its end, where others can steal them as well.
    #[cold]
    fn skip_some(&self, shuffle: &Shuffle) {
        // Without jobs no number is drawn: how often a worker looks in vain is a matter of time. So is
        // whether a search has found what was sent, or nobody has yet.
        let ring = &self.slot().ring;
        if ring.is_empty() && !self.take_injected() {
            return;
        }
        if shuffle.looks() {
            self.take_injected();
        }
        // Thieves may have left nothing.
        for _ in 0..shuffle.n_skipped(ring.len().max(1)) {
            if let Some((job, _)) = self.seat.pop() {
                self.seat.push(job);
            }
        }
    }

    #[inline]
    fn pop(&self) -> Option<Job> {
        let (job, was_last) = self.seat.pop()?;
        if was_last {
            self.slot().pace.run_dry();
        }
        Some(job.into_job())
    }

    /// Moves what came from outside to the own queue.
    #[inline]
    fn take_injected(&self) -> bool {
        if self.pool.injector.is_empty() {
            return false;
        }
        let mut any = false;
        for job in self.pool.injector.take() {
            self.seat.push(job);
            any = true;
        }
        if any {
            if self.role.get() == Role::Searching {
                self.end_search();
            }
            self.pool.see_to_watch();
        }
        any
    }

    #[cold]
    fn look_at_clock(&self) -> u64 {
        let now = self.pool.now();
        let cost = self.stride.borrow_mut().look(now);
        self.slot().pace.set_cost(cost);
        self.pool.consider_help(self.slot(), now);
        if now.saturating_sub(self.rescued_at.get()) >= STUCK {
            self.rescued_at.set(now);
            self.search.borrow_mut().rescue(self.pool, self.seat, now);
        }
        now
    }

    /// Looks for work that others have. True when there is some in the own queue now.
    pub fn search(&self) -> bool {
        self.judge_theft();
        self.slot().pace.run_dry();
        self.stride.borrow_mut().rest();
        self.vigil.note_seen(false);
        if self.role.get() == Role::Active {
            if !self.pool.roles.start_search() {
                return false;
            }
            self.role.set(Role::Searching);
        }
        if self.take_injected() {
            return true;
        }
        if self.pool.slots.len() == 1 {
            return false;
        }
        // One look. To wait here until a queue has been long at two of them would keep a processor busy that
        // others may need, most of all those who would make the next work; the owner of a queue that
        // stays long calls.
        let now = self.pool.now();
        let found = self.search.borrow_mut().look(self.pool, self.seat, now);
        match found {
            Found::Jobs(n_jobs) => {
                self.theft.set(Some(Theft { n_jobs, at: now }));
                self.end_search();
                self.pool.see_to_watch();
            }
            Found::Others => self.vigil.note_seen(true),
            Found::Nothing => {}
        }
        matches!(found, Found::Jobs(_))
    }

    /// The worker has run dry: was what it stole worth it?
    fn judge_theft(&self) {
        if let Some(theft) = self.theft.take() {
            let now = self.pool.now();
            let nanos = now.saturating_sub(theft.at);
            self.pool.thrift.judge(theft.n_jobs as u64, nanos, now);
        }
    }

    /// From searching to active. See the argument of [`Pool`].
    pub(super) fn end_search(&self) {
        self.role.set(Role::Active);
        self.vigil.find_work();
        let was_last = self.pool.roles.end_search();
        fence(Ordering::SeqCst);
        if !self.pool.injector.is_empty() {
            self.pool.wake_searcher();
        } else if was_last && self.pool.roles.census().is_unwatched() {
            // Also when no ring holds a job: this worker may block in a pinned task, and its timers
            // and the reactor are others' to look after then.
            self.pool.wake_watcher();
        }
    }

    /// Announces that the worker sleeps. `None` when there is something to do after all.
    pub fn nap(&self) -> Option<Nap<'_>> {
        Nap::begin(self)
    }

    pub(super) fn role(&self) -> Role {
        self.role.get()
    }

    pub(super) fn set_searching(&self) {
        self.role.set(Role::Searching);
    }

    /// Something is here that does not show in the pool's queues.
    pub(super) fn has_own_work(&self) -> bool {
        self.local.n_ready() > 0 || self.local.has_arrivals() || !self.slot().ring.is_empty()
    }

    /// Runs jobs until the executor closes. For a worker without timers and I/O.
    pub fn run(&self) {
        while !self.is_closing() {
            if self.turn() > 0 || self.search() {
                continue;
            }
            if let Some(nap) = self.nap() {
                nap.park(None);
            }
        }
    }

    /// Cancels the pinned tasks and runs them to their end, as
    /// [`LocalExecutor::close`](crate::LocalExecutor::close). Returns how many were abandoned.
    pub fn close_pinned(&self) -> usize {
        self.local.close()
    }
}

fn waker_of(slot: &'static Slot) -> Waker {
    Waker::from(Arc::new(WakeWorker(&slot.sleeper)))
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.local.close();
        self.pool.roles.leave(self.role.get() == Role::Searching);
        set_here(self.before);
        self.slot().sleeper.set_elsewhere(None);
        if let Some(parker) = self.parker.take() {
            self.seat.stand_up(parker);
        }
        // What is left in the ring, others can steal; and a job that relied on this worker as a
        // searcher is looked at by the next.
        fence(Ordering::SeqCst);
        self.pool.wake_searcher();
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("index", &self.slot().index)
            .field("role", &self.role.get())
            .field("n_queued", &self.slot().ring.len())
            .finish_non_exhaustive()
    }
}
