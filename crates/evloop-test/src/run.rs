//! One run of a scenario, as an oracle sees it.

use std::fmt;
use std::time::Duration;

use crate::fault::Fault;

/// How a scenario ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End<T> {
    /// It returned.
    Value(T),
    /// Its task ended cancelled.
    Cancelled,
    /// It was dropped.
    Dropped,
    /// It panicked, with this message.
    Panicked(String),
}

impl<T> End<T> {
    /// What it returned.
    #[must_use]
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Cancelled | Self::Dropped | Self::Panicked(_) => None,
        }
    }

    /// The same without the value, which may not be fit to be shown or kept.
    pub(crate) fn kind(&self) -> End<()> {
        match self {
            Self::Value(_) => End::Value(()),
            Self::Cancelled => End::Cancelled,
            Self::Dropped => End::Dropped,
            Self::Panicked(message) => End::Panicked(message.clone()),
        }
    }
}

/// One run after everything has settled: what was done to the scenario, and what became of it.
pub struct Run<T> {
    pub(crate) fault: Option<Fault>,
    pub(crate) end: End<T>,
    pub(crate) n_suspensions: usize,
    pub(crate) elapsed: Duration,
    pub(crate) left_tasks: Vec<String>,
    pub(crate) has_left_timers: bool,
}

impl<T> Run<T> {
    /// What was done to the scenario; `None` in the first run, which is left alone.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// How it ended.
    #[must_use]
    pub fn end(&self) -> &End<T> {
        &self.end
    }

    /// True when it was dropped before it could end by itself.
    #[must_use]
    pub fn is_dropped(&self) -> bool {
        matches!(self.end, End::Dropped)
    }

    /// True when its task was asked to end, whatever came of it.
    #[must_use]
    pub fn was_asked(&self) -> bool {
        self.fault.is_some_and(|fault| fault.mode().is_cancel())
    }

    /// How often the scenario suspended in this run, its clean-up included.
    #[must_use]
    pub fn n_suspensions(&self) -> usize {
        self.n_suspensions
    }

    /// The virtual time that the run took, until everything had settled.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The tasks that will never be woken again, in their `Debug` form with the line that made them.
    /// Empty unless they are [allowed](crate::CancelAtEachAwait::may_leave_tasks).
    #[must_use]
    pub fn left_tasks(&self) -> &[String] {
        &self.left_tasks
    }

    /// True when timers were still set after everything had ended.
    #[must_use]
    pub fn has_left_timers(&self) -> bool {
        self.has_left_timers
    }
}

impl<T> fmt::Debug for Run<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("fault", &self.fault)
            .field("end", &self.end.kind())
            .field("n_suspensions", &self.n_suspensions)
            .field("elapsed", &self.elapsed)
            .finish_non_exhaustive()
    }
}
