//! The task that is being polled on this thread.
//!
//! # Invariants
//!
//! 1. The thread-local pointer is null or points to a [`Frame`] on the stack of a call of
//!    [`within`] that has not returned: the guard puts the former value back on every way out.
//! 2. The frame is read only on its own thread, inside that call, and no reference to it is kept.

#![expect(
    unsafe_code,
    reason = "the current task is a stack frame reached through a thread-local"
)]

use std::cell::Cell;
use std::ptr;
use std::task::Waker;

use crate::anchor::Anchor;
use crate::meta::Meta;
use crate::sync::thread_cell;
use crate::task_ref::TaskRef;

/// The task being polled: its metadata and the waker of this poll.
struct Frame<'a> {
    anchor: &'a Anchor,
    /// `None` while the task's future is dropped rather than polled.
    waker: Option<&'a Waker>,
}

thread_cell! {
    /// Const and without a destructor: it reads as null, never as destroyed.
    CURRENT: *const Frame<'static> = ptr::null()
}

/// Puts the former frame back, also while unwinding.
struct Restore(*const Frame<'static>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(self.0));
    }
}

/// Runs `f` as a part of the task at `anchor`.
#[inline]
pub(crate) fn within<R>(anchor: &Anchor, waker: Option<&Waker>, f: impl FnOnce() -> R) -> R {
    let frame = Frame { anchor, waker };
    let here = ptr::from_ref(&frame).cast();
    let _restore = Restore(CURRENT.with(|current| current.replace(here)));
    f()
}

/// Runs `f` as if no task were running: for callbacks and nested executors.
pub fn outside_of_tasks<R>(f: impl FnOnce() -> R) -> R {
    let _restore = Restore(CURRENT.with(|current| current.replace(ptr::null())));
    f()
}

fn with_frame<R>(f: impl FnOnce(&Frame<'_>) -> R) -> Option<R> {
    let frame = CURRENT.with(Cell::get);
    // SAFETY: (1) a pointer that is not null refers to a live frame; (2) the reference ends here.
    unsafe { frame.as_ref() }.map(f)
}

/// The address of the running task's frame, null outside of tasks: no two live ones share it.
#[inline]
pub(crate) fn frame_address() -> *const () {
    CURRENT.with(Cell::get).cast()
}

/// Calls `f` with the metadata of the running task, also while its coroutine is dropped.
pub(crate) fn with_meta<R>(f: impl FnOnce(&Meta) -> R) -> Option<R> {
    with_frame(|frame| f(frame.anchor.meta()))
}

/// Returns the task that is running on this thread, or `None` in a callback or outside a loop.
///
/// # Cost
///
/// One reference count of the task.
#[must_use]
pub fn current_task() -> Option<TaskRef> {
    with_frame(|frame| {
        frame
            .waker
            .map(|waker| TaskRef::new(frame.anchor, waker.clone()))
    })
    .flatten()
}

/// True when the running task is the one whose metadata is at `anchor`.
#[inline]
pub(crate) fn is_current(anchor: &Anchor) -> bool {
    with_frame(|frame| ptr::eq(frame.anchor.meta(), anchor.meta())).unwrap_or(false)
}

/// True when `waker` is the running task's own: waking it runs no code but ours.
#[inline]
pub(crate) fn is_own_waker(waker: &Waker) -> bool {
    with_frame(|frame| frame.waker.is_some_and(|own| own.will_wake(waker))).unwrap_or(false)
}
