//! What the tests share: a watchdog, gates that hold jobs, and wakers that count.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use evloop_blocking::{BlockingPool, Builder, JobHandle, Stats};

/// How long a test may take, in seconds: more under a checker that slows everything down.
fn patience() -> Duration {
    let given = std::env::var("EVLOOP_TEST_PATIENCE").ok();
    let seconds = given.and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(10))
}

/// Runs the test on a thread of its own, and fails it when it hangs.
#[track_caller]
pub(crate) fn watched(test: impl FnOnce() + Send + 'static) {
    let (tx, rx) = mpsc::channel::<()>();
    let thread = thread::Builder::new()
        .name("test".to_owned())
        .spawn(move || {
            // Dropped, also by a panic, when the test ends.
            let _tx = tx;
            test();
        });
    let thread = thread.expect("the system starts a thread for the test");
    assert_ne!(
        rx.recv_timeout(patience()),
        Err(RecvTimeoutError::Timeout),
        "the test hangs"
    );
    thread
        .join()
        .unwrap_or_else(|payload| resume_unwind(payload));
}

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

/// A waker that counts.
#[derive(Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Polls once, with a waker of its own or the one given.
pub(crate) fn poll<F: Future + Unpin>(fut: &mut F, waker: &Waker) -> Poll<F::Output> {
    std::pin::Pin::new(fut).poll(&mut Context::from_waker(waker))
}

/// Drives a future on the calling thread.
pub(crate) fn block_on<F: Future>(fut: F) -> F::Output {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut fut = std::pin::pin!(fut);
    loop {
        if let Poll::Ready(output) = fut.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}
