//! A reference to a task of any type: what `current_task` and `all_tasks` give.
//!
//! # Invariants
//!
//! 1. and 2. are those of [`anchor`](crate::anchor): an anchor is copied only together with a waker of
//!    the same task.
//! 3. In a [`Compact`], the metadata of the waker's task lies at the known distance behind what the waker
//!    points to. That was checked when it was made; neither moves while there is a waker.

#![expect(
    unsafe_code,
    reason = "an anchor beside the waker that keeps its task alive"
)]

use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::Location;
use std::sync::Arc;
// Not loom's: the number never changes once it is known.
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;

use evloop_cancel::Cause;

use crate::anchor::Anchor;
use crate::cancel_reason::CancelReason;
use crate::context::Context;
use crate::id::TaskId;
use crate::meta::Meta;
use crate::scheduler::Scheduler;
use crate::state::End;

/// A task, whatever its output: name, state and cancellation, but not the result.
///
/// Holding one keeps the task's memory, not the task: it does not keep it running, and dropping it
/// cancels nothing. Two references are equal when they mean the same task.
#[derive(Clone)]
pub struct TaskRef {
    anchor: Anchor,
    /// Keeps the allocation that `anchor` points into.
    waker: Waker,
}

impl Clone for Anchor {
    fn clone(&self) -> Self {
        // SAFETY: (2) the only holder that clones is `TaskRef`, which clones its waker with it.
        unsafe { self.duplicate() }
    }
}

impl TaskRef {
    /// `waker` is a waker of the task at `anchor`.
    pub(crate) fn new(anchor: &Anchor, waker: Waker) -> Self {
        // SAFETY: (2) the copy is stored beside a waker of the same task.
        let anchor = unsafe { anchor.duplicate() };
        Self { anchor, waker }
    }

    /// The task's number.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.anchor.meta().id
    }

    /// The task's name: the one given, or `Task-N`.
    #[must_use]
    pub fn name(&self) -> Arc<str> {
        self.anchor.meta().name()
    }

    /// Renames the task.
    pub fn set_name(&self, name: impl Into<Arc<str>>) {
        self.anchor.meta().set_name(Some(name.into()));
    }

    /// True when the task belongs to `scheduler`.
    #[must_use]
    pub fn runs_on(&self, scheduler: &'static dyn Scheduler) -> bool {
        std::ptr::addr_eq(self.anchor.meta().scheduler(), scheduler)
    }

    /// The task's own context: the very one it was told to use, or its copy from the spawn. For a
    /// value of it: `task.context().get(&VARIABLE)`.
    #[must_use]
    pub fn context(&self) -> Context {
        self.anchor.meta().context().clone()
    }

    /// The source line that made the task.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.anchor.meta().spawned_at
    }

    /// Asks the task to end; see [`Task::cancel`](crate::Task::cancel).
    #[track_caller]
    pub fn cancel(&self) -> bool {
        self.anchor.meta().cancel(CancelReason::here(None))
    }

    /// Asks the task to end, with a message; see [`Task::cancel_with`](crate::Task::cancel_with).
    #[track_caller]
    pub fn cancel_with(&self, message: impl Into<Arc<str>>) -> bool {
        self.anchor
            .meta()
            .cancel(CancelReason::here(Some(message.into())))
    }

    /// Asks the task to end, for a reason that others are asked for as well.
    #[track_caller]
    pub(crate) fn cancel_because(&self, cause: Cause) -> bool {
        let mut reason = CancelReason::here(None);
        reason.cause = Some(cause);
        self.anchor.meta().cancel(reason)
    }

    /// Number of cancel requests made and not taken back.
    #[must_use]
    pub fn cancelling(&self) -> usize {
        self.anchor.meta().state.cancelling()
    }

    /// Takes one cancel request back; see [`Task::uncancel`](crate::Task::uncancel).
    pub fn uncancel(&self) -> usize {
        self.anchor.meta().state.uncancel()
    }

    /// True once the coroutine has ended, in whatever way.
    #[must_use]
    pub fn done(&self) -> bool {
        self.anchor.meta().state.is_done()
    }

    /// True once the task has ended by cancellation.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        self.anchor.meta().state.end() == Some(End::Cancelled)
    }

    /// Has the task polled again, as a spurious wake does.
    pub fn wake(&self) {
        self.waker.wake_by_ref();
    }
}

/// A [`TaskRef`] in two words: the metadata lies at the same distance from what a waker points to, in
/// every task.
pub(crate) struct Compact(Waker);

/// That distance in bytes, measured at the first task; or not yet.
static DISTANCE: AtomicUsize = AtomicUsize::new(UNKNOWN);
const UNKNOWN: usize = usize::MAX;

impl Compact {
    #[cold]
    fn measure(distance: usize) {
        // Equal for all; whoever comes second finds so.
        let was = DISTANCE.swap(distance, Ordering::Relaxed);
        assert!(
            was == UNKNOWN || was == distance,
            "tasks have their metadata at different places: {was} and {distance}"
        );
    }

    fn anchor(&self) -> Anchor {
        let distance = DISTANCE.load(Ordering::Relaxed);
        let meta = self.0.data().wrapping_byte_add(distance).cast::<Meta>();
        // SAFETY: (3) this is where the metadata of the waker's task lies. (2) The anchor lies beside a
        // waker of that task, or is used while `self` is there.
        unsafe { Anchor::at(meta) }
    }

    pub(crate) fn id(&self) -> TaskId {
        self.anchor().meta().id
    }

    pub(crate) fn wake(&self) {
        self.0.wake_by_ref();
    }
}

impl Clone for Compact {
    fn clone(&self) -> Self {
        let waker = self.0.clone();
        // So that (3) holds for it as well.
        assert!(waker.data() == self.0.data(), "it is one of the same task");
        Self(waker)
    }
}

impl From<TaskRef> for Compact {
    #[inline]
    fn from(task: TaskRef) -> Self {
        let distance = task.anchor.address().wrapping_sub(task.waker.data().addr());
        if DISTANCE.load(Ordering::Relaxed) != distance {
            Self::measure(distance);
        }
        Self(task.waker)
    }
}

impl From<Compact> for TaskRef {
    #[inline]
    fn from(compact: Compact) -> Self {
        Self {
            anchor: compact.anchor(),
            waker: compact.0,
        }
    }
}

impl PartialEq for TaskRef {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for TaskRef {}

impl Hash for TaskRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl fmt::Debug for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meta = self.anchor.meta();
        write!(f, "<Task {} name='{}'>", meta.state_name(), meta.name())
    }
}
