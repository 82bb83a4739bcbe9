//! Which outputs count as a failure, and the rules that ask.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use evloop_combinators::ReturnWhen;

use crate::error::{JoinError, TaskResult};
use crate::promise::Promise;
use crate::task::Task;

/// What a coroutine may return where failures matter: nothing, or a `Result`.
///
/// A generic output cannot be asked whether it is an `Err`; this trait can.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether it is a failure",
    note = "return `()` or a `Result` from the coroutine, or give `wait` a closure instead of `FirstException`"
)]
pub trait Outcome {
    /// True when the coroutine failed.
    fn is_failure(&self) -> bool;
}

impl Outcome for () {
    fn is_failure(&self) -> bool {
        false
    }
}

impl<T, E> Outcome for Result<T, E> {
    fn is_failure(&self) -> bool {
        self.is_err()
    }
}

/// What a coroutine may return whose failure is its task's: nothing, or a `Result` with any error.
///
/// Children of a [`TaskGroup`](crate::TaskGroup) do. The error becomes the task's
/// [`JoinError::Failed`], shared with whoever else gets it, so that a [`Task`] of such a coroutine
/// gives the value in one `Result` and not in two.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the output of a child of a task group",
    note = "return `()`, or a `Result` whose error is an `Error`, a `String` or a boxed error",
    note = "for a child that cannot fail: `Ok::<_, std::convert::Infallible>(value)`"
)]
pub trait ChildOutput: Given {
    /// The value, or the error in shared form.
    ///
    /// # Errors
    ///
    /// The coroutine's own.
    fn into_value(self) -> Result<Self::Value, Arc<dyn Error + Send + Sync>>;
}

impl ChildOutput for () {
    fn into_value(self) -> Result<(), Arc<dyn Error + Send + Sync>> {
        Ok(())
    }
}

/// A coroutine that never returns by itself: `async { loop { .. } }`.
impl ChildOutput for never::Never {
    fn into_value(self) -> Result<Infallible, Arc<dyn Error + Send + Sync>> {
        self
    }
}

pub(crate) use given::Given;

mod given {
    use std::convert::Infallible;

    /// What a coroutine gives when it has not failed.
    ///
    /// It asks nothing of the error. A condition such as `Into<Box<dyn Error>>` would be proved again
    /// where a coroutine around a group has to be `Send`, with lifetimes that are forgotten there, and
    /// the compiler finds that it holds for one lifetime only.
    #[expect(unnameable_types, reason = "`ChildOutput` is its only user")]
    pub trait Given {
        /// What it gives when it has not failed.
        type Value;
    }

    impl Given for () {
        type Value = ();
    }

    impl Given for super::never::Never {
        type Value = Infallible;
    }

    impl<T, E> Given for Result<T, E> {
        type Value = T;
    }
}

mod never {
    /// The type `!`, which may not be named in other places yet.
    pub(super) type Never = <fn() -> ! as Returns>::Output;

    #[expect(unnameable_types, reason = "it only names the type above")]
    pub trait Returns {
        type Output;
    }

    impl<T> Returns for fn() -> T {
        type Output = T;
    }
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> ChildOutput for Result<T, E> {
    fn into_value(self) -> Result<T, Arc<dyn Error + Send + Sync>> {
        self.map_err(|error| Arc::from(error.into()))
    }
}

/// Ends a `wait` at the first member that failed: an error or a panic. A cancelled member is done
/// but has not failed, as in asyncio. Without a failure it waits for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstException;

impl<T: Outcome> ReturnWhen<Task<T>> for FirstException {
    fn is_met(&mut self, finished: &Task<T>) -> bool {
        match finished.peek() {
            Ok(Ok(output)) => output.is_failure(),
            Ok(Err(error)) => !error.is_cancelled(),
            Err(_) => false,
        }
    }
}

impl<T> ReturnWhen<Promise<T>> for FirstException {
    fn is_met(&mut self, finished: &Promise<T>) -> bool {
        matches!(finished.peek(), Some(Err(error)) if !error.is_cancelled())
    }
}

/// Why a task that returns a `Result` gave no value: the task's own error, or the task itself.
#[derive(Clone)]
pub enum TaskError<E> {
    /// The task was cancelled or panicked.
    Join(JoinError),
    /// The coroutine returned this error.
    Own(E),
}

impl<E: fmt::Display> fmt::Display for TaskError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Join(error) => fmt::Display::fmt(error, f),
            Self::Own(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for TaskError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Join(error) => f.debug_tuple("Join").field(error).finish(),
            Self::Own(error) => f.debug_tuple("Own").field(error).finish(),
        }
    }
}

impl<E: Error + 'static> Error for TaskError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Join(error) => Some(error),
            Self::Own(error) => Some(error),
        }
    }
}

impl<E> From<JoinError> for TaskError<E> {
    fn from(error: JoinError) -> Self {
        Self::Join(error)
    }
}

impl<V, E> Task<Result<V, E>> {
    /// One `Result` instead of two: for `?` and `try_gather`.
    ///
    /// # Cancel safety
    ///
    /// As an await of the task by value: dropping it detaches the task.
    pub fn flatten(self) -> Flatten<V, E> {
        Flatten(self)
    }
}

/// A task whose two layers of `Result` are one: see [`Task::flatten`].
#[derive(Debug)]
#[must_use = "a future does nothing until it is awaited"]
pub struct Flatten<V, E>(Task<Result<V, E>>);

impl<V, E> Flatten<V, E> {
    /// The task itself.
    pub fn into_task(self) -> Task<Result<V, E>> {
        self.0
    }
}

impl<V, E> Future for Flatten<V, E> {
    type Output = Result<V, TaskError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(cx)
            .map(|joined: TaskResult<Result<V, E>>| match joined {
                Ok(own) => own.map_err(TaskError::Own),
                Err(error) => Err(TaskError::Join(error)),
            })
    }
}
