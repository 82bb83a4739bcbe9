//! What a test allows.

use crate::fault::{Fault, Mode};

/// The settings of a test.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) modes: Vec<Mode>,
    pub(crate) only: Option<Fault>,
    pub(crate) twice: bool,
    pub(crate) max_steps: usize,
    pub(crate) may_panic: bool,
    pub(crate) may_leave_tasks: bool,
    pub(crate) may_leave_timers: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            modes: Mode::ALL.to_vec(),
            only: None,
            twice: false,
            max_steps: 100_000,
            may_panic: false,
            may_leave_tasks: false,
            may_leave_timers: false,
        }
    }
}
