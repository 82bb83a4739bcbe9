//! SIGINT during a run: the first cancels the main task, the second ends the run.

use std::cell::Cell;
use std::future::IntoFuture;
use std::task::Waker;

use evloop_signal::{Signal, Watch, is_main_thread};
use evloop_task::{Builder as TaskBuilder, Task};

use crate::error::RunError;
use crate::event_loop::{EventLoop, MainEnd, Next};
use crate::handle::Handle;
use crate::signal_watch::{Purpose, SignalWatch};

/// What is counted; one more SIGINT kills the process, even one that looks at nothing any more.
const MOST: u32 = 2;

/// What the main task is told.
const INTERRUPTED: &str = "interrupted by SIGINT";

impl EventLoop {
    /// As [`EventLoop::run_until_complete`], and SIGINT is ours meanwhile, if it may be.
    #[track_caller]
    pub(crate) fn run_interruptibly<F: IntoFuture>(
        &self,
        builder: TaskBuilder,
        main: F,
    ) -> Result<F::Output, RunError> {
        let running = self.start()?;
        // After the check and dropped before the guard: a refused run touches nothing.
        let interrupts = Interrupts::watch(self, self.shared().waker());
        let ended = self.run_main(builder, main.into_future(), |task| interrupts.look(task));
        let interruption = interrupts.end();
        drop(running);
        interruption.end_of(ended?)
    }
}

/// What SIGINT has to do with the end of a run.
pub(crate) enum Interruption {
    /// Nothing, or the main task heard of it and was also cancelled by others or went on.
    None,
    /// It was the only reason to cancel the main task.
    OnlyCancel,
    /// It came a second time, or so late that the main task has not heard of it.
    Unanswered,
}

impl Interruption {
    /// What the run gives; a panic goes on here.
    #[track_caller]
    pub(crate) fn end_of<T>(self, end: MainEnd<T>) -> Result<T, RunError> {
        match self {
            Self::Unanswered if !end.is_panic() => Err(RunError::Interrupted),
            Self::OnlyCancel if end.is_cancelled() => Err(RunError::Interrupted),
            _ => end.or_resume(),
        }
    }
}

/// SIGINT is watched for a run until this is dropped; or not, if it is not ours to take.
pub(crate) struct Interrupts {
    watch: Option<(Watch, SignalWatch)>,
    /// How many of the signals the main task was told of: none or one.
    n_delivered: Cell<u32>,
    only_cancel: Cell<bool>,
}

impl Interrupts {
    /// For a run that leaves SIGINT alone.
    pub(crate) fn none() -> Self {
        Self {
            watch: None,
            n_delivered: Cell::new(0),
            only_cancel: Cell::new(false),
        }
    }

    /// Takes SIGINT on the main thread, if its disposition is the default one. `waker` has the run look
    /// again.
    pub(crate) fn watch(handle: &Handle, waker: Option<Waker>) -> Self {
        let mut interrupts = Self::none();
        // As in asyncio a failure is no reason not to run.
        if is_main_thread()
            && let Some(waker) = waker
            && let Ok(watch) = Watch::instead_of_default(Signal::INTERRUPT, MOST)
            && let Ok(reader) = SignalWatch::begin(handle, Purpose::EndOfWait)
        {
            // Another loop may be the one that finds the descriptor readable.
            watch.set_waker(&waker);
            interrupts.watch = Some((watch, reader));
        }
        interrupts
    }

    /// After each turn. The reader only ends a wait: a busy run finds the signal here.
    pub(crate) fn look(&self, main: &Task<()>) -> Next {
        let n_arrived = self.watch.as_ref().map_or(0, |(watch, _)| watch.count());
        if n_arrived >= MOST {
            return Next::Leave;
        }
        if main.done() {
            let told = self.n_delivered.get() > 0;
            self.only_cancel
                .set(told && main.cancelled() && main.uncancel() == 0);
            return Next::LastTurn;
        }
        if n_arrived > self.n_delivered.replace(n_arrived) {
            main.cancel_with(INTERRUPTED);
        }
        Next::GoOn
    }

    /// Restores the disposition, and only then counts: no signal is lost in between.
    pub(crate) fn end(mut self) -> Interruption {
        let n_arrived = self.stop();
        if n_arrived > self.n_delivered.get() {
            Interruption::Unanswered
        } else if self.only_cancel.get() {
            Interruption::OnlyCancel
        } else {
            Interruption::None
        }
    }

    fn stop(&mut self) -> u32 {
        let Some((watch, reader)) = self.watch.take() else {
            return 0;
        };
        drop(reader);
        watch.end()
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        self.stop();
    }
}
