//! A coroutine made a task before the loop runs.

use std::time::Duration;

use evloop::sleep;

use crate::Pace;

async fn a() {
    println!("Suspending a");
    sleep(Duration::from_secs(1)).await;
    println!("Resuming a");
}

/// Runs the program.
///
/// # Panics
///
/// When the system makes no descriptors for a loop, or the task fails.
pub fn program(pace: Pace) {
    let event_loop = pace.event_loop();
    let task = event_loop.ensure_future(a());
    let ended = event_loop.run_until_complete(task);
    ended
        .expect("nobody stops the loop")
        .expect("nobody cancels the task");
}
