//! gather, race and wait without a runtime: a ten-line `block_on` is enough.

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{Thread, current, park};

use evloop_combinators::{Completion, FirstCompleted, Waitable, gather, race, wait};

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

/// Yields to the others so many times.
struct Steps(u32);

impl Future for Steps {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

async fn walk(name: &'static str, steps: u32) -> &'static str {
    Steps(steps).await;
    println!("{name} arrives");
    name
}

async fn program() {
    let names = gather((walk("a", 3), walk("b", 1))).await;
    println!("gathered {names:?}");
    assert_eq!(names, ("a", "b"), "in input order, though b arrives first");

    let winner = race([walk("tortoise", 2), walk("hare", 9)]).await;
    println!("the winner is {winner:?}");
    assert_eq!(winner, Ok("tortoise"));

    let walkers = [("x", 4), ("y", 1), ("z", 2)];
    let handles = walkers.map(|(name, steps)| Waitable::new(Box::pin(walk(name, steps))));
    let mut pending = wait(handles);
    let mut order = Vec::new();
    while let Ok((done, rest)) = pending.return_when(FirstCompleted).await {
        order.extend(done.iter().filter_map(Completion::output).copied());
        println!("done: {order:?}, pending: {}", rest.len());
        pending = rest.wait();
    }
    assert_eq!(order, ["y", "z", "x"], "in completion order");
}

fn main() {
    block_on(program());
}
