//! Running one future to its end as a task, without asking that it be `Send` or `'static`.

#![expect(
    unsafe_code,
    reason = "the root task may borrow from the caller's stack"
)]

use std::future::Future;

use evloop_task::{Builder, Cancellation, JoinError, Panic, Task, TaskId};

use crate::local_executor::LocalExecutor;

/// How a root future ended.
#[derive(Debug)]
pub enum RootEnd<T> {
    /// It returned.
    Finished(T),
    /// It panicked.
    Panicked(Panic),
    /// Its task was cancelled.
    Cancelled(Cancellation),
    /// The loop ended first; the future has been dropped.
    Unfinished,
}

impl LocalExecutor {
    /// Runs `future` as a task while `drive` turns the loop.
    ///
    /// `drive` is given a question, "has it ended?", to ask between turns. When it returns, the
    /// future has ended or is dropped: it may borrow from the caller.
    #[track_caller]
    pub fn run_root<F: Future>(
        &self,
        future: F,
        drive: impl FnOnce(&dyn Fn() -> bool),
    ) -> RootEnd<F::Output> {
        let mut output = None;
        let place = &mut output;
        let coroutine = async move { *place = Some(future.await) };
        // SAFETY: (1) `Root` sees to it, also on unwinding, that the coroutine is gone before this
        // function returns, and what it borrows lives at least until then.
        let task = unsafe { Builder::new().spawn_scoped(self.scheduler(), coroutine) };
        let root = Root {
            executor: self,
            task,
        };
        drive(&|| root.task.done());
        let end = match root.task.result() {
            Ok(Ok(())) => None,
            Ok(Err(JoinError::Panicked(panic))) => Some(RootEnd::Panicked(panic.clone())),
            Ok(Err(JoinError::Cancelled(cancellation))) => {
                Some(RootEnd::Cancelled(cancellation.clone()))
            }
            Ok(Err(JoinError::Failed(_))) | Err(_) => Some(RootEnd::Unfinished),
        };
        drop(root);
        match (end, output) {
            (None, Some(output)) => RootEnd::Finished(output),
            (Some(end), _) => end,
            (None, None) => RootEnd::Unfinished,
        }
    }

    /// Runs the queued step of one task, wherever in the queue it is. False when it has none.
    fn run_step_of(&self, id: TaskId) -> bool {
        self.take_arrivals();
        self.remove_step_of(id).map(|step| step.run()).is_some()
    }
}

/// A root task that is ended, one way or the other, before its borrows are.
struct Root<'a> {
    executor: &'a LocalExecutor,
    task: Task<()>,
}

impl Drop for Root<'_> {
    fn drop(&mut self) {
        while !self.task.done() {
            // Each step of a task with a pending request drops its coroutine. No step is queued
            // only while another thread is in the middle of waking the task, for a few
            // instructions.
            self.task.cancel();
            if !self.executor.run_step_of(self.task.id()) {
                std::thread::yield_now();
            }
        }
    }
}
