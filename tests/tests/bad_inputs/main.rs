//! Wrong arguments, failing code and extreme sizes: each gets an error that says so, or goes well;
//! none hangs, aborts or takes the loop with it.
//!
//! Tests `eNN_…` are of wrong inputs, tests `fNN_…` of injected faults, by the project's lists.

mod across_threads;
mod arguments;
mod chains;
mod closed_loops;
mod descriptors;
mod destructors;
mod ends;
mod executors;
mod floods;
mod groups;
mod late_results;
mod panics;
mod reentrancy;
mod sync;
mod timers;
mod wakes;

use std::time::Duration;

use evloop_tests::watchdog::Watchdog;

/// Runs a test that must end soon.
fn guarded(test: impl FnOnce()) {
    let _watchdog = Watchdog::new(Duration::from_secs(10));
    test();
}

/// Runs what is ready on the loop, once.
fn run_one_turn(event_loop: &evloop::EventLoop) {
    event_loop.stop();
    event_loop.run_forever().expect("the loop is open");
}
