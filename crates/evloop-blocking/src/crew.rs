//! The bookkeeping of the pool: what is true under its one lock, and the moves between.
//!
//! Nothing here blocks, runs foreign code or touches a thread; each move returns what the
//! caller has to do after releasing the lock.
//!
//! # Invariants
//!
//! 1. While a job is queued there is at least one *sure* thread: one that the system has
//!    started and that has not left. A job is queued only if there is one (see
//!    [`Crew::footing`]), and a thread leaves only under the lock and with the queue empty.
//! 2. While a job is queued, a thread is coming, or none is idle and either the limit is
//!    reached or the system has refused. Every push and every take asks [`Crew::call_help`],
//!    and so does a refused start, because while it was under way nobody else was called.
//! 3. `n_coming`, `n_running` and `idle` count the seats in that status, and `n_threads` those
//!    that are not vacant: each number changes only together with a seat.

use std::sync::Arc;
use std::task::Waker;

use crate::job::Job;
use crate::places::Places;
use crate::queue::JobQueue;
use crate::sizing::{Backoff, Census, Verdict, decide};
use crate::stats::Stats;
use crate::sync::Condvar;

/// The place of a thread in the crew; the `N` in the thread's name.
pub(crate) type Seat = usize;

/// Names one start of a thread; a seat sees many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StartId(u64);

/// What a thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// There is no thread.
    Vacant,
    /// Rung or started, and has not looked at the queue since.
    Coming,
    /// Asleep, and not rung.
    Idle,
    /// Has a job.
    Running,
}

struct Place {
    status: Status,
    /// The start of this thread, while its starter has not reported and it has not left.
    unsettled: Option<StartId>,
    /// Rung when the status goes from idle to coming.
    bell: Arc<Condvar>,
}

/// Everything behind the lock of a pool.
pub(crate) struct Crew {
    pub(crate) queue: JobQueue<Job>,
    pub(crate) places: Places,
    /// Wakers of tasks that wait for the end of a shutdown, by an id of their own.
    pub(crate) mourners: Vec<(u64, Waker)>,
    pub(crate) next_mourner: u64,
    /// Threads that wait on `Shared::changed`.
    pub(crate) n_watchers: usize,
    max_threads: usize,
    is_closed: bool,
    table: Vec<Place>,
    /// The last one to fall asleep is woken first, so that the others can reach the end of
    /// their keep-alive time.
    idle: Vec<Seat>,
    n_threads: usize,
    /// Threads on the crew that the system may still refuse, as far as we know.
    n_unsettled: usize,
    next_start: u64,
    n_coming: usize,
    n_running: usize,
    backoff: Backoff,
}

/// What has to be done, without the lock, about jobs that wait.
#[must_use]
pub(crate) enum Help {
    None,
    Ring(Arc<Condvar>),
    Start(Seat, StartId),
}

/// Whether the system has refused a thread for this very job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    First,
    AfterRefusal,
}

/// Whether a job may be queued.
pub(crate) enum Footing {
    /// A thread will get to it.
    Sure,
    /// There may be no thread: start this one, with the job in its hands.
    First(Seat, StartId),
    /// There may be no thread, and no other may be started: wait for one to settle.
    Unsettled,
    /// There is no thread, and the system has refused this very job one.
    Refused,
}

/// A job that was taken from the queue.
pub(crate) struct Taken {
    pub(crate) job: Job,
    /// Owns the place that became free, and is to be woken.
    pub(crate) granted: Option<Waker>,
}

/// Who has to hear that the crew changed for good.
#[must_use]
#[derive(Default)]
pub(crate) struct News {
    pub(crate) bells: Vec<Arc<Condvar>>,
    pub(crate) wakers: Vec<Waker>,
    /// Whether threads wait on `Shared::changed`.
    pub(crate) is_watched: bool,
}

impl Crew {
    pub(crate) fn new(max_threads: usize, queue_limit: usize) -> Self {
        Self {
            queue: JobQueue::new(),
            places: Places::new(queue_limit),
            mourners: Vec::new(),
            next_mourner: 0,
            n_watchers: 0,
            max_threads,
            is_closed: false,
            table: Vec::new(),
            idle: Vec::new(),
            n_threads: 0,
            n_unsettled: 0,
            next_start: 0,
            n_coming: 0,
            n_running: 0,
            backoff: Backoff::default(),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Tells whether the pool was closed and its last thread has left.
    pub(crate) fn is_drained(&self) -> bool {
        self.is_closed && self.n_threads == 0
    }

    /// Finds out whether a job may be queued, and takes a seat for a first thread if not.
    pub(crate) fn footing(&mut self, attempt: Attempt) -> Footing {
        if self.n_threads > self.n_unsettled {
            Footing::Sure
        } else if self.is_unsettled(attempt) {
            Footing::Unsettled
        } else if attempt == Attempt::AfterRefusal {
            Footing::Refused
        } else {
            let (seat, start) = self.sit_down(Status::Running);
            Footing::First(seat, start)
        }
    }

    /// Tells whether all hope lies in starts under way: no thread is sure, and no other may,
    /// or should, be started.
    pub(crate) fn is_unsettled(&self, attempt: Attempt) -> bool {
        let is_all_unsettled = self.n_threads == self.n_unsettled && self.n_unsettled > 0;
        is_all_unsettled && (self.n_threads == self.max_threads || attempt == Attempt::AfterRefusal)
    }

    /// Decides who is sent for; to be asked after every push, take and refused start.
    pub(crate) fn call_help(&mut self) -> Help {
        match decide(self.census()) {
            Verdict::Leave => Help::None,
            Verdict::Ring => match self.idle.pop() {
                Some(seat) => {
                    self.n_coming += 1;
                    self.table[seat].status = Status::Coming;
                    Help::Ring(Arc::clone(&self.table[seat].bell))
                }
                None => Help::None,
            },
            Verdict::Start if self.backoff.should_try() => {
                let (seat, start) = self.sit_down(Status::Coming);
                Help::Start(seat, start)
            }
            Verdict::Start => Help::None,
        }
    }

    /// The starter of a thread reports what the system said; tells what help is needed now.
    ///
    /// A refused thread has left by [`leave`](Crew::leave) already, when its body was dropped.
    pub(crate) fn settle(&mut self, seat: Seat, start: StartId, is_started: bool) -> Help {
        if self.table[seat].unsettled == Some(start) {
            self.table[seat].unsettled = None;
            self.n_unsettled -= 1;
        }
        if is_started {
            self.backoff.note_success();
            Help::None
        } else {
            self.backoff.note_refusal();
            self.call_help()
        }
    }

    /// A thread is about to look at the queue, called or not.
    pub(crate) fn arrive(&mut self, seat: Seat) {
        self.vacate(seat);
        self.occupy(seat, Status::Coming);
    }

    /// Gives the next job to the thread, if there is one.
    pub(crate) fn take(&mut self, seat: Seat) -> Option<Taken> {
        let job = self.queue.pop()?;
        let granted = self.places.grant(self.queue.len());
        self.vacate(seat);
        self.occupy(seat, Status::Running);
        Some(Taken { job, granted })
    }

    /// The thread goes to sleep.
    pub(crate) fn rest(&mut self, seat: Seat) {
        self.vacate(seat);
        self.occupy(seat, Status::Idle);
    }

    /// Tells whether the thread may sleep on: nobody rang for it.
    pub(crate) fn is_resting(&self, seat: Seat) -> bool {
        self.table[seat].status == Status::Idle
    }

    pub(crate) fn bell(&self, seat: Seat) -> Arc<Condvar> {
        Arc::clone(&self.table[seat].bell)
    }

    /// The thread ends, or never began.
    pub(crate) fn leave(&mut self, seat: Seat) -> News {
        self.vacate(seat);
        self.n_threads -= 1;
        // Refused, or come and gone before its starter could report.
        if self.table[seat].unsettled.take().is_some() {
            self.n_unsettled -= 1;
        }
        if self.n_threads == 0 {
            self.queue.shrink();
        }
        self.news()
    }

    /// Accepts no more jobs and calls everybody, to finish the queue and leave.
    pub(crate) fn close(&mut self) -> News {
        self.is_closed = true;
        let mut bells = Vec::new();
        while let Some(&seat) = self.idle.last() {
            self.arrive(seat);
            bells.push(self.bell(seat));
        }
        let mut news = self.news();
        news.bells = bells;
        news.wakers.extend(self.places.close());
        news
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            n_threads: self.n_threads,
            n_idle: self.idle.len(),
            n_running: self.n_running,
            n_queued: self.queue.len(),
            max_threads: self.max_threads,
        }
    }

    /// The seats whose threads have a job now, in ascending order.
    pub(crate) fn running(&self) -> impl Iterator<Item = Seat> {
        let seats = self.table.iter().enumerate();
        seats.filter_map(|(seat, place)| (place.status == Status::Running).then_some(seat))
    }

    fn news(&mut self) -> News {
        let mut news = News::default();
        if self.is_drained() {
            news.wakers
                .extend(self.mourners.drain(..).map(|(_, waker)| waker));
            news.is_watched = self.n_watchers > 0;
        }
        news
    }

    fn census(&self) -> Census {
        Census {
            n_queued: self.queue.len(),
            n_coming: self.n_coming,
            n_idle: self.idle.len(),
            n_threads: self.n_threads,
            max_threads: self.max_threads,
        }
    }

    /// Adds a thread whose start is not settled yet, in the first vacant seat.
    fn sit_down(&mut self, status: Status) -> (Seat, StartId) {
        let vacant = self
            .table
            .iter()
            .position(|place| place.status == Status::Vacant);
        let seat = vacant.unwrap_or_else(|| {
            self.table.push(Place {
                status: Status::Vacant,
                unsettled: None,
                bell: Arc::new(Condvar::new()),
            });
            self.table.len() - 1
        });
        let start = StartId(self.next_start);
        self.next_start += 1;
        self.n_threads += 1;
        self.n_unsettled += 1;
        self.table[seat].unsettled = Some(start);
        self.occupy(seat, status);
        (seat, start)
    }

    fn occupy(&mut self, seat: Seat, status: Status) {
        self.table[seat].status = status;
        match status {
            Status::Vacant => {}
            Status::Coming => self.n_coming += 1,
            Status::Idle => self.idle.push(seat),
            Status::Running => self.n_running += 1,
        }
    }

    fn vacate(&mut self, seat: Seat) {
        match self.table[seat].status {
            Status::Vacant => {}
            Status::Coming => self.n_coming -= 1,
            Status::Idle => self.idle.retain(|other| *other != seat),
            Status::Running => self.n_running -= 1,
        }
        self.table[seat].status = Status::Vacant;
    }
}
