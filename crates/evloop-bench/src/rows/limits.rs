//! A limit in time around a future that keeps it.

use std::future::ready;
use std::hint::black_box;
use std::time::Duration;

use crate::row::{Effort, Family, Row, Sample, Unit, on_each};
use crate::runtimes::{EventLoop, Monoio, Smol, Timers, Tokio};
use crate::stopwatch::Rounds;
use crate::yielding::yield_once;

const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn family() -> Family {
    let row = |name, text, contenders| Row::new(name, Unit::Nanoseconds, text, contenders);
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
    let mut rounds = Rounds::new(effort.times(500_000));
    for n in rounds.by_ref() {
        black_box(R::limit(LIMIT, ready(black_box(n))).await);
    }
    rounds.sample(1)
}

async fn around_yield<R: Timers>(effort: Effort) -> Sample {
    let mut rounds = Rounds::new(effort.times(200_000));
    for _ in rounds.by_ref() {
        black_box(R::limit(LIMIT, yield_once()).await);
    }
    rounds.sample(1)
}
