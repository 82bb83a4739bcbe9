//! A limit in time around a future that keeps it.

use std::future::ready;
use std::hint::black_box;
use std::time::Duration;

use crate::row::{Effort, Family, Row, Sample, Unit, on_each};
use crate::runtimes::{EventLoop, Monoio, Smol, Timers, Tokio};
use crate::stopwatch;
use crate::yielding::yield_once;

const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn family() -> Family {
    let row = |name, text, contenders| Row {
        name,
        text,
        unit: Unit::Nanoseconds,
        contenders,
    };
    Family {
        title: "Limits in time",
        rows: vec![
            row(
                "limit_ready",
                "a limit of a minute around a future that is ready at once; per future (smol: \
                 `or` with a `Timer`)",
                on_each!(around_ready: EventLoop, Tokio, Smol, Monoio),
            ),
            row(
                "limit_yield",
                "a limit of a minute around a future that wakes itself and suspends once; per \
                 future, the step through the run queue included",
                on_each!(around_yield: EventLoop, Tokio, Smol, Monoio),
            ),
        ],
    }
}

async fn around_ready<R: Timers>(effort: Effort) -> Sample {
    let n_futures = effort.times(500_000);
    let mut started = stopwatch::now();
    for n in 0..n_futures + n_futures / 10 {
        if n == n_futures / 10 {
            started = stopwatch::now();
        }
        black_box(R::limit(LIMIT, ready(black_box(n))).await);
    }
    Sample::of_time(started.elapsed(), n_futures)
}

async fn around_yield<R: Timers>(effort: Effort) -> Sample {
    let n_futures = effort.times(200_000);
    let mut started = stopwatch::now();
    for n in 0..n_futures + n_futures / 10 {
        if n == n_futures / 10 {
            started = stopwatch::now();
        }
        black_box(R::limit(LIMIT, yield_once()).await);
    }
    Sample::of_time(started.elapsed(), n_futures)
}
