//! One step of a task, waiting to be run.

#![expect(
    unsafe_code,
    reason = "an anchor beside the waker that keeps its task alive"
)]

use std::fmt;
use std::panic::Location;

use crate::anchor::Anchor;
use crate::cancel_reason::CancelReason;
use crate::id::TaskId;
use crate::meta::Meta;
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
