//! How running a loop, and asking one for something, can fail.

use std::error::Error;
use std::fmt;
use std::io;

use evloop_task::Cancellation;

/// Why a loop did not bring a future to its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// The loop is closed.
    Closed,
    /// This loop, or another one, is running on this thread already.
    Nested,
    /// The loop is another process's, from which this one was forked off: make a new one.
    Forked,
    /// An event loop runs tasks on its own thread only, so that another thread cannot block on one.
    OneThread,
    /// The loop was stopped before the future was done. A task or promise that was passed in goes
    /// on; a plain future has been dropped.
    Stopped,
    /// The future ran as a task, and that was cancelled.
    Cancelled(Cancellation),
    /// SIGINT has cancelled the future's task, or has ended the run at once: see
    /// [`Runner::run`](crate::Runner::run).
    Interrupted,
    /// The system makes no loop: it is out of descriptors or memory.
    Create(io::Error),
    /// The system can no longer wait for events: a descriptor of the loop was closed behind it.
    Poll(io::Error),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("failed to run the event loop: it is closed"),
            Self::Nested => f.write_str(
                "failed to run the event loop: one is running on this thread already; await \
                 instead, or run the inner one on a thread of its own with `to_thread`",
            ),
            Self::Forked => f.write_str(
                "failed to run the event loop: it belongs to the process that forked this one off; \
                 make a new loop here",
            ),
            Self::OneThread => f.write_str(
                "failed to block on a future: an event loop runs tasks on its own thread only; use \
                 `run_coroutine_threadsafe`, or a `Runtime`",
            ),
            Self::Stopped => f.write_str("the event loop was stopped before the future completed"),
            Self::Cancelled(cancellation) => write!(f, "the main task was {cancellation}"),
            Self::Interrupted => f.write_str("the run was interrupted by SIGINT"),
            Self::Create(error) => write!(f, "failed to make an event loop: {error}"),
            Self::Poll(error) => write!(f, "failed to wait for events: {error}"),
        }
    }
}

impl Error for RunError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Create(error) | Self::Poll(error) => Some(error),
            _ => None,
        }
    }
}

/// So that `?` takes it where I/O is done. An error of the system keeps its kind, and an interrupt is
/// [`Interrupted`](io::ErrorKind::Interrupted).
impl From<RunError> for io::Error {
    fn from(error: RunError) -> Self {
        let kind = match &error {
            RunError::Create(error) | RunError::Poll(error) => error.kind(),
            RunError::Interrupted => io::ErrorKind::Interrupted,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// The event loop is closed and takes nothing any more.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoopClosed;

impl fmt::Display for LoopClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the event loop is closed; make a new one to go on")
    }
}

impl fmt::Debug for LoopClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LoopClosed({self})")
    }
}

impl Error for LoopClosed {}

impl From<evloop_executor::Closed> for LoopClosed {
    fn from(_: evloop_executor::Closed) -> Self {
        Self
    }
}

impl From<LoopClosed> for io::Error {
    fn from(closed: LoopClosed) -> Self {
        Self::new(io::ErrorKind::NotConnected, closed)
    }
}
