//! The programs of the examples, each in a module of its own; `examples/NAME.rs` runs one of them,
//! and `examples/tour.rs` all.
//!
//! A program of yours has [`evloop::run`] in the place of [`Pace::run`], and
//! [`EventLoop::new`](evloop::EventLoop::new) in that of [`Pace::event_loop`]: these let the programs
//! here skip the waiting.

#![expect(
    clippy::print_stdout,
    reason = "the programs show what evloop does by printing it"
)]

pub mod callbacks;
pub mod cancellation;
pub mod coroutines;
pub mod create_task;
pub mod done_callback;
pub mod gather_and_wait;
pub mod pace;
pub mod promise;
pub mod run_in_executor;
pub mod task;

pub use pace::Pace;
