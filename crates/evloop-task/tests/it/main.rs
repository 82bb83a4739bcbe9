//! Tasks and promises through their public interface, on a scheduler made by hand.
#![cfg(not(loom))]
#![expect(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

mod by_hand;
mod harness;

mod auto_traits;
mod contexts;
mod debug_forms;
mod errors;
mod hostile_wakers;
mod pinning;
mod promises;
mod tasks;
