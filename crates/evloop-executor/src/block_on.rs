//! Blocking a thread on one future.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Runs a future on this thread, parking it while the future is pending.
///
/// It turns no loop: it is for plain threads and for futures that other threads complete. On an
/// event loop's thread, await instead.
///
/// ```
/// assert_eq!(evloop_executor::block_on(async { 1 + 1 }), 2);
/// ```
///
/// # Cost
///
/// One allocation, for the waker; a wake of a thread that is not parked costs no system call.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let (parker, unparker) = parking::pair();
    let waker = Waker::from(unparker);
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        parker.park();
    }
}
