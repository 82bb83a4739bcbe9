//! What most programs use: `use evloop::prelude::*;`.
//!
//! ```
//! use std::time::Duration;
//! use evloop::prelude::*;
//!
//! evloop::run(async {
//!     let task = create_task(async { sleep(Duration::from_millis(1)).await });
//!     task.await.unwrap();
//! });
//! ```

pub use crate::sync::{
    Barrier, Condition, Event, LifoQueue, Lock, PriorityQueue, Queue, RwLock, Semaphore,
};
pub use crate::{
    AllCompleted, CancelScope, Cancelled, ContextVar, Elapsed, EnsureFuture, EventLoop,
    FirstCompleted, FirstException, Handle, JoinError, Promise, Task, TaskGroup, TimeLimit,
    as_completed, catch_cancel, create_task, create_task_local, current_task, deadline,
    ensure_future, finally_within, gather, hold_cancel, on_cancel, race, shield, sleep, timeout,
    timeout_at, to_thread, try_gather, wait, wait_for, yield_now,
};
