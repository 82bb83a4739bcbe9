//! A harness that drops and cancels async code at each of its suspensions.
//!
//! Code that is cancelled rarely is code whose cancellation is tested rarely. This crate takes a piece
//! of it, the *scenario*, and runs it once to its end, counting how often it suspends. Then it runs a
//! fresh one for each suspension, and for the moment before the first poll, and strikes there: it
//! drops the future, or asks its task to end and lets it clean up. Each time an oracle of yours looks
//! at what became of it.
//!
//! # The nouns
//!
//! - [`CancelAtEachAwait`] does the runs; [`at_each_await`] is its short form.
//! - A [`Fault`] is one such strike: a [`Mode`] and the number of the suspension.
//! - A [`Run`] is what the oracle sees: the fault, and the [`End`] the scenario came to.
//! - A [`Failure`] names the fault and shows the trace of the run; a [`Report`] counts what was
//!   visited.
//!
//! # Example
//!
//! ```
//! use std::cell::Cell;
//! use std::time::Duration;
//!
//! use evloop_test::{CancelAtEachAwait, End};
//! use evloop_time::sleep;
//!
//! /// Takes one, waits, and puts it back: whatever happens.
//! struct Lease<'a>(&'a Cell<u32>);
//!
//! impl<'a> Lease<'a> {
//!     fn of(free: &'a Cell<u32>) -> Self {
//!         free.set(free.get() - 1);
//!         Self(free)
//!     }
//! }
//!
//! impl Drop for Lease<'_> {
//!     fn drop(&mut self) {
//!         self.0.set(self.0.get() + 1);
//!     }
//! }
//!
//! let report = CancelAtEachAwait::new().check_with(
//!     || Cell::new(3),
//!     async |free: &Cell<u32>| {
//!         let _lease = Lease::of(free);
//!         sleep(Duration::from_secs(60)).await;
//!         sleep(Duration::from_secs(60)).await;
//!     },
//!     |free, run| {
//!         assert_eq!(free.get(), 3, "a lease is lost");
//!         assert_eq!(run.fault().is_none(), *run.end() == End::Value(()));
//!     },
//! );
//! assert_eq!(report.n_suspensions, 2);
//! ```
//!
//! # What fails by itself
//!
//! Without an oracle's word: a scenario that is never woken again, or wakes itself for ever; a panic,
//! of the scenario or of a task that it made; a task or a timer that is left behind; and a run that
//! does not repeat the one before. What is meant so is allowed by a setting.
//!
//! # Relation to asyncio
//!
//! A cancel request is that of `Task.cancel()`: code that catches it may clean up, pass it on, or
//! refuse. A drop has no counterpart there: it is what `select`, a timeout of another runtime, or a
//! closed loop does.
//!
//! # What this crate does not do
//!
//! It runs one order of steps, first in, first out, on one thread: what other threads do is not waited
//! for, and a scenario that needs them counts as one that is never woken. There is no reactor, so no
//! I/O, and no `Handle` of the facade. It cannot end a poll that never returns. For orders of threads
//! use `loom` or `shuttle`.

#![forbid(unsafe_code)]

mod at_each_await;
mod failure;
mod fault;
mod plan;
mod probe;
mod report;
mod run;
mod settings;
mod trace;
mod world;

pub use at_each_await::{CancelAtEachAwait, at_each_await};
pub use failure::Failure;
pub use fault::{Fault, Mode};
pub use report::Report;
pub use run::{End, Run};
