//! Allocations, and the bytes of a task that waits: these do not depend on the machine's load.

use std::cell::RefCell;
use std::future::Future;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::gather::{Buffered, Concurrency, Gather, Join, JoinAll, Unordered};
use crate::counting_allocator;
use crate::row::{Contender, Effort, Family, Row, Sample, Unit, on_each};
use crate::runtimes::{
    AsyncExecutor, BareAsyncTask, BareExecutor, EventLoop, Monoio, Runtime, Smol, Timers, Tokio,
};
use crate::yielding::{YieldOnce, poll_until_ready, yield_once};

const N_TASKS: usize = 100_000;
const N_SLEEPERS: usize = 1_000_000;
const N_CHILDREN: usize = 1_000;

pub(crate) fn family() -> Family {
    Family {
        title: "Memory",
        rows: vec![
            Row::new(
                "allocations_spawn_join",
                Unit::Allocations,
                "a task spawns one task and awaits it; per task",
                on_each_runtime!(spawn_join),
            ),
            Row::new(
                "bytes_pending_task",
                Unit::Bytes,
                "what 100,000 detached tasks keep allocated that have been polled once and wait, each \
                 with 8 bytes of state; per task, requested bytes, queues and registries included",
                on_each_runtime!(pending_task),
            ),
            Row::new(
                "bytes_live_timer",
                Unit::Bytes,
                "what 100,000 sleeps keep allocated once they have been polled, beyond themselves; per \
                 sleep",
                on_each!(live_timer: EventLoop, Tokio, Smol, Monoio),
            ),
            Row::new(
                "bytes_sleeping_task_1m",
                Unit::Bytes,
                "what a million detached tasks keep allocated that sleep; per task, with the sleep, \
                 queues and registries",
                on_each!(sleeping_task: EventLoop, Tokio, Smol, Monoio),
            ),
            Row::new(
                "bytes_gather_100k",
                Unit::Bytes,
                "what a join of 100,000 futures of 24 bytes keeps allocated once it has been polled; per \
                 future, the futures themselves included",
                vec![
                    Contender::new(Gather::NAME, |_| joined::<Gather>()),
                    Contender::new(Buffered::NAME, |_| joined::<Buffered>()),
                    Contender::new(Unordered::NAME, |_| joined::<Unordered>()),
                    Contender::new(JoinAll::NAME, |_| joined::<JoinAll>()),
                ],
            ),
            Row::new(
                "allocations_gather_1000",
                Unit::Allocations,
                "joins 1000 futures that each suspend once; per join",
                vec![
                    Contender::new(Gather::NAME, |_| join::<Gather>()),
                    Contender::new(Buffered::NAME, |_| join::<Buffered>()),
                    Contender::new(Unordered::NAME, |_| join::<Unordered>()),
                    Contender::new(JoinAll::NAME, |_| join::<JoinAll>()),
                    Contender::new(Concurrency::NAME, |_| join::<Concurrency>()),
                ],
            ),
        ],
    }
}

macro_rules! on_each_runtime {
    ($work:ident) => {
        on_each!($work: EventLoop, BareExecutor, Tokio, AsyncExecutor, Monoio, BareAsyncTask)
    };
}
use on_each_runtime;

async fn spawn_join<R: Runtime>(_: Effort) -> Sample {
    // Queues and registries grow before.
    for _ in 0..N_TASKS {
        black_box(R::spawn(async { black_box(1) }).await);
    }
    let counting = counting_allocator::start();
    for _ in 0..N_TASKS {
        black_box(R::spawn(async { black_box(1) }).await);
    }
    Sample::of_count(counting.stop().n_allocations, N_TASKS)
}

/// Leaves its waker in a place that was made before, and never ends.
struct Forever {
    wakers: Rc<RefCell<Vec<Waker>>>,
}

impl Future for Forever {
    type Output = usize;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        self.wakers.borrow_mut().push(cx.waker().clone());
        Poll::Pending
    }
}

async fn pending_task<R: Runtime>(_: Effort) -> Sample {
    let wakers = Rc::new(RefCell::new(Vec::with_capacity(N_TASKS)));
    let counting = counting_allocator::start();
    for n in 0..N_TASKS {
        R::detach(R::spawn(Forever {
            wakers: Rc::clone(&wakers),
        }));
        if n % 64 == 0 {
            // Behind those that were spawned so far, so they have been polled.
            black_box(R::spawn(async { 0 }).await);
        }
    }
    black_box(R::spawn(async { 0 }).await);
    let sample = Sample::of_count(counting.stop().bytes_kept, N_TASKS);
    assert_eq!(wakers.borrow().len(), N_TASKS, "every task waits");
    sample
}

async fn live_timer<R: Timers>(_: Effort) -> Sample {
    // Made before, so that only their polls are counted.
    let mut sleeps: Vec<_> = (0..N_TASKS as u64)
        .map(|n| {
            Box::pin(R::sleep(
                Duration::from_secs(1_000) + Duration::from_micros(n),
            ))
        })
        .collect();
    let counting = counting_allocator::start();
    for sleeps in sleeps.chunks_mut(64) {
        std::future::poll_fn(|cx| {
            let mut polls = sleeps.iter_mut().map(|sleep| sleep.as_mut().poll(cx));
            assert!(
                polls.all(|poll| poll.is_pending()),
                "a long sleep is pending at first"
            );
            Poll::Ready(())
        })
        .await;
        yield_once().await;
    }
    Sample::of_count(counting.stop().bytes_kept, N_TASKS)
}

async fn sleeping_task<R: Timers>(_: Effort) -> Sample {
    let counting = counting_allocator::start();
    for n in 0..N_SLEEPERS {
        let delay = Duration::from_secs(1_000) + Duration::from_micros(n as u64);
        R::detach(R::spawn(async move {
            R::sleep(delay).await;
            0
        }));
        if n % 64 == 0 {
            // Behind those that were spawned so far, so they have been polled.
            black_box(R::spawn(async { 0 }).await);
        }
    }
    black_box(R::spawn(async { 0 }).await);
    Sample::of_count(counting.stop().bytes_kept, N_SLEEPERS)
}

fn joined<J: Join>() -> Sample {
    let counting = counting_allocator::start();
    let mut join = pin!(J::join((0..N_TASKS).map(YieldOnce::new)));
    let polled = join.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending(), "each suspends once");
    Sample::of_count(counting.stop().bytes_kept, N_TASKS)
}

fn join<J: Join>() -> Sample {
    let counting = counting_allocator::start();
    black_box(poll_until_ready(J::join(
        (0..N_CHILDREN).map(YieldOnce::new),
    )));
    Sample::of_count(counting.stop().n_allocations, 1)
}
