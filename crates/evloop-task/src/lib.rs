//! Tasks and settable promises without a scheduler.
//!
//! The nouns and how they meet: a coroutine (any `Future`) becomes a [`Task`] by
//! [`create_task`] or a [`Builder`]. Its steps are [`Runnable`]s, which go to a [`Scheduler`]: an
//! executor of yours or of `evloop-executor`. A [`Promise`] is a result that is set from outside.
//! Both give a [`TaskResult`], can be asked for it ([`Task::result`], [`Task::exception`]), can be
//! cancelled, and call done callbacks in a later turn of their loop. A [`TaskGroup`] owns tasks, and
//! ends after them, as a [`FutureGroup`] does with futures that borrow; [`shield`](shield()) keeps a
//! cancel from a task. A [`ContextVar`] has a value for each task.
//!
//! ```
//! use std::collections::VecDeque;
//! use std::sync::Mutex;
//! use evloop_task::{Builder, Callback, Registry, Runnable, Scheduler, TaskId, TaskRef};
//!
//! /// An executor: two queues and a registry.
//! struct Executor {
//!     steps: Mutex<VecDeque<Runnable>>,
//!     callbacks: Mutex<VecDeque<Callback>>,
//!     registry: Registry,
//! }
//!
//! impl Scheduler for Executor {
//!     fn schedule(&'static self, step: Runnable) { self.steps.lock().unwrap().push_back(step) }
//!     fn call_soon(&'static self, callback: Callback) { self.callbacks.lock().unwrap().push_back(callback) }
//!     fn adopt(&'static self, task: TaskRef) -> u32 { self.registry.adopt(task) }
//!     fn release(&'static self, key: u32, id: TaskId) { self.registry.release(key, id) }
//!     fn poke(&'static self, key: u32) { self.registry.poke(key) }
//! }
//!
//! static EXECUTOR: Executor = Executor {
//!     steps: Mutex::new(VecDeque::new()),
//!     callbacks: Mutex::new(VecDeque::new()),
//!     registry: Registry::new(),
//! };
//!
//! let task = Builder::new().name("answer").spawn(&EXECUTOR, async { 42 });
//! assert_eq!(format!("{task:?}"), "<Task pending name='answer'>");
//!
//! let step = EXECUTOR.steps.lock().unwrap().pop_front().expect("the first step is queued");
//! step.run();
//! assert_eq!(format!("{task:?}"), "<Task finished name='answer' result=42>");
//! assert_eq!(task.result().unwrap().as_ref().ok(), Some(&42));
//! ```
//!
//! # Life of a task
//!
//! ```text
//!            wake                run              returns, panics, cancelled
//! spawn ──► queued ──────────► running ──────────────────────────► done
//!             ▲                  │                                   │
//!             └── wake ── suspended (adopted by the registry)        └─► awaiter, done callbacks
//! ```
//!
//! One allocation holds the coroutine, the state and the result. A panic in a coroutine, in its
//! destructor, in an output's destructor, in a callback or in an awaiter's waker ends there: it is
//! given to whoever awaits, or reported to the scheduler's exception handler.
//!
//! [`Task::cancel`] asks. The request is delivered in the next step: to the innermost scopes of
//! `evloop-cancel` in the coroutine, which may clean up or refuse, and to tasks that it awaits. If there
//! are none the coroutine is dropped.
//!
//! # Relation to asyncio
//!
//! [`Task`] and [`Promise`] are asyncio's `Task` and `Future`. The differences: the scheduler owns
//! its tasks (a task nobody holds is not lost), results are typed, and reading one too early is an
//! `Err` and no exception.
//!
//! # What this crate does not do
//!
//! It runs nothing: queues, threads, timers and I/O belong to the executor and drivers. Scopes that
//! catch a cancel, and limits in time, are in `evloop-cancel`, which needs no tasks.
//! For tasks on a ready-made loop use `evloop`; for a bare task without names, callbacks and
//! panic containment use `async-task`.

mod anchor;
mod callbacks;
mod cancel_reason;
mod closed;
mod conclude;
mod contained_waker;
mod context;
mod create;
mod current;
mod eager;
mod error;
mod flat_drop;
mod group;
mod home_bound;
mod id;
mod meta;
mod once_arc;
mod outcome;
mod promise;
mod registry;
mod report;
mod runnable;
mod scheduler;
mod scheduler_word;
mod shared_cell;
mod shell;
mod shield;
mod slot;
mod spawn;
mod state;
mod sync;
mod task;
mod task_ref;
mod task_send;
mod task_table;
mod thread_number;
mod usage;
mod yield_now;

pub use callbacks::CallbackId;
pub use closed::closed_scheduler;
pub use context::{Context, ContextSnapshot, ContextVar, InvalidToken, Token, copy_context};
pub use create::{EnsureFuture, create_task, create_task_local, try_create_task};
pub use current::{current_task, outside_of_tasks};
pub use eager::enable_eager_tasks;
pub use error::{Cancellation, InvalidState, JoinError, NoRunningLoop, Panic, TaskResult};
pub use group::{Child, ChildFailure, FutureGroup, GroupClosed, GroupError, TaskGroup};
pub use id::TaskId;
pub use outcome::{ChildOutput, FirstException, Flatten, Outcome, TaskError};
pub use promise::{Promise, Wait};
pub use registry::Registry;
pub use report::{ErrorContext, report_panic};
pub use runnable::Runnable;
pub use scheduler::{
    Callback, EnterGuard, ProcessGuard, Scheduler, current_scheduler, enter_process,
    enter_scheduler, enter_schedulers, local_scheduler,
};
pub use shield::{Shield, Shielded, shield};
pub use spawn::Builder;
pub use task::Task;
pub use task_ref::TaskRef;
pub use task_table::TaskTable;
pub use thread_number::thread_number;
pub use yield_now::{YieldNow, yield_now};

#[cfg(loom)]
#[doc(hidden)]
pub mod loom_models;
