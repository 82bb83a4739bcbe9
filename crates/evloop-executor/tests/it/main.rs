//! The executor through its public interface, with tasks, callbacks and hostile guests.
#![cfg(not(loom))]
#![expect(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

mod support;
mod workers;

mod allocations;
mod arrivals;
mod auto_traits;
mod closing;
mod eager;
mod faults;
mod memory;
mod model;
mod museum;
mod nesting;
mod panicking_drops;
mod racing_threads;
