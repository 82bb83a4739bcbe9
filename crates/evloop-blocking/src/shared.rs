//! What the handles and the threads of one pool share, and the moves that need a lock and an
//! act after it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::containment::{discard, wake_all};
use crate::crew::{Attempt, Crew, Footing, Help, News, Seat, StartId};
use crate::executor::{Rejected, RejectedReason};
use crate::job::Job;
use crate::queue::Ticket;
use crate::sync::{Condvar, Mutex, MutexGuard, lock, wait_while};
use crate::worker::{self, Worker};

/// Starts a thread that runs the body; see [`Builder::spawn_with`](crate::Builder::spawn_with).
pub(crate) type Spawner =
    dyn Fn(thread::Builder, Box<dyn FnOnce() + Send>) -> io::Result<()> + Send + Sync;

pub(crate) struct Config {
    pub(crate) name: String,
    pub(crate) keep_alive: Duration,
    pub(crate) stack_size: Option<usize>,
    pub(crate) spawner: Box<Spawner>,
}

pub(crate) struct Shared {
    pub(crate) config: Config,
    crew: Mutex<Crew>,
    /// Rung when a closed pool is drained and when a start settles, if anybody watches.
    changed: Condvar,
}

/// How a submission comes by its place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entitlement {
    /// It needs a free one.
    Free,
    /// A permit holds one. It is used up exactly if the submission returns a ticket.
    Reserved,
}

impl Shared {
    pub(crate) fn new(config: Config, max_threads: usize, queue_limit: usize) -> Self {
        Self {
            config,
            crew: Mutex::new(Crew::new(max_threads, queue_limit)),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn crew(&self) -> MutexGuard<'_, Crew> {
        lock(&self.crew)
    }

    /// Waits while `condition` holds, at most for `limit`.
    pub(crate) fn watch<'a>(
        &'a self,
        mut crew: MutexGuard<'a, Crew>,
        limit: Duration,
        condition: impl FnMut(&mut Crew) -> bool,
    ) -> MutexGuard<'a, Crew> {
        crew.n_watchers += 1;
        let mut crew = wait_while(&self.changed, &self.crew, crew, limit, condition);
        crew.n_watchers -= 1;
        crew
    }

    /// Sleeps until rung, at most for the keep-alive time.
    pub(crate) fn sleep<'a>(
        &'a self,
        crew: MutexGuard<'a, Crew>,
        seat: Seat,
        bell: &Condvar,
    ) -> MutexGuard<'a, Crew> {
        let limit = self.config.keep_alive;
        wait_while(bell, &self.crew, crew, limit, |crew| crew.is_resting(seat))
    }

    /// Tells whether the calling thread is one of this pool.
    pub(crate) fn is_inside(self: &Arc<Self>) -> bool {
        worker::is_inside(self)
    }

    pub(crate) fn thread_name(&self, seat: Seat) -> String {
        format!("{}-{seat}", self.config.name)
    }

    /// Queues the job, or starts the first thread with it, which gives no ticket.
    pub(crate) fn submit(
        self: &Arc<Self>,
        mut job: Job,
        entitlement: Entitlement,
    ) -> Result<Option<Ticket>, Rejected> {
        let mut refusal: Option<io::Error> = None;
        let mut crew = self.crew();
        loop {
            if let Some(reason) = self.objection(&crew, entitlement) {
                drop(crew);
                return Err(Rejected::new(job, reason));
            }
            let attempt = match refusal {
                None => Attempt::First,
                Some(_) => Attempt::AfterRefusal,
            };
            match crew.footing(attempt) {
                Footing::Sure => {
                    if entitlement == Entitlement::Reserved {
                        crew.places.fill();
                    }
                    let ticket = crew.queue.push(job);
                    let help = crew.call_help();
                    drop(crew);
                    self.fetch(help);
                    return Ok(Some(ticket));
                }
                Footing::First(seat, start) => {
                    drop(crew);
                    match self.start_with(seat, start, job) {
                        Ok(()) => return Ok(None),
                        // Threads may have come meanwhile, so look again before giving up.
                        Err((job_back, cause)) => {
                            job = job_back;
                            refusal = Some(cause);
                        }
                    }
                    crew = self.crew();
                }
                Footing::Unsettled => {
                    crew = self.watch(crew, Duration::MAX, |crew| crew.is_unsettled(attempt));
                }
                Footing::Refused => {
                    drop(crew);
                    let cause = refusal.unwrap_or_else(|| io::ErrorKind::WouldBlock.into());
                    let reason = RejectedReason::no_threads(&self.config.name, cause);
                    return Err(Rejected::new(job, reason));
                }
            }
        }
    }

    /// Says why no job may be accepted now, if that is so.
    fn objection(&self, crew: &Crew, entitlement: Entitlement) -> Option<RejectedReason> {
        let name = &self.config.name;
        if crew.is_closed() {
            return Some(RejectedReason::shut_down(name));
        }
        let needs_place = entitlement == Entitlement::Free;
        (needs_place && !crew.places.has_room(crew.queue.len()))
            .then(|| RejectedReason::queue_full(name, crew.places.limit()))
    }

    /// Takes a job out of the queue, if it is still there; whoever waits gets its place.
    pub(crate) fn withdraw(&self, ticket: Ticket) -> Option<Job> {
        let mut crew = self.crew();
        let job = crew.queue.remove(ticket)?;
        let n_queued = crew.queue.len();
        let granted = crew.places.grant(n_queued);
        drop(crew);
        wake_all(granted);
        Some(job)
    }

    /// Accepts no more jobs. What was accepted is run, and then the threads leave.
    pub(crate) fn close(&self) {
        let news = self.crew().close();
        self.spread(news);
    }

    /// Rings for, or starts, the thread that was decided on.
    pub(crate) fn fetch(self: &Arc<Self>, mut help: Help) {
        loop {
            match help {
                Help::None => return,
                Help::Ring(bell) => return bell.notify_one(),
                // A refused start may ask for an idle thread instead. It ends, because each
                // refusal makes the next attempt wait for more chances.
                Help::Start(seat, start) => help = self.start(seat, start, None).1,
            }
        }
    }

    pub(crate) fn spread(&self, news: News) {
        for bell in news.bells {
            bell.notify_one();
        }
        if news.is_watched {
            self.changed.notify_all();
        }
        wake_all(news.wakers);
    }

    /// Starts a thread whose first job is `job`, so that no job is ever accepted on the
    /// strength of a thread that the system then refuses.
    fn start_with(
        self: &Arc<Self>,
        seat: Seat,
        start: StartId,
        job: Job,
    ) -> Result<(), (Job, io::Error)> {
        let hand = Arc::new(Mutex::new(Some(job)));
        let (outcome, help) = self.start(seat, start, Some(Arc::clone(&hand)));
        self.fetch(help);
        let Err(cause) = outcome else {
            return Ok(());
        };
        let job = lock(&hand).take();
        // Without the job in hand the spawner ran the body, and reported failure all the same.
        job.map_or(Ok(()), |job| Err((job, cause)))
    }

    fn start(
        self: &Arc<Self>,
        seat: Seat,
        start: StartId,
        first: Option<Arc<Mutex<Option<Job>>>>,
    ) -> (io::Result<()>, Help) {
        let worker = Worker::new(Arc::clone(self), seat, first);
        let mut builder = thread::Builder::new().name(self.thread_name(seat));
        if let Some(bytes) = self.config.stack_size {
            builder = builder.stack_size(bytes);
        }
        let body = Box::new(move || worker.run());
        let spawner = &self.config.spawner;
        // The body is dropped by whoever refuses it, which takes the thread off the crew.
        let outcome = catch_unwind(AssertUnwindSafe(|| spawner(builder, body)));
        let outcome = outcome.unwrap_or_else(|payload| {
            discard(payload);
            Err(io::Error::other(
                "the function given to `spawn_with` panicked",
            ))
        });
        let mut crew = self.crew();
        let help = crew.settle(seat, start, outcome.is_ok());
        let is_watched = crew.n_watchers > 0;
        drop(crew);
        if is_watched {
            self.changed.notify_all();
        }
        (outcome, help)
    }
}
