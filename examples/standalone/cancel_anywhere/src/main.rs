//! Cancellation that code can catch, without a runtime: a ten-line `block_on` is enough.

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{Thread, current, park};

use evloop_cancel::{CancelScope, Stopped, catch_cancel, on_cancel, timeout_scope};

/// The whole executor.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => park(),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Suspends so many times: a timer, or some work.
async fn steps(mut n: u32) {
    poll_fn(|cx| {
        if n == 0 {
            return Poll::Ready(());
        }
        n -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A session that says goodbye, however it ends.
async fn session(name: &str) {
    on_cancel(pending::<()>(), || async {
        println!("{name} says goodbye ...");
        steps(3).await;
        println!("{name} has left");
    })
    .await;
}

async fn program() {
    // A limit in time; the timer is any future.
    let late = timeout_scope(steps(5), session("alice")).await;
    println!("alice: {late:?}");
    assert!(late.is_err());

    // A piece of code that is asked to end from outside.
    let scope = CancelScope::new();
    let handle = scope.handle();
    let asker = async {
        steps(2).await;
        handle.cancel_with("the server closes");
        pending::<()>().await
    };
    let bob = async {
        match catch_cancel(session("bob")).await {
            Ok(()) => unreachable!("the session never ends by itself"),
            Err(cancelled) => {
                println!("bob was {cancelled}");
                // Dropped here: the request goes on, to the scope.
            }
        }
        steps(1).await;
        unreachable!("it went on")
    };
    let mut bob = pin!(scope.run(bob));
    let mut asker = pin!(asker);
    let ended = poll_fn(|cx| {
        let _never: Poll<()> = asker.as_mut().poll(cx);
        bob.as_mut().poll(cx)
    });
    let ended: Result<(), Stopped> = ended.await;
    println!("bob: {ended:?}");
    assert_eq!(ended, Err(Stopped));
}

fn main() {
    block_on(program());
}
