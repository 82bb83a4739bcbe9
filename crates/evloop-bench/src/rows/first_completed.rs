//! The first of n to end, again and again until none is left.

use std::cell::RefCell;
use std::future::{Future, ready};
use std::hint::black_box;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use evloop_combinators::{FirstCompleted, WaitSet, Waitable, wait};
use futures_buffered::FuturesUnorderedBounded;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::task::JoinSet;

use crate::gates::{Gate, Gates, Order};
use crate::row::{Contender, Effort, Family, Row, Sample, Unit};
use crate::runtimes::{EventLoop, Runtime, Tokio};
use crate::send::AssertSend;
use crate::stopwatch;
use crate::yielding::yield_once;

pub(crate) fn family() -> Family {
    let in_order = "one of n futures that are being waited for ends, in the order in which they were \
                    made, and the wait for the first is polled, until none is left; per completion";
    let sized = |n_members| {
        let contenders = contenders!(n_members, Order::AsMade);
        Row::of_size("first_completed", n_members, in_order, contenders)
    };
    let mut rows: Vec<Row> = [10, 100, 1_000, 10_000, 100_000, 1_000_000]
        .map(sized)
        .into();
    rows.push(Row::new(
        "first_completed_scattered",
        Unit::Nanoseconds,
        "the same with 100,000, which end far from one another in memory each time",
        contenders!(100_000, Order::Scattered),
    ));
    rows.push(Row::new(
        "first_completed_tasks",
        Unit::Nanoseconds,
        "one of 10,000 tasks is let go on and ends, and the first that ended is awaited, until none is \
         left; per completion, the task's step included",
        vec![
            Contender::new("evloop", |effort| EventLoop::run(tasks_of_evloop(effort))),
            Contender::new("tokio JoinSet", |effort| Tokio::run(join_set(effort))),
            Contender::new("tokio, FuturesUnordered", |effort| {
                Tokio::run(unordered_handles(effort))
            }),
        ],
    ));
    Family {
        title: "The first of n futures",
        rows,
    }
}

/// Every kind of set with so many members.
macro_rules! contenders {
    ($n_members:expr, $order:expr) => {
        vec![
            Contender::new("evloop-combinators, next", move |effort| {
                measure::<WaitSet<Waitable<Gate>>>(effort, $n_members, $order)
            }),
            Contender::new("evloop-combinators, wait", move |effort| {
                measure::<Option<WaitSet<Waitable<Gate>>>>(effort, $n_members, $order)
            }),
            Contender::new("futures-buffered", move |effort| {
                measure::<FuturesUnorderedBounded<Gate>>(effort, $n_members, $order)
            }),
            Contender::new("FuturesUnordered", move |effort| {
                measure::<FuturesUnordered<Gate>>(effort, $n_members, $order)
            }),
        ]
    };
}
use contenders;

/// Futures that are waited for.
trait Set {
    fn of_gates(gates: impl Iterator<Item = Gate>) -> Self;

    /// Polls for the next that ended.
    fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<usize>;

    /// Polls members that were never polled, when none has ended.
    fn register(&mut self, cx: &mut Context<'_>);
}

impl Set for WaitSet<Waitable<Gate>> {
    fn of_gates(gates: impl Iterator<Item = Gate>) -> Self {
        gates.map(Waitable::new).collect()
    }

    #[inline]
    fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        let first = std::task::ready!(pin!(self.next()).poll(cx)).expect("it is not empty");
        Poll::Ready(
            first
                .into_output()
                .unwrap_or_else(|_| unreachable!("done means done")),
        )
    }

    fn register(&mut self, cx: &mut Context<'_>) {
        assert!(
            pin!(self.next()).poll(cx).is_pending(),
            "every gate is closed"
        );
    }
}

/// `None` while a wait has it.
impl Set for Option<WaitSet<Waitable<Gate>>> {
    fn of_gates(gates: impl Iterator<Item = Gate>) -> Self {
        Some(gates.map(Waitable::new).collect())
    }

    #[inline]
    fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        let set = self.take().expect("the wait before gave it back");
        // Members are done whenever this is called, so that the wait is not dropped with the set.
        let wait = pin!(set.wait().return_when(FirstCompleted));
        let (mut done, pending) = std::task::ready!(wait.poll(cx)).expect("it is not empty");
        *self = Some(pending);
        let first = done.pop().expect("the first is done");
        Poll::Ready(
            first
                .into_output()
                .unwrap_or_else(|_| unreachable!("done means done")),
        )
    }

    fn register(&mut self, cx: &mut Context<'_>) {
        let set = self.take().expect("the wait before gave it back");
        let wait = pin!(set.wait().timeout(ready(())));
        let Poll::Ready(Ok((_, pending))) = wait.poll(cx) else {
            unreachable!("the time is over at once, and there are members");
        };
        *self = Some(pending);
    }
}

impl Set for FuturesUnorderedBounded<Gate> {
    fn of_gates(gates: impl Iterator<Item = Gate>) -> Self {
        gates.collect()
    }

    #[inline]
    fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        self.poll_next_unpin(cx)
            .map(|index| index.expect("it is not empty"))
    }

    fn register(&mut self, cx: &mut Context<'_>) {
        assert!(
            self.poll_next_unpin(cx).is_pending(),
            "every gate is closed"
        );
    }
}

impl Set for FuturesUnordered<Gate> {
    fn of_gates(gates: impl Iterator<Item = Gate>) -> Self {
        gates.collect()
    }

    #[inline]
    fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        self.poll_next_unpin(cx)
            .map(|index| index.expect("it is not empty"))
    }

    fn register(&mut self, cx: &mut Context<'_>) {
        assert!(
            self.poll_next_unpin(cx).is_pending(),
            "every gate is closed"
        );
    }
}

/// How often to empty a set, so that each row has as many completions.
fn n_sets(effort: Effort, n_members: usize) -> usize {
    effort.times(200_000).div_ceil(n_members).max(2)
}

fn measure<S: Set>(effort: Effort, n_members: usize, order: Order) -> Sample {
    let n_sets = n_sets(effort, n_members);
    let n_warm_up = n_sets.div_ceil(10);
    let mut elapsed = Duration::ZERO;
    let mut cx = Context::from_waker(Waker::noop());
    for round in 0..n_sets + n_warm_up {
        let gates = Gates::new(n_members);
        let mut set = S::of_gates(gates.futures());
        while !gates.all_are_awaited() {
            set.register(&mut cx);
        }
        let took = stopwatch::time(|| {
            for step in 0..n_members {
                let index = order.index(step, n_members);
                gates.open(index);
                assert_eq!(set.poll_first(&mut cx), Poll::Ready(index));
            }
        });
        if round >= n_warm_up {
            elapsed += took;
        }
    }
    Sample::of_time(elapsed, n_sets * n_members)
}

const N_TASKS: usize = 10_000;

/// Opens the gates one after the other, and has `first` awaited after each. The members are
/// tasks of `set`, which have all been polled once by then.
async fn drain<S>(
    gates: Rc<Gates>,
    set: S,
    mut first: impl AsyncFnMut(S) -> (usize, S),
) -> Duration {
    while !gates.all_are_awaited() {
        yield_once().await;
    }
    let mut set = set;
    let started = stopwatch::now();
    for step in 0..N_TASKS {
        gates.open(step);
        let (index, rest) = first(set).await;
        assert_eq!(black_box(index), step);
        set = rest;
    }
    started.elapsed()
}

async fn tasks_of_evloop(effort: Effort) -> Sample {
    let n_sets = n_sets(effort, N_TASKS);
    let mut elapsed = Duration::ZERO;
    for _ in 0..n_sets {
        let gates = Gates::new(N_TASKS);
        let tasks = gates
            .futures()
            .map(|gate| evloop::create_task(AssertSend::new(gate)));
        let set: WaitSet<_> = tasks.collect();
        // Polls every member once.
        let (_, set) = wait(set)
            .timeout(yield_once())
            .await
            .expect("it is not empty");
        elapsed += drain(gates, set, async |mut set| {
            let task = set.next().await.expect("it is not empty");
            (task.await.expect("it returns"), set)
        })
        .await;
    }
    Sample::of_time(elapsed, n_sets * N_TASKS)
}

async fn join_set(effort: Effort) -> Sample {
    let n_sets = n_sets(effort, N_TASKS);
    let mut elapsed = Duration::ZERO;
    for _ in 0..n_sets {
        let gates = Gates::new(N_TASKS);
        let set: JoinSet<_> = gates.futures().map(AssertSend::new).collect();
        elapsed += drain(gates, set, async |mut set| {
            let index = set.join_next().await.expect("it is not empty");
            (index.expect("it returns"), set)
        })
        .await;
    }
    Sample::of_time(elapsed, n_sets * N_TASKS)
}

async fn unordered_handles(effort: Effort) -> Sample {
    let n_sets = n_sets(effort, N_TASKS);
    let mut elapsed = Duration::ZERO;
    for _ in 0..n_sets {
        let gates = Gates::new(N_TASKS);
        let handles = gates
            .futures()
            .map(|gate| tokio::spawn(AssertSend::new(gate)));
        let set: FuturesUnordered<_> = handles.collect();
        // Polls every member once: the first is not there, and does not come.
        let set = RefCell::new(set);
        std::future::poll_fn(|cx| {
            assert!(set.borrow_mut().poll_next_unpin(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        elapsed += drain(gates, set.into_inner(), async |mut set| {
            let index = set.next().await.expect("it is not empty");
            (index.expect("it returns"), set)
        })
        .await;
    }
    Sample::of_time(elapsed, n_sets * N_TASKS)
}
