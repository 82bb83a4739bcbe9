//! Tests of the public API with real children.

#![expect(
    clippy::unwrap_used,
    reason = "in a test the panic of an unwrap is the report"
)]

mod children;
mod faults;
mod ignoring;
mod museum;
mod orphans;
mod pid_namespace;
mod refusals;
mod refused_forks;
mod signals;
mod streams;
mod support;
