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

pub use crate::{
    AllCompleted, ContextVar, EnsureFuture, EventLoop, FirstCompleted, FirstException, Handle,
    JoinError, Promise, Task, create_task, create_task_local, current_task, deadline,
    ensure_future, gather, race, sleep, to_thread, try_gather, wait, yield_now,
};
