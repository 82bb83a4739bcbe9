//! Allocations, and the bytes of a task that waits: these do not depend on the machine's load.

use std::cell::RefCell;
use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::gather::{Buffered, Gather, Join, JoinAll, Unordered};
use crate::counting_allocator;
use crate::row::{Contender, Effort, Family, Row, Sample, Unit, on_each};
use crate::runtimes::{
    AsyncExecutor, BareAsyncTask, BareExecutor, EventLoop, Monoio, Runtime, Tokio,
};
use crate::yielding::{YieldOnce, poll_until_ready};

const N_TASKS: usize = 10_000;
const N_CHILDREN: usize = 1_000;

pub(crate) fn family() -> Family {
    Family {
        title: "Memory",
        rows: vec![
            Row {
                name: "allocations_spawn_join",
                text: "a task spawns one task and awaits it; per task",
                unit: Unit::Allocations,
                contenders: on_each!(
                    spawn_join: EventLoop, BareExecutor, Tokio, AsyncExecutor, Monoio, BareAsyncTask
                ),
            },
            Row {
                name: "bytes_pending_task",
                text: "what 10,000 detached tasks keep allocated that have been polled once and wait, \
                       each with 8 bytes of state; per task, requested bytes, queues and registries included",
                unit: Unit::Bytes,
                contenders: on_each!(
                    pending_task: EventLoop, BareExecutor, Tokio, AsyncExecutor, Monoio, BareAsyncTask
                ),
            },
            Row {
                name: "allocations_gather_1000",
                text: "joins 1000 futures that each suspend once; per join",
                unit: Unit::Allocations,
                contenders: vec![
                    Contender::new(Gather::NAME, |_| join::<Gather>()),
                    Contender::new(Buffered::NAME, |_| join::<Buffered>()),
                    Contender::new(Unordered::NAME, |_| join::<Unordered>()),
                    Contender::new(JoinAll::NAME, |_| join::<JoinAll>()),
                ],
            },
        ],
    }
}

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

fn join<J: Join>() -> Sample {
    let counting = counting_allocator::start();
    black_box(poll_until_ready(J::join(
        (0..N_CHILDREN).map(YieldOnce::new),
    )));
    Sample::of_count(counting.stop().n_allocations, 1)
}
