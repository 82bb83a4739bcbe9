//! What is made of the end of a coroutine.

use crate::error::{JoinError, TaskResult};
use crate::meta::Meta;
use crate::outcome::ChildOutput;
use crate::report::{ErrorContext, report};
use crate::task_ref::TaskRef;

/// Turns the end of a coroutine into the end of its task. Each function is called once at most, in
/// this order; nothing of it costs a plain task anything.
pub(crate) trait Conclude<Output> {
    /// What the task's handle gives.
    type Value;

    /// False when the coroutine is not to be started any more.
    #[inline]
    fn may_start(&self) -> bool {
        true
    }

    /// The task was suspended for the first time.
    #[inline]
    fn adopted(&mut self, _task: impl FnOnce() -> TaskRef) {}

    /// The coroutine is gone.
    fn conclude(&mut self, meta: &Meta, result: TaskResult<Output>) -> TaskResult<Self::Value>;

    /// The task is done; `detached` says that it is watched and nobody holds its handle.
    #[inline]
    fn ended(&mut self, _meta: &Meta, _detached: bool) {}
}

/// The output as it is.
#[derive(Debug)]
pub(crate) struct Plain;

impl<T> Conclude<T> for Plain {
    type Value = T;

    #[inline]
    fn conclude(&mut self, _meta: &Meta, result: TaskResult<T>) -> TaskResult<T> {
        result
    }
}

/// The value or the error of a `Result`, which is reported if nobody sees it.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    failure: Option<JoinError>,
}

impl<O: ChildOutput> Conclude<O> for Watched {
    type Value = O::Value;

    fn conclude(&mut self, _meta: &Meta, result: TaskResult<O>) -> TaskResult<O::Value> {
        let result = result.and_then(|output| output.into_value().map_err(JoinError::Failed));
        if let Err(error @ JoinError::Failed(_)) = &result {
            self.failure = Some(error.clone());
        }
        result
    }

    fn ended(&mut self, meta: &Meta, detached: bool) {
        let failure = self.failure.take();
        if detached && let Some(failure) = failure {
            report_unseen(meta, failure);
        }
    }
}

/// Reports a failure that nobody will see any more.
#[cold]
pub(crate) fn report_unseen(meta: &Meta, failure: JoinError) {
    let message = format!(
        "the exception of task '{}' spawned at {} was never retrieved",
        meta.name(),
        meta.spawned_at
    );
    let context = ErrorContext::new(message).with_exception(failure);
    report(Some(meta.scheduler()), &context);
}
