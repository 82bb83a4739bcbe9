//! SIGINT during a run: the first cancels the main task, the second ends the run.

use std::cell::Cell;
use std::future::IntoFuture;

use evloop_signal::{Signal, Watch, is_main_thread};
use evloop_task::{Builder as TaskBuilder, Task};

use crate::error::RunError;
use crate::event_loop::{EventLoop, MainEnd, Next};
use crate::handle::Handle;

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
        let interrupts = Interrupts::watch(self, || {});
        let quiet = QuietSources::of(self, &interrupts);
        let ended = self.run_main(builder, main.into_future(), |task| interrupts.look(task));
        drop(quiet);
        let interruption = interrupts.end();
        drop(running);
        interruption.end_of(ended?)
    }
}

/// The descriptor of the signal is not looked at while work is ready, until this is dropped.
struct QuietSources<'a>(&'a EventLoop);

impl<'a> QuietSources<'a> {
    fn of(event_loop: &'a EventLoop, interrupts: &Interrupts<'_>) -> Self {
        event_loop.set_quiet_sources(usize::from(interrupts.watch.is_some()));
        Self(event_loop)
    }
}

impl Drop for QuietSources<'_> {
    fn drop(&mut self) {
        self.0.set_quiet_sources(0);
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
pub(crate) struct Interrupts<'a> {
    handle: &'a Handle,
    watch: Option<Watch>,
    /// How many of the signals the main task was told of: none or one.
    n_delivered: Cell<u32>,
    only_cancel: Cell<bool>,
}

impl<'a> Interrupts<'a> {
    /// For a run that leaves SIGINT alone.
    pub(crate) fn none(handle: &'a Handle) -> Self {
        Self {
            handle,
            watch: None,
            n_delivered: Cell::new(0),
            only_cancel: Cell::new(false),
        }
    }

    /// Takes SIGINT on the main thread, if its disposition is the default one. `wake` has the run look
    /// again, if it may be waiting elsewhere than in the reactor.
    pub(crate) fn watch(handle: &'a Handle, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let mut interrupts = Self::none(handle);
        // As in asyncio a failure is no reason not to run.
        if is_main_thread()
            && let Ok(watch) = Watch::instead_of_default(Signal::INTERRUPT, MOST)
        {
            let wakeups = watch.wakeups();
            let arrived = move || {
                wakeups.clear();
                wake();
            };
            if handle.add_reader(watch.wakeups(), arrived).is_ok() {
                interrupts.watch = Some(watch);
            }
        }
        interrupts
    }

    /// After each turn. The reader only ends a wait: a busy run finds the signal here.
    pub(crate) fn look(&self, main: &Task<()>) -> Next {
        let n_arrived = self.watch.as_ref().map_or(0, Watch::count);
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
        let Some(watch) = self.watch.take() else {
            return 0;
        };
        self.handle.remove_reader(watch.wakeups());
        watch.end()
    }
}

impl Drop for Interrupts<'_> {
    fn drop(&mut self) {
        self.stop();
    }
}
