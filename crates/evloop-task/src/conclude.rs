//! What is made of the end of a coroutine.

use crate::error::TaskResult;
use crate::meta::Meta;
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

    /// The task is done.
    #[inline]
    fn ended(&mut self) {}
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
