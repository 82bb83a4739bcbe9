//! What the tests of evloop's crates share, each of which may be tested alone.
//!
//! - [`auto_traits!`] says of types whether they may cross threads and be moved.
//! - [`watched`] runs a test that must not hang.
//! - [`Wakes`] counts how often a future was woken, [`block_on`] runs one without a
//!   runtime, and [`drive`] with the turns of a driver in between.
//! - `models`, under `--cfg loom`, explores models of protocols between threads.
//!
//! # What this crate does not do
//!
//! It knows none of the crates, and is not published. What tests of the whole share is in `tests/src`.

#![forbid(unsafe_code)]

#[doc(hidden)]
pub mod auto_traits;
#[cfg(loom)]
pub mod models;
mod unaided;
mod watch;

pub use unaided::{Wakes, block_on, drive};
pub use watch::{in_thread, join, patience, watched, watched_with_stack};
