//! What the tests share: gates that hold jobs.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;

use evloop_blocking::{BlockingPool, Builder, JobHandle, Stats};

/// Holds jobs until it is opened.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(crate) fn wait(&self) {
        let open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(open, |open| !*open).unwrap());
    }

    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

/// Submits a job that holds its thread until the gate opens, and returns once it runs.
pub(crate) fn occupy(pool: &BlockingPool, gate: &Gate) -> JobHandle<()> {
    let (tx, rx) = mpsc::channel();
    let gate = gate.clone();
    let handle = pool.spawn(move || {
        tx.send(()).unwrap();
        gate.wait();
    });
    rx.recv().unwrap();
    handle
}

/// A builder whose threads report their end.
pub(crate) fn reporting_ends() -> (Builder, Receiver<()>) {
    let (tx, rx) = mpsc::channel();
    let builder = BlockingPool::builder().spawn_with(move |builder, body| {
        let tx: Sender<()> = tx.clone();
        let thread = builder.spawn(move || {
            body();
            // Nobody listens when the test is over.
            let _ = tx.send(());
        });
        thread.map(drop)
    });
    (builder, rx)
}

#[track_caller]
pub(crate) fn assert_at_rest(stats: Stats) {
    let numbers = (
        stats.n_threads,
        stats.n_idle,
        stats.n_running,
        stats.n_queued,
    );
    assert_eq!(numbers, (0, 0, 0, 0));
}

/// Lets other threads go on until the condition holds. The watchdog bounds it.
pub(crate) fn wait_until(mut condition: impl FnMut() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}

/// Polls once, with a waker of its own or the one given.
pub(crate) fn poll<F: Future + Unpin>(fut: &mut F, waker: &Waker) -> Poll<F::Output> {
    std::pin::Pin::new(fut).poll(&mut Context::from_waker(waker))
}
