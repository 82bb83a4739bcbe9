//! What a queue refuses, with the item where there is one.

use std::error::Error;
use std::fmt;

/// There is no item: asyncio's `QueueEmpty`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueEmpty;

/// There is no room for the item, which comes back: asyncio's `QueueFull`.
#[derive(Clone, PartialEq, Eq)]
pub struct QueueFull<T>(pub T);

/// The queue has been shut down: asyncio's `QueueShutDown`. Where an item was put, it comes back.
#[derive(Clone, PartialEq, Eq)]
pub struct QueueShutDown<T = ()>(pub T);

/// Why [`get_nowait`](crate::OrderedQueue::get_nowait) has no item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GetNowaitError {
    /// There is none now.
    Empty(QueueEmpty),
    /// There is none, and there will be none.
    ShutDown(QueueShutDown),
}

/// Why [`put_nowait`](crate::OrderedQueue::put_nowait) did not take the item.
#[derive(Clone, PartialEq, Eq)]
pub enum PutNowaitError<T> {
    /// There is no room now.
    Full(QueueFull<T>),
    /// Nothing is taken any more, room or not.
    ShutDown(QueueShutDown<T>),
}

impl<T> PutNowaitError<T> {
    /// The item.
    ///
    /// ```
    /// # use evloop_sync::Queue;
    /// let queue = Queue::bounded(1).unwrap();
    /// queue.put_nowait("first").unwrap();
    /// assert_eq!(queue.put_nowait("second").unwrap_err().into_item(), "second");
    /// ```
    pub fn into_item(self) -> T {
        match self {
            Self::Full(QueueFull(item)) | Self::ShutDown(QueueShutDown(item)) => item,
        }
    }
}

/// A queue for no items at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidMaxsize(pub(crate) ());

/// More items were reported as done than were put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TooManyDone(pub(crate) ());

impl fmt::Display for QueueEmpty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed to get an item: the queue is empty")
    }
}

/// Without the item, which need not be `Debug`.
impl<T> fmt::Debug for QueueFull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QueueFull(..)")
    }
}

impl<T> fmt::Display for QueueFull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed to put an item: the queue is full")
    }
}

/// Without the item, which need not be `Debug`.
impl<T> fmt::Debug for QueueShutDown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QueueShutDown(..)")
    }
}

impl<T> fmt::Display for QueueShutDown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed to use the queue: it has been shut down")
    }
}

impl fmt::Display for GetNowaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty(cause) => cause.fmt(f),
            Self::ShutDown(cause) => cause.fmt(f),
        }
    }
}

/// Without the item, which need not be `Debug`.
impl<T> fmt::Debug for PutNowaitError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(cause) => fmt::Debug::fmt(cause, f),
            Self::ShutDown(cause) => fmt::Debug::fmt(cause, f),
        }
    }
}

impl<T> fmt::Display for PutNowaitError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(cause) => fmt::Display::fmt(cause, f),
            Self::ShutDown(cause) => fmt::Display::fmt(cause, f),
        }
    }
}

impl fmt::Display for InvalidMaxsize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed to make a queue: it would hold 0 items")
    }
}

impl fmt::Display for TooManyDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed to report an item as done: all that were put are done")
    }
}

impl Error for QueueEmpty {}
impl<T> Error for QueueFull<T> {}
impl<T> Error for QueueShutDown<T> {}
impl Error for GetNowaitError {}
impl<T> Error for PutNowaitError<T> {}
impl Error for InvalidMaxsize {}
impl Error for TooManyDone {}
