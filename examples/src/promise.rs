//! A result that another thread provides: pending until the loop runs, then there for good.

use std::sync::mpsc;

use evloop::EventLoop;

use crate::Pace;

/// Runs the program.
///
/// # Panics
///
/// When the system makes no descriptors for a loop.
pub fn program(_pace: Pace) {
    let event_loop = EventLoop::new().expect("the system makes descriptors");
    let (started, has_started) = mpsc::channel();

    // The work starts at once, on a thread of the loop's pool ...
    let promise = event_loop.run_in_executor(None, move || {
        println!("inner fun");
        // Nobody listening is fine.
        let _ = started.send(());
        111
    });
    has_started
        .recv()
        .expect("the work tells when it has started");

    // ... but its result arrives in a turn of the loop, and none has run yet.
    println!("{promise:?}");
    println!("done: {}", promise.done());
    if let Err(error) = promise.result() {
        println!("too early: {error}");
    }

    match event_loop.run_until_complete(&promise) {
        Ok(Ok(value)) => println!("{value}"),
        failed => println!("failed: {failed:?}"),
    }
    println!("{promise:?}");
    println!("done: {}", promise.done());

    // It can be awaited and read again.
    match event_loop.run_until_complete(&promise) {
        Ok(Ok(value)) => println!("{value}"),
        failed => println!("failed: {failed:?}"),
    }
}
