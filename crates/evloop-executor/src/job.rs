//! What a run queue holds: steps of tasks and callbacks, in one FIFO.

use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use evloop_task::{Runnable, TaskRef};

use crate::call::Callable;

/// One entry of the queue, two words.
pub(crate) enum Job {
    Task(Runnable),
    Call(Arc<dyn Callable>),
}

impl Job {
    #[inline]
    pub(crate) fn run(self) {
        match self {
            Self::Task(runnable) => runnable.run(),
            Self::Call(call) => call.run(),
        }
    }

    /// Drops it unrun; a callback counts as cancelled. Never unwinds.
    pub(crate) fn discard(self) {
        match self {
            // The shell of a task contains what its destructor does.
            Self::Task(runnable) => drop(runnable),
            Self::Call(call) => {
                call.cancel();
                drop(catch_unwind(AssertUnwindSafe(|| drop(call))));
            }
        }
    }
}

/// A job taken from the queue, to be run by whoever wants to look at it first.
///
/// It stays on the thread of its executor, where a local task must run.
pub struct Step(pub(crate) Job, PhantomData<*const ()>);

impl Step {
    pub(crate) fn new(job: Job) -> Self {
        Self(job, PhantomData)
    }
}

impl Step {
    /// Runs it. Never unwinds.
    pub fn run(self) {
        self.0.run();
    }

    /// The task that it is a step of; `None` for a callback.
    ///
    /// ```
    /// let executor = evloop_executor::LocalExecutor::new();
    /// let task = executor.spawn(async {});
    /// executor.call_soon(|| {});
    ///
    /// let step = executor.next_step().expect("the first step is queued");
    /// assert_eq!(step.task().map(|of| of.id()), Some(task.id()));
    /// step.run();
    /// let callback = executor.next_step().expect("so is the callback");
    /// assert!(callback.task().is_none());
    /// # callback.run();
    /// ```
    #[must_use]
    pub fn task(&self) -> Option<TaskRef> {
        match &self.0 {
            Job::Task(runnable) => Some(runnable.task()),
            Job::Call(_) => None,
        }
    }

    /// Says what it is, in a form that can be kept while it runs.
    #[must_use]
    pub fn label(&self) -> StepLabel {
        match &self.0 {
            Job::Task(runnable) => StepLabel(Label::Task(runnable.task())),
            Job::Call(call) => StepLabel(Label::Call(call.label())),
        }
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.label(), f)
    }
}

/// Which task or callback a [`Step`] is of; its `Debug` form names it.
pub struct StepLabel(Label);

enum Label {
    Task(TaskRef),
    Call(String),
}

impl fmt::Debug for StepLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Label::Task(task) => write!(f, "{task:?} spawned at {}", task.spawned_at()),
            Label::Call(label) => f.write_str(label),
        }
    }
}
