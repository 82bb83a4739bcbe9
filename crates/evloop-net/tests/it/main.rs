//! Tests of the public API on real loopback sockets.

#![expect(
    clippy::unwrap_used,
    reason = "in a test the panic of an unwrap is the report"
)]

mod cancelling;
mod chunks;
mod connecting;
mod connecting_by_name;
mod descriptors;
mod faults;
mod listening;
mod reading;
mod relaying;
mod sending_files;
mod support;
mod transferring;
mod unix;
mod writing;
