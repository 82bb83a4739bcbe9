//! What `#[evloop::main]` and `#[evloop::test]` write calls to. Not for anybody else.

use std::future::Future;

use evloop_time::ManualClock;

use crate::error::RunError;
use crate::event_loop::EventLoop;
use crate::runner::{Runner, output_of};
use crate::runtime::Runtime;

/// A program that is about to run.
#[derive(Debug)]
pub struct Program {
    is_on_runtime: bool,
    n_workers: Option<usize>,
    seed: Option<u64>,
    is_in_virtual_time: bool,
}

impl Program {
    /// On an event loop of this thread.
    #[must_use]
    pub fn event_loop() -> Self {
        Self {
            is_on_runtime: false,
            n_workers: None,
            seed: None,
            is_in_virtual_time: false,
        }
    }

    /// On a runtime.
    #[must_use]
    pub fn runtime() -> Self {
        Self {
            is_on_runtime: true,
            ..Self::event_loop()
        }
    }

    /// So many worker threads.
    #[must_use]
    pub fn workers(mut self, n_workers: usize) -> Self {
        self.n_workers = Some(n_workers);
        self
    }

    /// Steps in an order by this number.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// By a clock that jumps.
    #[must_use]
    pub fn virtual_time(mut self) -> Self {
        self.is_in_virtual_time = true;
        self
    }

    /// Runs it, as [`run`](crate::run) does.
    ///
    /// # Panics
    ///
    /// As [`run`](crate::run).
    #[track_caller]
    pub fn run<F: Future>(self, main: F) -> F::Output {
        let ran = match self.is_on_runtime {
            true => self.run_on_runtime(main),
            false => self.run_on_event_loop(main),
        };
        output_of(ran)
    }

    #[track_caller]
    fn run_on_event_loop<F: Future>(self, main: F) -> Result<F::Output, RunError> {
        let mut builder = EventLoop::builder();
        if self.is_in_virtual_time {
            builder = builder.clock(ManualClock::new().with_auto_jump());
        }
        let runner = Runner::with(builder).map_err(RunError::Create)?;
        runner.run(main)
    }

    #[track_caller]
    fn run_on_runtime<F: Future>(self, main: F) -> Result<F::Output, RunError> {
        let mut builder = Runtime::builder();
        if let Some(n_workers) = self.n_workers {
            builder = builder.n_workers(n_workers);
        }
        if let Some(seed) = self.seed {
            builder = builder.shuffle(seed);
        }
        if self.is_in_virtual_time {
            builder = builder.clock(ManualClock::new().with_auto_jump());
        }
        let runtime = builder.build().map_err(RunError::Create)?;
        runtime.run(main)
    }
}
