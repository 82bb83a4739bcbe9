//! All of n futures: the combinators alone, polled by hand without any runtime.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::gates::{Gates, Order};
use crate::row::{Contender, Effort, Family, Row, Sample, Unit};
use crate::stopwatch;
use crate::yielding::{YieldOnce, poll_until_ready};

pub(crate) fn family() -> Family {
    let all_woken = "joins futures that each wake themselves and suspend once, so that all are woken \
                   before the second poll; per future, making and dropping the join included";
    let in_turn = "joins futures that end one after the other, in scattered order, each followed \
                      by a poll of the join; per future, making the join not included";
    Family {
        title: "All of n futures",
        rows: vec![
            row("gather_at_once_2", all_woken, contenders!(at_once(2))),
            row("gather_at_once_10", all_woken, contenders!(at_once(10))),
            row(
                "gather_at_once_1000",
                all_woken,
                contenders!(at_once(1_000)),
            ),
            row(
                "gather_at_once_100000",
                all_woken,
                contenders!(at_once(100_000)),
            ),
            row("gather_one_by_one_2", in_turn, contenders!(one_by_one(2))),
            row("gather_one_by_one_10", in_turn, contenders!(one_by_one(10))),
            row(
                "gather_one_by_one_1000",
                in_turn,
                contenders!(one_by_one(1_000)),
            ),
            row(
                "gather_one_by_one_100000",
                in_turn,
                contenders!(one_by_one(100_000)),
            ),
        ],
    }
}

fn row(name: &'static str, text: &'static str, contenders: Vec<Contender>) -> Row {
    Row {
        name,
        text,
        unit: Unit::Nanoseconds,
        contenders,
    }
}

/// `$work::<J>(effort, $n_futures)` for every join `J`.
macro_rules! contenders {
    ($work:ident($n_futures:expr)) => {
        vec![
            Contender::new(Gather::NAME, |effort| $work::<Gather>(effort, $n_futures)),
            Contender::new(Buffered::NAME, |effort| {
                $work::<Buffered>(effort, $n_futures)
            }),
            Contender::new(Unordered::NAME, |effort| {
                $work::<Unordered>(effort, $n_futures)
            }),
            Contender::new(JoinAll::NAME, |effort| $work::<JoinAll>(effort, $n_futures)),
        ]
    };
}
use contenders;

/// A way to join futures of one type.
pub(super) trait Join {
    const NAME: &'static str;

    fn join<F: Future>(
        futures: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = Vec<F::Output>>;
}

/// evloop's `gather`.
pub(super) enum Gather {}

impl Join for Gather {
    const NAME: &'static str = "evloop-combinators";

    fn join<F: Future>(
        futures: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = Vec<F::Output>> {
        evloop_combinators::gather(futures)
    }
}

pub(super) enum Buffered {}

impl Join for Buffered {
    const NAME: &'static str = "futures-buffered";

    fn join<F: Future>(
        futures: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = Vec<F::Output>> {
        futures_buffered::join_all(futures)
    }
}

/// The outputs come in the order of their ends.
pub(super) enum Unordered {}

impl Join for Unordered {
    const NAME: &'static str = "FuturesUnordered";

    async fn join<F: Future>(futures: impl ExactSizeIterator<Item = F>) -> Vec<F::Output> {
        let mut outputs = Vec::with_capacity(futures.len());
        let mut set: FuturesUnordered<F> = futures.collect();
        while let Some(output) = set.next().await {
            outputs.push(output);
        }
        outputs
    }
}

pub(super) enum JoinAll {}

impl Join for JoinAll {
    const NAME: &'static str = "futures join_all";

    fn join<F: Future>(
        futures: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = Vec<F::Output>> {
        futures_util::future::join_all(futures)
    }
}

/// How often to join, so that each row handles as many futures.
fn n_joins(effort: Effort, n_futures: usize) -> usize {
    effort.times(200_000).div_ceil(n_futures).max(2)
}

fn at_once<J: Join>(effort: Effort, n_futures: usize) -> Sample {
    let n_joins = n_joins(effort, n_futures);
    let mut started = stopwatch::now();
    for round in 0..n_joins + n_joins.div_ceil(10) {
        if round == n_joins.div_ceil(10) {
            started = stopwatch::now();
        }
        let outputs = poll_until_ready(J::join((0..n_futures).map(YieldOnce::new)));
        assert_eq!(black_box(outputs).len(), n_futures);
    }
    Sample::of_time(started.elapsed(), n_joins * n_futures)
}

fn one_by_one<J: Join>(effort: Effort, n_futures: usize) -> Sample {
    let n_joins = n_joins(effort, n_futures);
    let n_warm_up = n_joins.div_ceil(10);
    let mut elapsed = Duration::ZERO;
    let mut cx = Context::from_waker(Waker::noop());
    for round in 0..n_joins + n_warm_up {
        let gates = Gates::new(n_futures);
        let mut join = pin!(J::join(gates.futures()));
        while !gates.all_are_awaited() {
            assert!(
                join.as_mut().poll(&mut cx).is_pending(),
                "every gate is closed"
            );
        }
        let took = stopwatch::time(|| {
            for step in 0..n_futures {
                gates.open(Order::Scattered.index(step, n_futures));
                let is_pending = join.as_mut().poll(&mut cx).is_pending();
                assert_eq!(
                    is_pending,
                    step + 1 < n_futures,
                    "it is ready after the last gate"
                );
            }
        });
        if round >= n_warm_up {
            elapsed += took;
        }
    }
    Sample::of_time(elapsed, n_joins * n_futures)
}
