//! Random histories of each primitive beside a naive model of it: who goes on, in which order, and what
//! is left, with waiters that are dropped at any moment.

mod barrier;
mod condition;
mod event;
mod permits;
mod queue;

/// Histories; the list of bugs asks for 100,000, which `PROPTEST_CASES` gives.
const STEPS: std::ops::Range<usize> = 0..60;
