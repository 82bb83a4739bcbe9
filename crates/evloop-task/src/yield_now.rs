//! Giving up one turn.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Lets everything that is ready now run first: asyncio's `sleep(0)`.
///
/// # Cancel safety
///
/// Dropping it loses nothing.
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// See [`yield_now`].
#[derive(Debug)]
#[must_use = "a future does nothing until it is awaited"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
