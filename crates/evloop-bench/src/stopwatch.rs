//! Real time, which benchmarks measure.

use std::time::{Duration, Instant};

pub(crate) fn now() -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "measuring the time is what a benchmark does"
    )]
    Instant::now()
}

/// How long `work` takes.
pub(crate) fn time(work: impl FnOnce()) -> Duration {
    let started = now();
    work();
    started.elapsed()
}
