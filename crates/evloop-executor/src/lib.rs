//! Run queues for evloop tasks and callbacks, and `block_on`.
//!
//! The nouns: a [`LocalExecutor`] runs the steps of tasks ([`evloop_task`]) and callbacks of one
//! thread in one FIFO; [`Workers`] runs those of several threads, which steal from one another; [`CallHandle`] cancels a callback; [`ExecutorHandle`] sends work from other
//! threads; [`block_on`] blocks a plain thread on a future.
//!
//! ```
//! use std::sync::mpsc;
//! use evloop_executor::LocalExecutor;
//!
//! let executor = LocalExecutor::new();
//! let (tx, rx) = mpsc::channel();
//!
//! let first = tx.clone();
//! executor.call_soon(move || first.send("a callback").unwrap());
//! let task = executor.spawn(async move { tx.send("a task").unwrap() });
//! let cancelled = executor.call_soon(|| unreachable!("it is cancelled"));
//! assert!(cancelled.cancel());
//!
//! executor.block_on(task).unwrap();
//! assert_eq!(rx.iter().collect::<Vec<_>>(), ["a callback", "a task"]);
//! ```
//!
//! # Relation to asyncio
//!
//! The queue is the event loop's `_ready`, [`LocalExecutor::run_ready`] the part of `_run_once`
//! that runs it: what a turn queues waits for the next turn.
//!
//! # What this crate does not do
//!
//! No timers and no I/O: `evloop` composes it with `evloop-time` and `evloop-reactor`. For a
//! multi-thread executor without evloop's tasks, use `async-executor`.

mod block;
mod block_on;
mod call;
mod handle;
mod home;
mod job;
mod local_executor;
mod ring;
mod root;
mod sync;
mod workers;

pub use block::Reporter;
pub use block_on::block_on;
pub use call::CallHandle;
pub use handle::{Closed, ExecutorHandle};
pub use job::{Step, StepLabel};
pub use local_executor::LocalExecutor;
pub use root::RootEnd;
pub use workers::{Nap, Worker, Workers};

#[cfg(loom)]
#[doc(hidden)]
pub mod loom_models;
