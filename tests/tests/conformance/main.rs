//! asyncio's behaviours, one module for each of its chapters.
//!
//! A test `case_NNN_what_it_shows` shows the behaviour with that number of the project's list. All
//! run on loops whose clock jumps, so none of them takes time.

mod accepting;
mod as_completed;
mod barriers;
mod cancelling;
mod contexts;
mod eager;
mod event_loop;
mod executor;
mod forking;
mod future_groups;
mod futures;
mod gathering;
mod gathering_cancelled;
mod groups;
mod groups_aborting;
mod groups_children;
mod groups_eager;
mod groups_ending;
mod groups_model;
mod interrupted_waits;
mod interrupts;
mod left_over;
mod locks;
mod processes;
mod queues;
mod runner;
mod seized;
mod servers;
mod shielding;
mod signals;
mod slow_peers;
mod sockets;
mod stopping;
mod streams;
mod tasks;
mod thread_ends;
mod threadsafe;
mod timeouts;
mod timeouts_used;
mod unseen;
mod waiting;
mod waiting_for;

use std::time::Duration;

use evloop_tests::virtual_loop;
use evloop_tests::watchdog::Watchdog;

/// Runs a test that must end soon.
fn guarded(test: impl FnOnce()) {
    let _watchdog = Watchdog::new(Duration::from_secs(10));
    test();
}

/// Runs a test that must end soon as the main coroutine of a loop.
fn in_loop(test: impl Future<Output = ()>) {
    guarded(|| virtual_loop().run_until_complete(test).expect("it ends"));
}
