//! Tests of the public API, each on both ways to wait.

#![expect(
    clippy::unwrap_used,
    reason = "in a test the panic of an unwrap is the report"
)]

mod bad_input;
mod ending;
mod foreign;
mod hostile_waker;
mod level;
mod notifying;
mod sources;
mod streams;
mod support;
mod turns;
