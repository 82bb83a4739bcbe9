//! When a run is struck, and what was seen of it so far.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;

use evloop_time::ManualClock;

use crate::failure::Problem;
use crate::fault::{Fault, Mode};
use crate::trace::Trace;

/// Shared by a run's probe and its driver.
pub(crate) struct Plan {
    clock: ManualClock,
    /// Those to come.
    strikes: RefCell<VecDeque<(Mode, usize)>>,
    n_suspensions: Cell<usize>,
    trace: RefCell<Trace>,
    is_dropped: Cell<bool>,
    /// Everything has settled: what comes now is of the harness.
    is_over: Cell<bool>,
}

impl Plan {
    pub(crate) fn new(clock: ManualClock, fault: Option<Fault>) -> Self {
        Self {
            clock,
            strikes: RefCell::new(fault.into_iter().flat_map(Fault::strikes).collect()),
            n_suspensions: Cell::new(0),
            trace: RefCell::default(),
            is_dropped: Cell::new(false),
            is_over: Cell::new(false),
        }
    }

    pub(crate) fn note(&self, event: impl fmt::Display) {
        if !self.is_over.get() {
            self.trace.borrow_mut().push(self.clock.elapsed(), event);
        }
    }

    /// Nothing is noted any more.
    pub(crate) fn end(&self) {
        self.is_over.set(true);
    }

    pub(crate) fn trace(&self) -> Trace {
        self.trace.borrow().clone()
    }

    pub(crate) fn n_suspensions(&self) -> usize {
        self.n_suspensions.get()
    }

    /// True when a strike did not find its moment.
    pub(crate) fn is_open(&self) -> bool {
        !self.strikes.borrow().is_empty()
    }

    /// Why it did not: the run never came so far. A run that did, and whose task then ended without
    /// another poll, is no problem.
    pub(crate) fn missed(&self) -> Option<Problem> {
        let &(_, k) = self.strikes.borrow().front()?;
        let n_suspensions = self.n_suspensions.get();
        (n_suspensions < k).then_some(Problem::Different { n_suspensions })
    }

    /// True when the last strike has dropped the scenario.
    pub(crate) fn is_dropped(&self) -> bool {
        self.is_dropped.get()
    }

    pub(crate) fn suspended(&self) {
        self.n_suspensions.set(self.n_suspensions.get() + 1);
        self.note(format_args!("suspends ({})", self.n_suspensions.get()));
    }

    /// The mode of the next strike, if it is one of `modes` and the moment is now.
    pub(crate) fn strike(&self, is_meant: impl Fn(Mode) -> bool) -> Option<Mode> {
        let mut strikes = self.strikes.borrow_mut();
        let &(mode, k) = strikes.front()?;
        if k != self.n_suspensions.get() || !is_meant(mode) {
            return None;
        }
        strikes.pop_front();
        drop(strikes);
        self.is_dropped.set(mode.is_drop());
        self.note(match mode {
            Mode::Drop => "is dropped",
            Mode::DropWoken => "is dropped, woken",
            Mode::Cancel => "is asked to end",
            Mode::CancelWoken => "is asked to end, woken",
        });
        Some(mode)
    }
}
