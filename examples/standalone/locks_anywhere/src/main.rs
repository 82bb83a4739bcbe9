//! A lock, a condition, a semaphore and a barrier without a runtime: threads with a ten-line `block_on`
//! are enough.

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread, current, park};

use evloop_sync::{Barrier, Condition, Lock, Semaphore};

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

const N_WORKERS: usize = 4;
const N_JOBS: u32 = 100;

/// Numbers that wait to be worked on, and the sum of those that were.
#[derive(Default)]
struct Work {
    jobs: Vec<u32>,
    is_complete: bool,
    sum: u32,
}

/// What a program shares may be a static: no runtime has to be there first.
static WORK: Lock<Work> = Lock::new(Work {
    jobs: Vec::new(),
    is_complete: false,
    sum: 0,
});
static CHANGED: Condition = Condition::new();
static READY: Barrier = Barrier::new(N_WORKERS + 1);
static AT_A_TIME: Semaphore = Semaphore::new(2);

async fn worker() {
    READY.wait().await.expect("nobody breaks it");
    loop {
        let work = WORK.acquire().await;
        let has_changed = |work: &mut Work| work.is_complete || !work.jobs.is_empty();
        let mut work = CHANGED.wait_for(work, has_changed).await;
        let Some(job) = work.jobs.pop() else { return };
        drop(work);

        let permit = AT_A_TIME.acquire().await;
        let result = job * 2;
        drop(permit);

        WORK.acquire().await.sum += result;
    }
}

async fn program() {
    READY.wait().await.expect("nobody breaks it");
    println!("{N_WORKERS} workers are ready");
    for job in 0..N_JOBS {
        let mut work = WORK.acquire().await;
        work.jobs.push(job);
        CHANGED.notify(1, &work);
    }
    let mut work = WORK.acquire().await;
    work.is_complete = true;
    CHANGED.notify_all(&work);
}

fn main() {
    thread::scope(|scope| {
        for _ in 0..N_WORKERS {
            scope.spawn(|| block_on(worker()));
        }
        block_on(program());
    });

    let sum = block_on(WORK.acquire()).sum;
    println!("the sum is {sum}");
    assert_eq!(sum, N_JOBS * (N_JOBS - 1));
    assert!(!AT_A_TIME.locked(), "all permits are back");
}
