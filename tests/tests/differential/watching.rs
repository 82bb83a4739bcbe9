//! Tasks whose handle somebody else has, and what `except CancelledError` catches.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use evloop::{Cancelled, Task, TaskRef, TaskResult, catch_cancel, current_task, wait};

use crate::program::{End, Raised, flat, outcome, settled};

/// The message of a request: Python's `str(cancelled)`.
pub(crate) fn message(cancelled: &Cancelled) -> &str {
    cancelled.message().unwrap_or_default()
}

/// Number of requests to the task that asks: Python's `current_task().cancelling()`.
pub(crate) fn my_requests() -> usize {
    current_task().expect("a task is running").cancelling()
}

/// Waits for a task, without passing a cancel on to it, and says how it ended.
pub(crate) async fn end_of<T: Clone + fmt::Display>(task: &mut Task<End<T>>) -> String {
    let (done, _) = wait([&mut *task]).await.expect("it waits for one");
    assert_eq!(done.len(), 1, "it waits until the task is done");
    outcome(task)
}

/// Says how a task stands whose value does not matter.
pub(crate) fn state(task: &TaskRef) -> &'static str {
    match (task.done(), task.cancelled()) {
        (false, _) => "pending",
        (true, true) => "cancelled",
        (true, false) => "ended otherwise",
    }
}

/// A task whose result somebody else takes; its `Display` says how it stands, as `outcome` does.
pub(crate) struct Watched<T> {
    end: Arc<Mutex<Option<End<T>>>>,
}

/// Keeps a copy of what the task ends with.
pub(crate) fn watch<T>(task: &Task<End<T>>) -> Watched<T>
where
    T: Clone + Send + Sync + 'static,
{
    let end = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&end);
    task.add_done_callback(move |result| {
        *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(flat(result));
    });
    Watched { end }
}

impl<T: fmt::Display> fmt::Display for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(end) = &*end else {
            return f.write_str("pending");
        };
        f.write_str(&settled(end))
    }
}

/// What `except CancelledError` catches around the await of a task or future.
pub(crate) enum Caught {
    /// A request to the task that awaits.
    Request(Cancelled),
    /// The end of what it awaits, which was cancelled by somebody else.
    Awaited,
}

/// Python's `try: await awaited`, for handlers that do not ask whose cancel it is.
pub(crate) async fn attempt<T>(
    awaited: impl Future<Output = TaskResult<T>>,
) -> Result<End<T>, Caught> {
    match catch_cancel(awaited).await {
        Ok(result) => match result.map_err(Raised::from) {
            Err(Raised::Cancelled) => Err(Caught::Awaited),
            end => Ok(end),
        },
        Err(cancelled) => Err(Caught::Request(cancelled)),
    }
}

impl Caught {
    /// Python's `raise` at the end of the handler.
    pub(crate) async fn raise<T>(self) -> End<T> {
        match self {
            Self::Request(cancelled) => match cancelled.resume().await {},
            Self::Awaited => Err(Raised::Cancelled),
        }
    }

    /// The end of a handler without `raise`.
    pub(crate) fn swallow(self) {
        if let Self::Request(cancelled) = self {
            cancelled.swallow();
        }
    }
}

/// Python's `finally` around something that awaits: called when it is dropped.
pub(crate) struct AtEnd<F: Fn()>(pub(crate) F);

impl<F: Fn()> Drop for AtEnd<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
