//! How late sleeps end on an idle machine.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::row::{Effort, Family, Row, Sample, Unit, on_each, on_each_clocked};
use crate::runtimes::{
    EventLoop, EvloopRuntime, Monoio, N_WORKERS, Smol, SmolThreads, Timers, Tokio, TokioWorkers,
};
use crate::stopwatch;

/// Short enough for many, and none a multiple of another's remainder in milliseconds.
const DELAYS_US: [u64; 6] = [100, 250, 700, 1_300, 2_600, 5_000];

pub(crate) fn family() -> Family {
    let row = |name: String, text, contenders| Row::new(name, Unit::Microseconds, text, contenders);
    let idle = "one task sleeps again and again, for 100 µs to 5 ms, with nothing else to do; how late \
                it goes on, at the middle and at the 99th of 100 (mt: two workers)";
    let loaded = "one task sleeps until the next whole millisecond, again and again, while ten others are \
                  each busy for 10 µs between suspensions; how late it goes on (monoio polls \
                  a task that wakes itself again at once, and never gets to its timers)";
    let mut rows = Vec::new();
    for (percentile, percent) in [("p50", 50), ("p99", 99)] {
        rows.push(row(
            format!("sleep_lateness_{percentile}"),
            idle,
            on_each!(|effort| sleeping(effort, percent): EventLoop, Tokio, Smol, Monoio),
        ));
    }
    for (percentile, percent) in [("p50", 50), ("p99", 99)] {
        rows.push(row(
            format!("interval_loaded_{percentile}"),
            loaded,
            on_each!(|effort| interval_loaded(effort, percent): EventLoop, Tokio, Smol),
        ));
    }
    for (percentile, percent) in [("p50", 50), ("p99", 99)] {
        rows.push(row(
            format!("mt_sleep_lateness_{percentile}"),
            idle,
            on_each_clocked!(
                |effort| sleeping(effort, percent):
                    EvloopRuntime, TokioWorkers, SmolThreads<N_WORKERS>
            ),
        ));
    }
    Family {
        title: "Lateness of sleeps",
        rows,
    }
}

async fn sleeping<R: Timers>(effort: Effort, percent: usize) -> Sample {
    let mut lateness = Vec::new();
    for _ in 0..effort.times(50) {
        for delay in DELAYS_US.map(Duration::from_micros) {
            let started = stopwatch::now();
            R::sleep(delay).await;
            let elapsed = started.elapsed();
            lateness.push(elapsed.checked_sub(delay).expect("no runtime wakes early"));
        }
    }
    percentile(lateness, percent)
}

fn percentile(mut lateness: Vec<Duration>, percent: usize) -> Sample {
    lateness.sort_unstable();
    Sample::of_microseconds(lateness[lateness.len() * percent / 100])
}

const PERIOD: Duration = Duration::from_millis(1);
const N_BUSY: usize = 10;
const BUSY: Duration = Duration::from_micros(10);

async fn interval_loaded<R: Timers>(effort: Effort, percent: usize) -> Sample {
    let is_over = Rc::new(Cell::new(false));
    let busy: Vec<_> = (0..N_BUSY)
        .map(|_| {
            let is_over = Rc::clone(&is_over);
            R::spawn(async move {
                while !is_over.get() {
                    stopwatch::spin(BUSY);
                    R::yield_now().await;
                }
            })
        })
        .collect();
    let mut lateness = Vec::new();
    let mut tick = stopwatch::now();
    for _ in 0..effort.times(500) {
        tick += PERIOD;
        R::sleep(tick.saturating_duration_since(stopwatch::now())).await;
        lateness.push(stopwatch::now().saturating_duration_since(tick));
    }
    is_over.set(true);
    for task in busy {
        task.await;
    }
    percentile(lateness, percent)
}
