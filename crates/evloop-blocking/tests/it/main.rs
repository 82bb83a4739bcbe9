//! The public behaviour of `evloop-blocking`.
#![cfg(not(loom))]
#![expect(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

mod back_pressure;
mod cancelling;
mod jobs;
mod museum;
mod panics;
mod refusals;
mod shutting_down;
mod support;
mod width;
