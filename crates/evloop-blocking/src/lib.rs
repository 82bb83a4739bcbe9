//! A growing and shrinking thread pool for blocking work, with async results.
//!
//! Code that blocks (files, name lookups, compression, a C library) must not run on the
//! thread of an event loop. This crate runs it on threads of its own and hands the result
//! back as a [`Future`]. It needs no runtime: a handle can be awaited anywhere, or joined
//! from a plain thread.
//!
//! # The nouns
//!
//! - A [`Job`] is one closure to run once. An [`Executor`] is anything that takes jobs: the
//!   pool of this crate, or a pool you already have.
//! - A [`BlockingPool`] is an executor with threads. It starts a thread when a job would
//!   otherwise wait and the limit allows it, and a thread that found nothing to do for the
//!   keep-alive time ends, down to none.
//! - A [`JobHandle`] is the result to come: await it, [join](JobHandle::join) it,
//!   [cancel](JobHandle::cancel) the job while it has not started, or drop the handle and let
//!   the job run by itself.
//! - A [`Permit`] is a place in the bounded queue, to be [awaited](BlockingPool::reserve)
//!   before producing more work than the pool can take.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use evloop_blocking::BlockingPool;
//!
//! let pool = BlockingPool::builder()
//!     .max_threads(4)
//!     .keep_alive(Duration::from_secs(1))
//!     .thread_name("files")
//!     .build()?;
//!
//! // The job starts now, not when the handle is first polled.
//! let sum = pool.spawn(|| (1..=10).sum::<u32>());
//! let name = pool.spawn(|| std::thread::current().name().map(str::to_owned));
//!
//! // In async code: `sum.await`. Here, on a plain thread:
//! assert_eq!(sum.join()?, 55);
//! assert!(name.join()?.is_some_and(|name| name.starts_with("files-")));
//!
//! // A panic ends the job, not the thread, and reaches whoever waits.
//! let failed = pool.spawn(|| panic!("disk on fire")).join();
//! assert!(failed.is_err_and(|error| error.to_string().contains("disk on fire")));
//!
//! pool.shutdown(Duration::from_secs(5))?;
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```
//!
//! # Relation to asyncio
//!
//! [`Executor`] is what `loop.run_in_executor(executor, func)` takes and [`BlockingPool`] is
//! its default, `ThreadPoolExecutor`. The same: work starts at submission, jobs start in the
//! order in which they came, threads are made lazily and named `name-N`, cancelling succeeds
//! only before the start, shutting down waits for what was accepted, closing does not wait.
//! Different: threads end when idle, the queue is bounded, a shutdown that runs out of time
//! drops what has not started and says what it left behind, and no thread keeps the process
//! alive when `main` returns.
//!
//! # What this crate does not do
//!
//! - It cannot interrupt a running job; no thread pool can.
//! - It does not steal work, split work or keep one queue per thread: for computing on all
//!   cores take rayon, through the [adapter](Executor#an-adapter-for-rayon).
//! - It does not find out that running jobs wait for queued ones through channels of their
//!   own. [`JobHandle::join`] inside a job of the same pool is safe at any width, and
//!   [`Stats::is_saturated`] shows the rest.
//!
//! # When to use something else
//!
//! For one long-lived blocking thread use [`std::thread::Builder`]; for sockets, a reactor.

#![forbid(unsafe_code)]

mod builder;
mod containment;
mod crew;
mod executor;
mod handle;
mod job;
mod places;
mod pool;
mod queue;
mod reserve;
mod shared;
mod shutdown;
mod sizing;
mod slot;
mod stats;
mod sync;
mod worker;

pub use builder::{BuildError, Builder};
pub use executor::{Executor, Rejected, RejectedReason};
pub use handle::{JobError, JobHandle, PanicPayload};
pub use job::Job;
pub use pool::BlockingPool;
pub use reserve::{Closed, Permit, Reserve};
pub use shutdown::{Abandoned, Shutdown};
pub use stats::Stats;
