//! Work on threads of a pool.

use std::future::Future;
use std::hint::black_box;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

use evloop_blocking::BlockingPool;

use crate::row::{Contender, Effort, Family, Row, Sample, Unit};
use crate::runtimes::{AsyncExecutor, BareExecutor, EventLoop, Runtime, Tokio};
use crate::stopwatch;

/// Jobs in a burst.
const BURST: usize = 1_000;

pub(crate) fn family() -> Family {
    let row = |name, text, contenders| Row {
        name,
        text,
        unit: Unit::Nanoseconds,
        contenders,
    };
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
    /// Starts a job that returns `n`; the future is ready with whether that worked.
    fn submit(&self, n: usize) -> impl Future<Output = bool>;
}

/// That of the running event loop.
#[derive(Default)]
struct DefaultExecutor;

impl Pool for DefaultExecutor {
    fn submit(&self, n: usize) -> impl Future<Output = bool> {
        let promise = evloop::Handle::current().run_in_executor(None, move || black_box(n));
        async { promise.await.is_ok() }
    }
}

impl Pool for BlockingPool {
    fn submit(&self, n: usize) -> impl Future<Output = bool> {
        let job = self.spawn(move || black_box(n));
        async { job.await.is_ok() }
    }
}

#[derive(Default)]
struct SpawnBlocking;

impl Pool for SpawnBlocking {
    fn submit(&self, n: usize) -> impl Future<Output = bool> {
        let job = tokio::task::spawn_blocking(move || black_box(n));
        async { job.await.is_ok() }
    }
}

/// The crate `blocking`.
#[derive(Default)]
struct Unblock;

impl Pool for Unblock {
    fn submit(&self, n: usize) -> impl Future<Output = bool> {
        let job = blocking::unblock(move || black_box(n));
        async move { job.await == n }
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
    fn submit(&self, n: usize) -> impl Future<Output = bool> {
        let outcome = Arc::new(Mutex::new(Outcome::default()));
        let place = Arc::clone(&outcome);
        rayon::spawn(move || {
            let waiter = {
                let mut outcome = place.lock().unwrap_or_else(PoisonError::into_inner);
                outcome.result = Some(black_box(n));
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
    let n_bursts = effort.times(30);
    let pool = P::default();
    let burst = async || {
        let jobs: Vec<_> = (0..BURST).map(|n| pool.submit(n)).collect();
        for job in jobs {
            assert!(job.await, "the job has run");
        }
    };
    // Makes the threads.
    burst().await;
    let started = stopwatch::now();
    for _ in 0..n_bursts {
        burst().await;
    }
    Sample::of_time(started.elapsed(), n_bursts * BURST)
}

async fn round_trip<P: Pool>(effort: Effort) -> Sample {
    let n_trips = effort.times(3_000);
    let pool = P::default();
    for n in 0..n_trips / 10 {
        assert!(pool.submit(n).await, "the job has run");
    }
    let started = stopwatch::now();
    for n in 0..n_trips {
        assert!(pool.submit(n).await, "the job has run");
    }
    Sample::of_time(started.elapsed(), n_trips)
}
