//! asyncio's event loop, tasks, promises and combinators as a Rust runtime.
//!
//! This crate composes the others and re-exports them; take one of those alone when that is all you
//! need. A program in one function:
//!
//! ```
//! use std::time::Duration;
//! use evloop::{FirstCompleted, create_task, gather, sleep, wait};
//!
//! async fn fetch(name: &'static str, delay: u64) -> &'static str {
//!     sleep(Duration::from_millis(delay)).await;
//!     name
//! }
//!
//! evloop::run(async {
//!     // Both at once, results in the order of the arguments.
//!     assert_eq!(gather((fetch("a", 2), fetch("b", 1))).await, ("a", "b"));
//!
//!     // Tasks run by themselves; `wait` says which are done.
//!     let tasks = [create_task(fetch("slow", 600_000)), create_task(fetch("fast", 1))];
//!     let (done, pending) = wait(tasks).return_when(FirstCompleted).await.unwrap();
//!     assert_eq!(done[0].result().unwrap().as_ref().unwrap(), &"fast");
//!     assert_eq!(pending.len(), 1);
//!     for task in pending.into_handles() {
//!         task.cancel();
//!         assert!(task.await.unwrap_err().is_cancelled());
//!     }
//! });
//! ```
//!
//! The nouns: an [`EventLoop`] turns on one thread, a [`Runtime`] on several; a [`Handle`] reaches it from
//! all; a [`Task`] is
//! a coroutine it runs; a [`Promise`] is a result set from outside; a [`TaskGroup`] owns tasks, and
//! ends after them; in [`sync`] are locks, events, queues, in [`process`] children; a [`Cancelled`] is a request to end that code has caught; [`run`] and [`Runner`]
//! run a program and clean up behind it.
//!
//! # Cancellation
//!
//! [`Task::cancel`], a [`timeout`], a failing group and ctrl-C *ask* code to end. [`catch_cancel`]
//! catches that; the code around it may clean up asynchronously, pass the request on by dropping it, or
//! refuse it. `docs/cancellation.md` in the repository has the rules and recipes.
//!
//! ```
//! use std::time::Duration;
//! use evloop::{on_cancel, sleep, timeout};
//!
//! evloop::run(async {
//!     let mut log = Vec::new();
//!     let work = on_cancel(sleep(Duration::from_secs(600)), async || {
//!         sleep(Duration::from_millis(1)).await;
//!         log.push("cleaned up");
//!     });
//!     assert!(timeout(Duration::from_millis(1), work).await.is_err());
//!     assert_eq!(log, ["cleaned up"]);
//! });
//! ```
//!
//! # Relation to asyncio
//!
//! Names and meanings are asyncio's wherever Rust allows; `docs/asyncio.md` in the repository puts
//! them side by side. Differences worth knowing: the loop owns its tasks, results are typed, every
//! `Duration` is accepted, timers never fire early, and misuse is an `Err` instead of an exception.
//!
//! # Features
//!
//! `channels` adds `evloop::channel`: `oneshot`, `mpsc`, `broadcast` and `watch`, which are tokio's and need
//! no runtime of its. `macros` adds `#[evloop::main]` and `#[evloop::test]`, which make a program or a test of an
//! `async fn`. Nothing is on unless asked for.
//!
//! # What this crate does not do
//!
//! TLS. A request to end does not interrupt a blocking call: see
//! [`to_thread`].

#![forbid(unsafe_code)]

mod builder;
#[cfg(feature = "channels")]
pub mod channel;
mod context;
mod error;
mod event_loop;
mod exception;
mod fd_watch;
mod finally;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod for_macros;
#[cfg(doctest)]
mod guides;
mod handle;
mod interrupts;
mod left_over;
#[cfg(feature = "macros")]
mod macros;
pub mod prelude;
mod run_in_executor;
mod runner;
mod runtime;
mod shared;
mod signal_handlers;
mod signal_watch;
mod signals;
mod slow_step;
mod tasks;
mod threadsafe_task;
mod timeout;
mod timer_handle;
mod wait_for;
mod wake_all;

pub use builder::Builder;
pub use context::get_running_loop;
pub use error::{LoopClosed, RunError};
pub use event_loop::EventLoop;
pub use finally::finally_within;
pub use handle::{Handle, WrongThread};
#[cfg(feature = "macros")]
pub use macros::{main, test};
pub use run_in_executor::{IntoExecutor, to_thread};
pub use runner::{Runner, run};
pub use runtime::{Leftovers, Runtime, RuntimeBuilder};
pub use signals::{CtrlC, Signals, ctrl_c, signals};
pub use tasks::{all_tasks, call_soon};
pub use threadsafe_task::{ResultError, ThreadsafeTask};
pub use timeout::{NotActive, TimeLimit, TimeLimitHandle, Timeout, timeout, timeout_at};
pub use timer_handle::TimerHandle;
#[doc(hidden)]
pub use wait_for::by_kind;
pub use wait_for::{Awaited, WaitFor, WaitForFuture, wait_for};

pub use evloop_blocking::{
    Abandoned, BlockingPool, BuildError, Executor, Job, JobError, JobHandle, Rejected,
    RejectedReason,
};
pub use evloop_cancel::{
    CancelScope, Cancelled, CatchCancel, HoldCancel, Resume, RunScope, ScopeHandle, Stopped,
    TimeoutState, catch_cancel, hold_cancel, on_cancel,
};
pub use evloop_combinators::{
    AllCompleted, AsCompleted, AsCompletedInTime, Completion, EmptyRace, EmptyWait, FirstCompleted,
    Gather, Next, NextInTime, Race, RaceStaggered, ReturnWhen, TimedOut, TryGather, Wait, WaitSet,
    Waitable, as_completed, gather, race, race_staggered, try_gather, wait,
};
pub use evloop_executor::{CallHandle, block_on};
pub use evloop_fs as fs;
pub use evloop_net::{
    Async, ConnectError, ConnectOptions, Endpoint, Incoming, IncompleteRead, LimitOverrun, Lines,
    Listener, OwnedReadHalf, OwnedWriteHalf, PipeReader, PipeWriter, ReadError, Relay, Resolve,
    Resolver, ResolverOptions, Resolving, ReuniteError, StreamReader, StreamWriter, Targets,
    TcpListener, TcpListenerOptions, TcpStream, ToSocketAddrs, UdpSocket, UnixDatagram,
    UnixListener, UnixListenerOptions, UnixStream, WaterMarks, open_connection,
    open_unix_connection, pipe, resolve, split,
};
pub use evloop_process as process;
pub use evloop_reactor::{Direction, ReactorGone, ReactorHandle, Source};
pub use evloop_server::{
    ClientReader, ClientWriter, Connection, Handled, ServeError, Server, ServerOptions, Shutdown,
    start_server, start_unix_server,
};
pub use evloop_signal::{Disposition, Signal};
pub use evloop_sync as sync;
pub use evloop_task::{
    Builder as TaskBuilder, CallbackId, Cancellation, Child, ChildFailure, ChildOutput, Context,
    ContextVar, EnsureFuture, ErrorContext, FirstException, Flatten, FutureGroup, GroupClosed,
    GroupError, InvalidState, InvalidToken, JoinError, NoRunningLoop, Outcome, Panic, Promise,
    Scheduler, Shield, Shielded, Task, TaskError, TaskGroup, TaskId, TaskRef, TaskResult, Token,
    copy_context, create_task, create_task_local, current_task, ensure_future, shield,
    try_create_task, yield_now,
};
pub use evloop_time::{
    Clock, Deadline, Elapsed, Interval, InvalidDelay, InvalidPeriod, ManualClock, MissedTicks,
    Sleep, SystemClock, TimeHandle, deadline, deadline_at, interval, interval_at, sleep,
    sleep_secs, sleep_until,
};

// The names that Rust programmers look for.
pub use create_task as spawn;
pub use create_task_local as spawn_local;
pub use to_thread as spawn_blocking;
