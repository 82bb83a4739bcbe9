//! All of n futures: the combinators alone, polled by hand without any runtime.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::gates::{Gates, Order};
use crate::row::{Contender, Effort, Family, Row, Sample};
use crate::stopwatch;
use crate::yielding::{YieldOnce, poll_until_ready};

pub(crate) fn family() -> Family {
    let all_woken = "joins futures that each wake themselves and suspend once, so that all are woken \
                   before the second poll; per future, making and dropping the join included";
    let in_turn = "joins futures that end one after the other, in scattered order, each followed \
                      by a poll of the join; per future, making the join not included";
    let mut rows = Vec::new();
    for n_futures in [2, 10, 100, 1_000, 10_000, 100_000, 1_000_000] {
        let mut contenders = contenders!(at_once(n_futures));
        if n_futures <= CONCURRENCY_AT_MOST {
            contenders.push(contender!(at_once::<Concurrency>(n_futures)));
        }
        rows.push(Row::of_size(
            "gather_at_once",
            n_futures,
            all_woken,
            contenders,
        ));
    }
    for n_futures in [2, 10, 100, 1_000, 10_000, 100_000] {
        let mut contenders = contenders!(one_by_one(n_futures));
        if n_futures <= CONCURRENCY_AT_MOST {
            contenders.push(contender!(one_by_one::<Concurrency>(n_futures)));
        }
        rows.push(Row::of_size(
            "gather_one_by_one",
            n_futures,
            in_turn,
            contenders,
        ));
    }
    Family {
        title: "All of n futures",
        rows,
    }
}

/// It looks at every future in each poll: more would take minutes.
const CONCURRENCY_AT_MOST: usize = 10_000;

macro_rules! contender {
    ($work:ident::<$join:ty>($n_futures:expr)) => {
        Contender::new(<$join>::NAME, move |effort| {
            $work::<$join>(effort, $n_futures)
        })
    };
}

/// `$work::<J>(effort, $n_futures)` for every join `J`.
macro_rules! contenders {
    ($work:ident($n_futures:expr)) => {
        vec![
            contender!($work::<Gather>($n_futures)),
            contender!($work::<Buffered>($n_futures)),
            contender!($work::<Unordered>($n_futures)),
            contender!($work::<JoinAll>($n_futures)),
        ]
    };
}
use {contender, contenders};

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

pub(super) enum Concurrency {}

impl Join for Concurrency {
    const NAME: &'static str = "futures-concurrency";

    fn join<F: Future>(
        futures: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = Vec<F::Output>> {
        futures_concurrency::future::Join::join(futures.collect::<Vec<F>>())
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
