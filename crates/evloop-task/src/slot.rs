//! The output as it lies in async-task's slot: dropping it can not unwind.

use std::mem::ManuallyDrop;

use crate::current;
use crate::error::TaskResult;
use crate::report::report_panic;
use crate::scheduler::turning_scheduler;

/// A task's output. async-task aborts the process when an output's destructor panics; this
/// wrapper's destructor reports the panic instead.
#[derive(Debug)]
pub(crate) struct Slot<T>(Option<TaskResult<T>>);

impl<T> Slot<T> {
    pub(crate) fn full(result: TaskResult<T>) -> Self {
        Self(Some(result))
    }

    /// The result went to the shared cell of the done callbacks.
    pub(crate) fn shared() -> Self {
        Self(None)
    }

    #[inline]
    pub(crate) fn take(self) -> Option<TaskResult<T>> {
        // What is left has nothing to drop.
        ManuallyDrop::new(self).0.take()
    }
}

impl<T> Drop for Slot<T> {
    #[inline]
    fn drop(&mut self) {
        match &self.0 {
            None => {}
            // Nothing of a user's to drop: what most detached tasks end with.
            Some(Ok(_)) if !std::mem::needs_drop::<T>() => {}
            Some(_) => drop_contained(self.0.take(), "the output of a task"),
        }
    }
}

/// Drops a user's value outside of any task; a panic of its destructor is reported.
pub(crate) fn drop_contained<T>(value: T, what: &str) {
    if !std::mem::needs_drop::<T>() {
        return;
    }
    report_panic(turning_scheduler(), format_args!("dropping {what}"), || {
        current::outside_of_tasks(|| drop(value));
    });
}
