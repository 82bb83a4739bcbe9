//! Model checks of the pool's protocol: every interleaving of submissions, threads that leave
//! and shutdowns, within the preemption bound, on the shipped code.
//!
//! `RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=2 cargo test -p evloop-blocking --release --test loom`
#![cfg(loom)]
#![expect(
    clippy::unwrap_used,
    reason = "a model that unwraps in vain has failed"
)]

use std::io;
use std::ops::RangeBounds;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use evloop_blocking::{BlockingPool, Executor, Job};
use evloop_fixtures::models::explore_with;
use loom::model::Builder;
use loom::sync::{Condvar, Mutex};

/// In the models a keep-alive of zero has passed as soon as a thread sleeps, with the lock
/// released in between; any other never passes.
const LEAVES_AT_ONCE: Duration = Duration::ZERO;
const NEVER_LEAVES: Duration = Duration::MAX;

fn pool(
    keep_alive: Duration,
    refused: impl RangeBounds<usize> + Send + Sync + 'static,
) -> BlockingPool {
    let n_attempts = AtomicUsize::new(0);
    let builder = BlockingPool::builder()
        .max_threads(2)
        .keep_alive(keep_alive);
    let builder = builder.spawn_with(move |_, body| {
        if refused.contains(&n_attempts.fetch_add(1, Ordering::Relaxed)) {
            return Err(io::Error::from(io::ErrorKind::WouldBlock));
        }
        loom::thread::spawn(body);
        Ok(())
    });
    builder.build().expect("the limits are not zero")
}

fn explore(model: impl Fn() + Send + Sync + 'static) {
    let mut explorer = Builder::new();
    // Some of the bugs that these models were seen to find need three.
    explorer.preemption_bound = explorer.preemption_bound.max(Some(3));
    explore_with(&explorer, model);
}

/// Counts the jobs that ran, and lets the model wait for them.
#[derive(Clone)]
struct Tally(Arc<(Mutex<usize>, Condvar)>);

impl Tally {
    fn new() -> Self {
        Self(Arc::new((Mutex::new(0), Condvar::new())))
    }

    fn job(&self) -> Job {
        let tally = self.clone();
        Job::new(move || {
            *tally.0.0.lock().unwrap() += 1;
            tally.0.1.notify_all();
        })
    }

    /// A job that ends only when `n` jobs have started, itself included.
    fn job_that_meets(&self, n: usize) -> Job {
        let tally = self.clone();
        Job::new(move || {
            *tally.0.0.lock().unwrap() += 1;
            tally.0.1.notify_all();
            tally.wait(n);
        })
    }

    /// loom reports a deadlock if that many never run.
    fn wait(&self, n: usize) {
        let mut count = self.0.0.lock().unwrap();
        while *count < n {
            count = self.0.1.wait(count).unwrap();
        }
    }
}

impl Wake for Tally {
    fn wake(self: Arc<Self>) {
        *self.0.0.lock().unwrap() += 1;
        self.0.1.notify_all();
    }
}

fn poll<F: Future + Unpin>(fut: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(fut).poll(&mut Context::from_waker(waker))
}

/// LM-18: two submissions, a thread that times out and leaves, and a shutdown.
#[test]
fn lm18_submissions_and_a_shutdown_against_a_thread_that_leaves() {
    explore(|| {
        let pool = pool(LEAVES_AT_ONCE, ..0);
        let tally = Tally::new();

        pool.execute(tally.job()).unwrap();
        pool.execute(tally.job()).unwrap();
        pool.shutdown(Duration::MAX).unwrap();

        tally.wait(2);
        assert_eq!(pool.stats().n_threads, 0);
    });
}

#[test]
fn lm18_a_sleeping_thread_is_never_relied_on_twice() {
    explore(|| {
        let pool = pool(NEVER_LEAVES, ..0);
        let tally = Tally::new();
        pool.execute(tally.job()).unwrap();
        tally.wait(1);

        // The thread sleeps, or is about to. Both jobs must run at the same time.
        pool.execute(tally.job_that_meets(3)).unwrap();
        pool.execute(tally.job_that_meets(3)).unwrap();

        tally.wait(3);
        pool.shutdown(Duration::MAX).unwrap();
    });
}

#[test]
fn lm18_a_shutdown_races_with_a_submission() {
    explore(|| {
        let pool = pool(LEAVES_AT_ONCE, ..0);
        let tally = Tally::new();
        let closer = loom::thread::spawn({
            let pool = pool.clone();
            move || pool.shutdown(Duration::MAX).unwrap()
        });

        let outcome = pool.execute(tally.job());

        // Accepted means run; otherwise it comes back.
        match outcome {
            Ok(()) => tally.wait(1),
            Err(rejected) => assert!(rejected.reason().is_shut_down()),
        }
        closer.join().unwrap();
        assert_eq!(pool.stats().n_threads, 0);
    });
}

#[test]
fn lm18_a_refused_start_strands_no_job() {
    refused_start(NEVER_LEAVES);
}

#[test]
fn lm18_a_refused_start_against_a_thread_that_leaves_strands_no_job() {
    refused_start(LEAVES_AT_ONCE);
}

fn refused_start(keep_alive: Duration) {
    /// Accepted means run; a refusal gives the job back, and only if no thread may be left.
    fn submit(pool: &BlockingPool, tally: &Tally, keep_alive: Duration) {
        if let Err(rejected) = pool.execute(tally.job()) {
            assert!(rejected.reason().is_no_threads() && keep_alive == LEAVES_AT_ONCE);
            rejected.into_job().run();
        }
    }
    explore(move || {
        // The first start succeeds, and every later one is refused.
        let pool = pool(keep_alive, 1..);
        let tally = Tally::new();
        submit(&pool, &tally, keep_alive);
        let submitter = loom::thread::spawn({
            let (pool, tally) = (pool.clone(), tally.clone());
            move || submit(&pool, &tally, keep_alive)
        });

        submit(&pool, &tally, keep_alive);

        tally.wait(3);
        submitter.join().unwrap();
        pool.shutdown(Duration::MAX).unwrap();
    });
}

#[test]
fn a_result_and_a_poll_that_cross_lose_no_wake() {
    explore(|| {
        let (job, mut handle) = Job::with_handle(|| 7);
        let runner = loom::thread::spawn(move || job.run());
        let tally = Tally::new();
        let waker = Waker::from(Arc::new(tally.clone()));

        let outcome = match poll(&mut handle, &waker) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => {
                tally.wait(1);
                match poll(&mut handle, &waker) {
                    Poll::Ready(outcome) => outcome,
                    Poll::Pending => panic!("woken before there was a result"),
                }
            }
        };

        assert_eq!(outcome.unwrap(), 7);
        runner.join().unwrap();
    });
}

#[test]
fn a_job_is_either_cancelled_or_run() {
    explore(|| {
        let n_runs = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&n_runs);
        let (job, mut handle) = Job::with_handle(move || counter.fetch_add(1, Ordering::Relaxed));
        let runner = loom::thread::spawn(move || job.run());

        let is_cancelled = handle.cancel();

        runner.join().unwrap();
        assert_eq!(n_runs.load(Ordering::Relaxed), usize::from(!is_cancelled));
        let Poll::Ready(outcome) = poll(&mut handle, Waker::noop()) else {
            panic!("the job ended and its handle did not");
        };
        assert_eq!(outcome.is_err(), is_cancelled);
    });
}

#[test]
fn a_place_given_to_a_waiter_that_gives_up_is_not_lost() {
    explore(|| {
        let builder = BlockingPool::builder().max_threads(1).queue_limit(1);
        let pool = builder.build().expect("the limits are not zero");
        let Poll::Ready(Ok(permit)) = poll(&mut pool.reserve(), Waker::noop()) else {
            panic!("the queue is empty");
        };
        let tally = Tally::new();
        let giver = loom::thread::spawn(move || drop(permit));

        let mut given_up = pool.reserve();
        drop(poll(&mut given_up, Waker::noop()));
        let mut next = pool.reserve();
        let is_ready = poll(&mut next, &Waker::from(Arc::new(tally.clone()))).is_ready();
        drop(given_up);

        if !is_ready {
            tally.wait(1);
            assert!(poll(&mut next, Waker::noop()).is_ready());
        }
        giver.join().unwrap();
    });
}
