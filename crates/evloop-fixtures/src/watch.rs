//! An end for tests that would hang.

use std::{
    panic::resume_unwind,
    sync::mpsc::{self, RecvTimeoutError},
    thread::{self, Builder, JoinHandle},
    time::Duration,
};

/// How long a test may take: ten seconds, or what `EVLOOP_TEST_PATIENCE` says, under a checker that slows
/// everything down.
#[must_use]
pub fn patience() -> Duration {
    let given = std::env::var("EVLOOP_TEST_PATIENCE").ok();
    let seconds = given.and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(10))
}

/// Runs the test on a thread of its own, and fails it when it hangs.
///
/// # Panics
///
/// When it has not ended within [`patience`], or with it when it panics.
#[track_caller]
pub fn watched<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    // What the standard library gives a thread.
    watched_with_stack(2 << 20, test)
}

/// The same on a stack of so many bytes.
///
/// # Panics
///
/// As [`watched`].
#[track_caller]
pub fn watched_with_stack<T: Send + 'static>(
    stack_size: usize,
    test: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (done, ended) = mpsc::channel::<()>();
    let thread = start(builder().stack_size(stack_size), move || {
        // Dropped, also by a panic, when the test ends.
        let _done = done;
        test()
    });
    let ended = ended.recv_timeout(patience());
    assert_ne!(ended, Err(RecvTimeoutError::Timeout), "the test hangs");
    join(thread)
}

/// A thread with the name of the test that starts it.
///
/// # Panics
///
/// When the system refuses a thread.
pub fn in_thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    start(builder(), body)
}

fn builder() -> Builder {
    Builder::new().name(thread::current().name().unwrap_or("test").to_owned())
}

fn start<T: Send + 'static>(
    builder: Builder,
    body: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    builder.spawn(body).expect("the system starts a thread")
}

/// Waits for a thread.
///
/// # Panics
///
/// If it has, with what it has panicked with.
#[track_caller]
pub fn join<T>(thread: JoinHandle<T>) -> T {
    thread
        .join()
        .unwrap_or_else(|payload| resume_unwind(payload))
}
