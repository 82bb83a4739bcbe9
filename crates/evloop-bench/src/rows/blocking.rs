//! Work on threads of a pool.

use std::future::Future;
use std::hint::black_box;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use evloop_blocking::BlockingPool;

use crate::row::{Contender, Effort, Family, Row, Sample, Unit};
use crate::runtimes::{AsyncExecutor, BareExecutor, EventLoop, Runtime, Tokio};
use crate::stopwatch::{self, Rounds};

/// Jobs in a burst.
const BURST: usize = 1_000;

/// Futures that submit jobs at the same time.
const N_STREAMS: usize = 64;

pub(crate) fn family() -> Family {
    let row = |name, text, contenders| Row::new(name, Unit::Nanoseconds, text, contenders);
    Family {
        title: "Blocking work",
        rows: vec![
            row(
                "blocking_burst",
                "a task submits 1000 jobs that return a number and awaits them in order; per job \
                 (evloop: `run_in_executor`, and the pool alone; each pool as wide as it is by default)",
                contenders!(burst),
            ),
            row(
                "blocking_round_trip",
                "a task submits one job and awaits it, again and again; per job",
                contenders!(round_trip),
            ),
            row(
                "blocking_streams_64",
                "64 futures of a task each submit one job after the other; per job",
                contenders!(streams),
            ),
            row(
                "blocking_sleepers_1000",
                "a task submits 1000 jobs that sleep for a millisecond and awaits them in order; per job \
                 (by default evloop and tokio have up to 512 threads, blocking 500, rayon one for each core)",
                contenders!(sleepers),
            ),
        ],
    }
}

/// `$work::<P>` for every pool `P`, on the runtime that goes with it.
macro_rules! contenders {
    ($work:ident) => {
        vec![
            Contender::new("evloop", |e| EventLoop::run($work::<DefaultExecutor>(e))),
            Contender::new("evloop-blocking", |e| {
                BareExecutor::run($work::<BlockingPool>(e))
            }),
            Contender::new("tokio", |e| Tokio::run($work::<SpawnBlocking>(e))),
            Contender::new("blocking", |e| AsyncExecutor::run($work::<Unblock>(e))),
            Contender::new("rayon", |e| BareExecutor::run($work::<Rayon>(e))),
        ]
    };
}
use contenders;

/// Threads for blocking work, with results to await.
trait Pool: Default + 'static {
    /// Starts a job; the future is ready with whether that worked.
    fn submit_job(
        &self,
        job: impl FnOnce() -> usize + Send + 'static,
    ) -> impl Future<Output = bool>;

    /// Starts a job that returns `n`.
    fn submit(&self, n: usize) -> impl Future<Output = bool> {
        self.submit_job(move || black_box(n))
    }
}

/// That of the running event loop.
#[derive(Default)]
struct DefaultExecutor;

impl Pool for DefaultExecutor {
    fn submit_job(
        &self,
        job: impl FnOnce() -> usize + Send + 'static,
    ) -> impl Future<Output = bool> {
        let promise = evloop::Handle::current().run_in_executor(None, job);
        async { promise.await.is_ok() }
    }
}

impl Pool for BlockingPool {
    fn submit_job(
        &self,
        job: impl FnOnce() -> usize + Send + 'static,
    ) -> impl Future<Output = bool> {
        let job = self.spawn(job);
        async { job.await.is_ok() }
    }
}

#[derive(Default)]
struct SpawnBlocking;

impl Pool for SpawnBlocking {
    fn submit_job(
        &self,
        job: impl FnOnce() -> usize + Send + 'static,
    ) -> impl Future<Output = bool> {
        let job = tokio::task::spawn_blocking(job);
        async { job.await.is_ok() }
    }
}

/// The crate `blocking`.
#[derive(Default)]
struct Unblock;

impl Pool for Unblock {
    fn submit_job(
        &self,
        job: impl FnOnce() -> usize + Send + 'static,
    ) -> impl Future<Output = bool> {
        let job = blocking::unblock(job);
        async move {
            black_box(job.await);
            true
        }
    }
}

/// rayon has no futures: a lock with the result and the waker stands between.
#[derive(Default)]
struct Rayon;

#[derive(Default)]
struct Outcome {
    result: Option<usize>,
    waiter: Option<Waker>,
}

impl Pool for Rayon {
    fn submit_job(
        &self,
        job: impl FnOnce() -> usize + Send + 'static,
    ) -> impl Future<Output = bool> {
        let outcome = Arc::new(Mutex::new(Outcome::default()));
        let place = Arc::clone(&outcome);
        rayon::spawn(move || {
            let waiter = {
                let mut outcome = place.lock().unwrap_or_else(PoisonError::into_inner);
                outcome.result = Some(job());
                outcome.waiter.take()
            };
            if let Some(waiter) = waiter {
                waiter.wake();
            }
        });
        std::future::poll_fn(move |cx| {
            let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
            if outcome.result.is_some() {
                return Poll::Ready(true);
            }
            outcome.waiter = Some(cx.waker().clone());
            Poll::Pending
        })
    }
}

async fn burst<P: Pool>(effort: Effort) -> Sample {
    let pool = P::default();
    // The first makes the threads.
    let mut rounds = Rounds::new(effort.times(30).max(10));
    for _ in rounds.by_ref() {
        let jobs: Vec<_> = (0..BURST).map(|n| pool.submit(n)).collect();
        for job in jobs {
            assert!(job.await, "the job has run");
        }
    }
    rounds.sample(BURST)
}

async fn round_trip<P: Pool>(effort: Effort) -> Sample {
    let pool = P::default();
    let mut rounds = Rounds::new(effort.times(3_000));
    for n in rounds.by_ref() {
        assert!(pool.submit(n).await, "the job has run");
    }
    rounds.sample(1)
}

async fn streams<P: Pool>(effort: Effort) -> Sample {
    let n_jobs = effort.times(30);
    let pool = P::default();
    let mut rounds = Rounds::new(10);
    for _ in rounds.by_ref() {
        let stream = || async {
            for n in 0..n_jobs {
                assert!(pool.submit(n).await, "the job has run");
            }
        };
        futures_buffered::join_all((0..N_STREAMS).map(|_| stream())).await;
    }
    rounds.sample(N_STREAMS * n_jobs)
}

async fn sleepers<P: Pool>(_: Effort) -> Sample {
    let pool = P::default();
    let started = stopwatch::now();
    let job = |n| {
        pool.submit_job(move || {
            stopwatch::pass(Duration::from_millis(1));
            n
        })
    };
    let jobs: Vec<_> = (0..BURST).map(job).collect();
    for job in jobs {
        assert!(job.await, "the job has run");
    }
    Sample::of_time(started.elapsed(), BURST)
}
