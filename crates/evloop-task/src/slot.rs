//! The output as it lies in async-task's slot: dropping it can not unwind.

use crate::current;
use crate::error::TaskResult;
use crate::report::report_panic;
use crate::scheduler::current_scheduler;

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
    pub(crate) fn take(mut self) -> Option<TaskResult<T>> {
        self.0.take()
    }
}

impl<T> Drop for Slot<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(result) = self.0.take() {
            drop_contained(result, "the output of a task");
        }
    }
}

/// Drops a user's value outside of any task; a panic of its destructor is reported.
pub(crate) fn drop_contained<T>(value: T, what: &str) {
    if !std::mem::needs_drop::<T>() {
        return;
    }
    report_panic(current_scheduler(), format_args!("dropping {what}"), || {
        current::outside_of_tasks(|| drop(value));
    });
}
