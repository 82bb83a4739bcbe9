//! One step of a task, waiting to be run.
//!
//! # Invariants
//!
//! 1. An anchor made here points to the metadata of the runnable's task.
//! 2. It only lives until it lies beside a waker of that task.
//! 3. A raw runnable is owned by whoever has its word, and there is one word.

#![expect(
    unsafe_code,
    reason = "an anchor beside the waker that keeps its task alive; runnables as words"
)]

use std::fmt;
use std::panic::Location;
use std::ptr::NonNull;

use crate::anchor::Anchor;
use crate::cancel_reason::CancelReason;
use crate::id::TaskId;
use crate::meta::Meta;
use crate::sync::AtomicPtr;
use crate::task_ref::TaskRef;

/// A task that is ready for its next step: what a [`Scheduler`](crate::Scheduler) queues.
///
/// There is at most one for each task. Dropping it instead of running it cancels the task.
pub struct Runnable(async_task::Runnable<Meta>);

impl Runnable {
    #[inline]
    pub(crate) fn new(runnable: async_task::Runnable<Meta>) -> Self {
        Self(runnable)
    }

    /// Runs one step: polls the coroutine until it next suspends or ends.
    ///
    /// Never unwinds: a panic of the coroutine ends its task.
    #[inline]
    pub fn run(self) {
        self.0.run();
    }

    /// Gives the runnable to its scheduler, as a wake does.
    #[inline]
    pub(crate) fn schedule(self) {
        self.0.schedule();
    }

    /// Gives it up for a word, for queues that hold words; [`Runnable::from_raw`] takes it back.
    #[inline]
    #[must_use = "the task is lost unless it is taken back"]
    pub fn into_raw(self) -> NonNull<()> {
        self.0.into_raw()
    }

    /// Takes back what [`Runnable::into_raw`] gave up.
    ///
    /// # Safety
    ///
    /// - (3) `raw` came from `into_raw`, and is taken back once.
    #[inline]
    #[must_use = "dropping it cancels the task"]
    pub unsafe fn from_raw(raw: NonNull<()>) -> Self {
        // SAFETY: (3).
        Self(unsafe { async_task::Runnable::from_raw(raw) })
    }

    /// A word in the task's allocation, for a scheduler that links the runnables it holds. It means
    /// nothing to anybody else.
    #[inline]
    #[must_use]
    pub fn link(&self) -> &AtomicPtr<()> {
        &self.0.metadata().link
    }

    /// The task this is a step of.
    #[must_use]
    pub fn task(&self) -> TaskRef {
        let waker = self.0.waker();
        // SAFETY: (1) this is the metadata of a task; (2) the anchor only lives until `TaskRef`
        // has copied it beside the waker.
        let anchor = unsafe { Anchor::new(self.0.metadata()) };
        TaskRef::new(&anchor, waker)
    }

    /// The number of the task this is a step of.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.0.metadata().id
    }

    /// True before the task's first suspension: the registry does not know it yet.
    #[must_use]
    pub fn is_new(&self) -> bool {
        !self.0.metadata().state.is_adopted()
    }

    /// Asks the task to end at this step, which it then does without being polled if it is new.
    #[track_caller]
    pub fn cancel(&self) -> bool {
        self.0.metadata().cancel(CancelReason::here(None))
    }

    /// The source line that made the task.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.0.metadata().spawned_at
    }
}

impl fmt::Debug for Runnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meta = self.0.metadata();
        write!(f, "<Runnable of {} '{}'>", meta.state_name(), meta.name())
    }
}
