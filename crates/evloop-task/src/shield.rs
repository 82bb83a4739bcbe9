//! Waiting for a task without passing a cancel request on to it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::TaskResult;
use crate::promise::Promise;
use crate::task::Task;

/// A handle that [`shield`] takes: a [`Task`], a [`Promise`], or a borrowed one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handle that can be shielded",
    note = "a plain future is made a task first: `shield(create_task(future))`"
)]
pub trait Shielded: Unpin {
    /// What the handle gives.
    type Output;

    /// Polls for the end, without claiming cancel requests.
    fn poll_shielded(&mut self, cx: &mut Context<'_>) -> Poll<Self::Output>;
}

impl<T> Shielded for Task<T> {
    type Output = TaskResult<T>;

    fn poll_shielded(&mut self, cx: &mut Context<'_>) -> Poll<TaskResult<T>> {
        self.poll_without_claim(cx)
    }
}

impl<T: Clone> Shielded for Promise<T> {
    type Output = TaskResult<T>;

    fn poll_shielded(&mut self, cx: &mut Context<'_>) -> Poll<TaskResult<T>> {
        self.poll_without_claim(cx)
    }
}

impl<H: Shielded> Shielded for &mut H {
    type Output = H::Output;

    fn poll_shielded(&mut self, cx: &mut Context<'_>) -> Poll<H::Output> {
        (**self).poll_shielded(cx)
    }
}

/// Waits for a task or promise, and keeps cancel requests to the waiter from it.
///
/// The waiter is cancelled at once; the task goes on. With a handle by value it goes on by itself;
/// shield `&mut task` to await it again. A task that is cancelled itself gives
/// [`JoinError::Cancelled`](crate::JoinError::Cancelled), as ever. A failure that nobody sees any more
/// is reported to the exception handler, once, as that of any task.
///
/// # Cancel safety
///
/// Dropping it detaches a task that was given by value, and loses nothing else. A cancel request does
/// the same.
pub fn shield<H: Shielded>(handle: H) -> Shield<H> {
    Shield { handle }
}

/// The future of [`shield`].
#[must_use = "a future does nothing until it is awaited"]
pub struct Shield<H> {
    handle: H,
}

impl<H: Shielded> Future for Shield<H> {
    type Output = H::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<H::Output> {
        self.handle.poll_shielded(cx)
    }
}

impl<H: fmt::Debug> fmt::Debug for Shield<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shield").field(&self.handle).finish()
    }
}
