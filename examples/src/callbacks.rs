//! Plain callbacks: soon, later, at a time; and cancelled before they run.

use std::time::Duration;

use crate::Pace;

/// Runs the program.
///
/// # Panics
///
/// When the system makes no descriptors for a loop.
pub fn program(pace: Pace) {
    let event_loop = pace.event_loop();
    let handle = event_loop.handle();

    event_loop.call_later(Duration::from_millis(300), move || {
        println!("call_later: 0.3 s");
        handle.stop();
    });
    event_loop.call_at(event_loop.now() + Duration::from_millis(200), || {
        println!("call_at: 0.2 s")
    });
    event_loop.call_later(Duration::from_millis(100), || println!("call_later: 0.1 s"));
    event_loop.call_soon(|| println!("call_soon: first"));
    event_loop.call_soon(|| println!("call_soon: second"));

    let soon = event_loop.call_soon(|| println!("cancelled: never printed"));
    let later = event_loop.call_later(Duration::from_millis(100), || {
        println!("cancelled: never printed")
    });
    let at = event_loop.call_at(event_loop.now(), || println!("cancelled: never printed"));
    println!(
        "cancelled: {} {} {}",
        soon.cancel(),
        later.cancel(),
        at.cancel()
    );

    event_loop.run_forever().expect("the loop is new");
    println!("stopped");
}
