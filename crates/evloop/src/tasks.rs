//! Free functions on the running loop that are not those of a leaf crate.

use evloop_executor::CallHandle;
use evloop_task::TaskRef;

use crate::handle::Handle;

/// The tasks of the running loop that have not ended, the calling one included.
///
/// # Panics
///
/// When no loop runs on this thread.
#[must_use]
#[track_caller]
pub fn all_tasks() -> Vec<TaskRef> {
    Handle::current().all_tasks().unwrap_or_default()
}

/// Queues a callback on the running loop: [`Handle::call_soon`].
///
/// # Panics
///
/// When no loop runs on this thread.
#[track_caller]
pub fn call_soon(callback: impl FnOnce() + Send + 'static) -> CallHandle {
    Handle::current().call_soon(callback)
}
