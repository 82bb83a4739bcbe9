//! Real time, which benchmarks measure.

use std::time::{Duration, Instant};

use crate::row::Sample;

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

/// Blocks the thread without keeping it busy.
pub(crate) fn pass(time: Duration) {
    #[expect(
        clippy::disallowed_methods,
        reason = "a job that blocks is what is measured"
    )]
    std::thread::sleep(time);
}

/// Keeps the thread busy.
pub(crate) fn spin(time: Duration) {
    let started = now();
    while started.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// The rounds of a measurement. A tenth as many go before them, to warm up, and are not timed.
pub(crate) struct Rounds {
    n_rounds: usize,
    n_begun: usize,
    n_warm_up: usize,
    started: Instant,
}

impl Rounds {
    pub(crate) fn new(n_rounds: usize) -> Self {
        Self {
            n_rounds,
            n_begun: 0,
            n_warm_up: n_rounds / 10,
            started: now(),
        }
    }

    /// How many there are, those that warm up included.
    pub(crate) fn n_all(&self) -> usize {
        self.n_warm_up + self.n_rounds
    }

    /// The time since the first round that counts, for so many operations in each round.
    pub(crate) fn sample(&self, n_operations: usize) -> Sample {
        Sample::of_time(self.started.elapsed(), self.n_rounds * n_operations)
    }
}

impl Iterator for Rounds {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let round = self.n_begun;
        if round == self.n_warm_up {
            self.started = now();
        }
        self.n_begun += 1;
        (round < self.n_all()).then_some(round)
    }
}
