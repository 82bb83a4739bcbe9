//! How late sleeps end on an idle machine.

use std::time::Duration;

use crate::row::{Effort, Family, Row, Sample, Unit, on_each};
use crate::runtimes::{EventLoop, Monoio, Smol, Timers, Tokio};
use crate::stopwatch;

/// Short enough for many, and none a multiple of another's remainder in milliseconds.
const DELAYS_US: [u64; 6] = [100, 250, 700, 1_300, 2_600, 5_000];

pub(crate) fn family() -> Family {
    let row = |name, text, contenders| Row {
        name,
        text,
        unit: Unit::Microseconds,
        contenders,
    };
    Family {
        title: "Lateness of sleeps",
        rows: vec![
            row(
                "sleep_lateness_p50",
                "one task sleeps again and again, for 100 µs to 5 ms, with nothing else to do; the \
                 median of how late it goes on",
                on_each!(median: EventLoop, Tokio, Smol, Monoio),
            ),
            row(
                "sleep_lateness_p99",
                "the same; the 99th of 100",
                on_each!(percentile_99: EventLoop, Tokio, Smol, Monoio),
            ),
        ],
    }
}

async fn median<R: Timers>(effort: Effort) -> Sample {
    percentile::<R>(effort, 50).await
}

async fn percentile_99<R: Timers>(effort: Effort) -> Sample {
    percentile::<R>(effort, 99).await
}

async fn percentile<R: Timers>(effort: Effort, percent: usize) -> Sample {
    let mut lateness = Vec::new();
    for _ in 0..effort.times(50) {
        for delay in DELAYS_US.map(Duration::from_micros) {
            let started = stopwatch::now();
            R::sleep(delay).await;
            let elapsed = started.elapsed();
            lateness.push(elapsed.checked_sub(delay).expect("no runtime wakes early"));
        }
    }
    lateness.sort_unstable();
    Sample::of_microseconds(lateness[lateness.len() * percent / 100])
}
