//! How time passes for the programs.

use std::time::Duration;

use evloop::{EventLoop, ManualClock, Runner};

/// Whether a program waits in real time, or with `--fast` not at all.
///
/// A fast program runs on a clock that jumps to the next deadline whenever its loop would wait. It
/// prints what it prints in real time, but on a machine that is slow, or busy, too: nothing is late.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// Seconds are seconds.
    Real,
    /// Seconds pass as soon as nothing is left to do.
    Fast,
}

impl Pace {
    /// Reads the program's arguments.
    ///
    /// # Panics
    ///
    /// On an argument that is not `--fast`.
    #[must_use]
    pub fn from_args() -> Self {
        let mut pace = Self::Real;
        for argument in std::env::args().skip(1) {
            assert!(
                argument == "--fast",
                "unknown argument `{argument}`: there is only `--fast`"
            );
            pace = Self::Fast;
        }
        pace
    }

    /// [`evloop::run`] at this pace.
    ///
    /// # Panics
    ///
    /// As that.
    pub fn run<F: IntoFuture>(self, main: F) -> F::Output {
        match self {
            Self::Real => evloop::run(main),
            Self::Fast => {
                // The limit is on the loop's clock, which jumps there while threads still end.
                let runner = Runner::with(jumping())
                    .expect("the system makes descriptors")
                    .executor_grace(Duration::MAX);
                runner.run(main).expect("the main task runs to its end")
            }
        }
    }

    /// [`EventLoop::new`] at this pace.
    ///
    /// # Panics
    ///
    /// When the system makes no descriptors for a loop.
    #[must_use]
    pub fn event_loop(self) -> EventLoop {
        let event_loop = match self {
            Self::Real => EventLoop::new(),
            Self::Fast => jumping().build(),
        };
        event_loop.expect("the system makes descriptors")
    }

    /// How long blocking work takes that takes so long in real time. Threads know nothing of the
    /// loop's clock: where that jumps, they do not wait.
    #[must_use]
    pub fn blocking(self, real: Duration) -> Duration {
        match self {
            Self::Real => real,
            Self::Fast => Duration::ZERO,
        }
    }
}

fn jumping() -> evloop::Builder {
    EventLoop::builder().clock(ManualClock::new().with_auto_jump())
}
