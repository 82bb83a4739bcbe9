//! A coroutine made a task before the loop runs.

use evloop::{EventLoop, sleep};

use crate::Pace;

async fn a(pace: Pace) {
    println!("Suspending a");
    sleep(pace.seconds(1)).await;
    println!("Resuming a");
}

/// Runs the program.
///
/// # Panics
///
/// When the system makes no descriptors for a loop, or the task fails.
pub fn program(pace: Pace) {
    let event_loop = EventLoop::new().expect("the system makes descriptors");
    let task = event_loop.ensure_future(a(pace));
    let ended = event_loop.run_until_complete(task);
    ended
        .expect("nobody stops the loop")
        .expect("nobody cancels the task");
}
