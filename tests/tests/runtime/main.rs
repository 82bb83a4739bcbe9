//! The runtime with several threads: what is asked of it that one thread cannot show.

mod awake;
mod blocking_on;
mod closing;
mod fairness;

mod options;
mod pinned;
mod programs;
mod races;
mod shuffled;

use std::time::Duration;

use evloop::{ManualClock, Runtime};
use evloop_tests::watchdog::Watchdog;

/// Far longer than anything here takes.
const LONG: Duration = Duration::from_secs(3600);

/// A runtime whose clock jumps to the next deadline when all workers sleep.
fn virtual_runtime(n_workers: usize) -> Runtime {
    Runtime::builder()
        .n_workers(n_workers)
        .clock(ManualClock::new().with_auto_jump())
        .build()
        .expect("the system has descriptors and threads")
}

/// A runtime in real time.
fn real_runtime(n_workers: usize) -> Runtime {
    Runtime::builder()
        .n_workers(n_workers)
        .build()
        .expect("the system has descriptors and threads")
}

/// Runs `test` with one worker, with two, and with more than the machine may have processors.
fn with_each_number_of_workers(test: impl Fn(usize)) {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    for n_workers in [1, 2, 5] {
        test(n_workers);
    }
}
