//! asyncio's behaviours, one module for each of its chapters.
//!
//! A test `case_NNN_what_it_shows` shows the behaviour with that number of the project's list. All
//! run on loops whose clock jumps, so none of them takes time.

mod as_completed;
mod contexts;
mod eager;
mod event_loop;
mod executor;
mod future_groups;
mod futures;
mod gathering;
mod interrupts;
mod left_over;
mod runner;
mod tasks;
mod threadsafe;
mod unseen;
mod waiting;

use std::time::Duration;

use evloop_tests::watchdog::Watchdog;

/// Runs a test that must end soon.
fn guarded(test: impl FnOnce()) {
    let _watchdog = Watchdog::new(Duration::from_secs(10));
    test();
}
