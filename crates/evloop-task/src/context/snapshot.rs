//! What callbacks and tasks inherit.

use std::fmt;

use crate::context::{Context, entered};
use crate::usage;

/// A copy of the current context for a callback that will run later: what an executor takes when a
/// callback is scheduled.
///
/// Unlike [`Context::current`] it allocates nothing where there is nothing to copy. The default is a
/// copy of an empty context.
///
/// ```
/// use evloop_task::{ContextSnapshot, ContextVar};
///
/// static REQUEST: ContextVar<u32> = ContextVar::new("request");
///
/// REQUEST.set(1);
/// let snapshot = ContextSnapshot::take();
/// REQUEST.set(2);
/// assert_eq!(snapshot.run(|| REQUEST.get()), Some(1));
/// assert_eq!(REQUEST.get(), Some(2));
/// ```
///
/// # Cost
///
/// To take one: a relaxed load, while no variable was ever set; one allocation after that. To run
/// in one: two accesses of a thread-local.
#[derive(Default)]
#[must_use = "it is a copy that a callback is to run in"]
pub struct ContextSnapshot(Option<Context>);

impl ContextSnapshot {
    /// Copies the current context.
    #[inline]
    pub fn take() -> Self {
        Self(inherited())
    }

    /// Calls `f` in the copy; what it sets is seen by nobody else, but by a second call. A panic of
    /// `f` passes through.
    #[inline]
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        entered::within(self.0.as_ref(), f)
    }
}

/// A copy of the current context, or `None` when it is empty.
#[inline]
pub(crate) fn inherited() -> Option<Context> {
    if usage::contexts() { copied() } else { None }
}

#[cold]
fn copied() -> Option<Context> {
    let copy = entered::peek()?.copy();
    (!copy.is_empty()).then_some(copy)
}

impl fmt::Debug for ContextSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ContextSnapshot").field(&self.0).finish()
    }
}
