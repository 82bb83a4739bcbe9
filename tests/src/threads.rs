//! Threads and panics of tests.

use std::any::Any;
use std::thread::{Builder, JoinHandle};

/// Starts a thread that is joined by the test.
///
/// # Panics
///
/// When the system starts none.
pub fn on_thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    Builder::new()
        .name("of-a-test".to_owned())
        .spawn(body)
        .expect("the system has a thread")
}

/// Runs `body` on a thread with a stack of so many bytes, and gives its value.
///
/// # Panics
///
/// When the system starts no thread, or `body` panics.
pub fn on_stack_of<T: Send + 'static>(
    bytes: usize,
    body: impl FnOnce() -> T + Send + 'static,
) -> T {
    let thread = Builder::new()
        .name("small-stack".to_owned())
        .stack_size(bytes)
        .spawn(body);
    thread
        .expect("the system has a thread")
        .join()
        .expect("the body does not panic")
}

/// What a panic said.
#[must_use]
pub fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&'static str>()
        .map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}
