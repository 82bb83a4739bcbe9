//! The scheduler of loops that have ended.

use crate::id::TaskId;
use crate::runnable::Runnable;
use crate::scheduler::{Callback, Scheduler};
use crate::task_ref::TaskRef;

struct Closed;

/// Returns a scheduler that drops whatever it is given: a task spawned on it ends at once,
/// cancelled, with a message that says that its loop is closed.
#[must_use]
pub fn closed_scheduler() -> &'static dyn Scheduler {
    &Closed
}

impl Scheduler for Closed {
    fn schedule(&'static self, runnable: Runnable) {
        drop(runnable);
    }

    fn call_soon(&'static self, callback: Callback) {
        drop(callback);
    }

    fn adopt(&'static self, task: TaskRef) -> u32 {
        drop(task);
        u32::MAX
    }

    fn release(&'static self, _key: u32, _id: TaskId) {}

    fn poke(&'static self, _key: u32) {}
}
