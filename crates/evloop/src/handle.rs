//! The reference to an event loop that every thread may hold.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use evloop_executor::CallHandle;
use evloop_task::{Builder, NoRunningLoop, Promise, Task, TaskRef};

use crate::context::get_running_loop;
use crate::error::LoopClosed;
use crate::shared::Shared;
use crate::timer_handle::TimerHandle;

/// A reference to an [`EventLoop`](crate::EventLoop), for any thread; cheap to clone.
///
/// It does not keep the loop alive: once the loop is closed, what would schedule something says so.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

impl Handle {
    pub(crate) fn from_shared(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }

    /// The loop that is running on this thread.
    ///
    /// # Panics
    ///
    /// Outside of a loop; [`Handle::try_current`] asks.
    #[must_use]
    #[track_caller]
    pub fn current() -> Self {
        match get_running_loop() {
            Ok(handle) => handle,
            Err(error) => panic!("failed to get the running event loop: {error}"),
        }
    }

    /// The loop that is running on this thread.
    ///
    /// # Errors
    ///
    /// [`NoRunningLoop`] outside of a loop.
    pub fn try_current() -> Result<Self, NoRunningLoop> {
        get_running_loop()
    }

    /// Queues a callback: it runs once, in the next turn, behind everything that is ready.
    ///
    /// From the loop's own thread this is a push; other threads wake the loop (as
    /// [`Handle::call_soon_threadsafe`], which says what to do about a closed loop).
    ///
    /// # Panics
    ///
    /// When the loop is closed.
    ///
    /// # Cost
    ///
    /// One allocation, for the closure; on the loop's own thread no lock that others can hold.
    #[track_caller]
    pub fn call_soon(&self, callback: impl FnOnce() + Send + 'static) -> CallHandle {
        let handle = CallHandle::new(callback);
        match self.queue(&handle) {
            Ok(()) => handle,
            Err(_) => panic!("failed to schedule a callback: {LoopClosed}"),
        }
    }

    /// Queues a callback from any thread, in the same FIFO as [`Handle::call_soon`].
    ///
    /// # Errors
    ///
    /// [`LoopClosed`] when the loop is closed, which another thread cannot know beforehand.
    ///
    /// # Cost
    ///
    /// From another thread: one push, and one system call if the loop waits.
    #[track_caller]
    pub fn call_soon_threadsafe(
        &self,
        callback: impl FnOnce() + Send + 'static,
    ) -> Result<CallHandle, LoopClosed> {
        let handle = CallHandle::new(callback);
        self.queue(&handle)?;
        Ok(handle)
    }

    fn queue(&self, call: &CallHandle) -> Result<(), LoopClosed> {
        if !self.is_of_this_process() {
            return Err(LoopClosed);
        }
        Ok(self.0.executor.queue(call)?)
    }

    /// Runs a callback after `delay`; any `Duration` will do.
    ///
    /// # Cost
    ///
    /// Two allocations; O(1) in the timer wheel.
    ///
    /// # Panics
    ///
    /// When the loop is closed.
    #[track_caller]
    pub fn call_later(
        &self,
        delay: Duration,
        callback: impl FnOnce() + Send + 'static,
    ) -> TimerHandle {
        match self.now().checked_add(delay) {
            Some(deadline) => self.call_at(deadline, callback),
            None if self.is_closed() => panic!("failed to schedule a callback: {LoopClosed}"),
            None => TimerHandle::never(CallHandle::new(callback)),
        }
    }

    /// Runs a callback at `deadline`, or in the next turn if that has passed; never early. Passed
    /// deadlines run in the order of their times, equal deadlines in the order of these calls.
    ///
    /// # Panics
    ///
    /// When the loop is closed.
    #[track_caller]
    pub fn call_at(
        &self,
        deadline: Instant,
        callback: impl FnOnce() + Send + 'static,
    ) -> TimerHandle {
        let call = CallHandle::new(callback);
        match TimerHandle::schedule(&self.0, deadline, call) {
            Ok(handle) => handle,
            Err(closed) => panic!("failed to schedule a callback: {closed}"),
        }
    }

    /// Starts a coroutine as a task. Its first step runs behind everything that is ready.
    ///
    /// Works before the loop runs. Dropping the handle detaches the task. On a closed loop the task
    /// ends at once, cancelled, with a message that says so.
    ///
    /// # Cost
    ///
    /// One allocation, for coroutine, state and result together.
    #[track_caller]
    #[doc(alias = "spawn")]
    pub fn create_task<F>(&self, coroutine: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.create_task_with(Builder::new(), coroutine)
    }

    /// As [`Handle::create_task`], with a name or other options.
    #[track_caller]
    pub fn create_task_with<F>(&self, builder: Builder, coroutine: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let executor = match self.is_of_this_process() {
            true => self.0.executor,
            false => self.0.executor.into_closed(),
        };
        executor.spawn(builder, coroutine)
    }

    /// Makes a task of anything awaitable, on this loop: asyncio's `ensure_future(.., loop=..)`.
    ///
    /// A [`Task`] or a [`Promise`] is one already: call its own `ensure_future`, or use
    /// [`ensure_future!`](crate::ensure_future!), which gives it back.
    #[track_caller]
    pub fn ensure_future<F>(&self, awaitable: F) -> Task<F::Output>
    where
        F: IntoFuture,
        F::IntoFuture: Send + 'static,
        F::Output: Send + 'static,
    {
        self.create_task(awaitable.into_future())
    }

    /// A pending promise whose callbacks run on this loop: asyncio's `create_future`.
    #[must_use]
    pub fn create_future<T>(&self) -> Promise<T> {
        self.0.executor.promise()
    }

    /// The tasks of this loop that have not ended.
    ///
    /// # Errors
    ///
    /// [`WrongThread`] on another thread than the loop's: its tasks are its own. Also once the loop is
    /// closed, and has no thread.
    pub fn all_tasks(&self) -> Result<Vec<TaskRef>, WrongThread> {
        match self.0.executor.tasks() {
            Some(mut tasks) => {
                if let Some(engine) = self.0.runtime() {
                    tasks.extend(engine.main_tasks());
                }
                Ok(tasks)
            }
            None if self.is_closed() => Ok(Vec::new()),
            None => Err(WrongThread),
        }
    }

    /// Has the loop leave after the turn it is in. Before it runs: after one turn.
    ///
    /// Callbacks that are ready now still run; what they schedule stays for the next run.
    pub fn stop(&self) {
        // Pairs with the Acquire of the loop: what this thread has sent before is seen with it.
        self.0.stopping.store(true, Ordering::Release);
        if !self.0.executor.is_home() {
            self.0.notify();
        }
    }

    /// True while the loop runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.0.running.load(Ordering::Acquire)
    }

    /// True once the loop is closed; and in a child that was forked off, for which it is as good as closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !self.0.executor.is_open() || !self.is_of_this_process()
    }

    #[inline]
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.0.origin.is_here()
    }

    /// The loop's time, since the loop was made: asyncio's `loop.time()`.
    #[must_use]
    pub fn time(&self) -> Duration {
        self.now().saturating_duration_since(self.0.started)
    }

    /// The loop's time as an instant, for [`Handle::call_at`].
    #[must_use]
    pub fn now(&self) -> Instant {
        self.0.time.now()
    }

    /// True in debug mode.
    #[must_use]
    pub fn debug(&self) -> bool {
        self.0.debug.load(Ordering::Relaxed)
    }

    /// Switches debug mode, in which slow steps are reported; also while the loop runs.
    pub fn set_debug(&self, debug: bool) {
        self.0.debug.store(debug, Ordering::Relaxed);
    }

    /// The step that counts as slow in debug mode.
    #[must_use]
    pub fn slow_callback_duration(&self) -> Duration {
        self.0.slow_callback_duration()
    }

    /// Changes [`Handle::slow_callback_duration`]; zero reports every step.
    pub fn set_slow_callback_duration(&self, duration: Duration) {
        self.0.set_slow_callback_duration(duration);
    }
}

impl PartialEq for Handle {
    /// True when both mean the same loop.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Handle {}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on_off = |value: bool| if value { "True" } else { "False" };
        write!(
            f,
            "<EventLoop running={} closed={} debug={}>",
            on_off(self.is_running()),
            on_off(self.is_closed()),
            on_off(self.debug())
        )
    }
}

/// This can be asked on the loop's own thread only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrongThread;

impl fmt::Display for WrongThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "this belongs to the thread of the event loop; have the loop do it, with \
             `call_soon_threadsafe` or `create_task`",
        )
    }
}

impl std::error::Error for WrongThread {}
