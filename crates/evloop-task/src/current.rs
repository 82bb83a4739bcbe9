//! The task that is being polled on this thread.
//!
//! It is the host of the innermost frame of evloop-cancel: its metadata. So the current task and
//! the scopes that are open in it are found through one pointer.

#![expect(
    unsafe_code,
    reason = "an anchor beside the waker that keeps its task alive"
)]

use std::ptr;
use std::task::{Context, Waker};

use evloop_cancel::host::{self, Here, Kept};

use crate::anchor::Anchor;
use crate::meta::Meta;
use crate::scheduler;
use crate::task_ref::TaskRef;

/// Runs `f` as a step of the task at `anchor`, or as its end. Returns whether scopes are open
/// inside; what else is left for the next step goes to `keep`.
#[inline]
pub(crate) fn step<R>(
    anchor: &Anchor,
    waker: &Waker,
    f: impl FnOnce() -> R,
    keep: impl FnOnce(Kept),
) -> (R, bool) {
    host::step(anchor.meta(), Some(waker), f, keep)
}

/// Runs `f`, which drops the coroutine, as a part of the task at `anchor`.
#[inline]
pub(crate) fn within<R>(anchor: &Anchor, waker: Option<&Waker>, f: impl FnOnce() -> R) -> R {
    host::step(anchor.meta(), waker, f, drop).0
}

/// Runs `f` as if no task were running: for callbacks and nested executors.
pub fn outside_of_tasks<R>(f: impl FnOnce() -> R) -> R {
    host::outside(f)
}

/// The address of the running task's metadata, null outside of tasks; also while its coroutine is
/// dropped.
#[inline]
pub(crate) fn task_address() -> *const () {
    host::here(|here| {
        here.and_then(Here::host)
            .map_or(ptr::null(), |host| ptr::from_ref(host).cast())
    })
}

/// Calls `f` with the metadata of the running task, also while its coroutine is dropped.
pub(crate) fn with_meta<R>(f: impl FnOnce(&Meta) -> R) -> Option<R> {
    host::here(|here| here?.host()?.downcast_ref::<Meta>().map(f))
}

/// Returns the task that is running on this thread, or `None` in a callback or outside a loop, and in a child
/// that was forked off in a task.
///
/// # Cost
///
/// One reference count of the task.
#[must_use]
pub fn current_task() -> Option<TaskRef> {
    if scheduler::is_of_parent() {
        return None;
    }
    host::here(|here| {
        let here = here?;
        let meta = here.host()?.downcast_ref::<Meta>()?;
        let waker = here.host_waker()?.clone();
        // SAFETY: (1) hosts of this type are the metadata of tasks, set by `step` and `within`
        // alone; (2) the anchor only lives until `TaskRef` has copied it beside the waker.
        let anchor = unsafe { Anchor::new(meta) };
        Some(TaskRef::new(&anchor, waker))
    })
}

/// How a poll stands to what is being polled around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// By the task itself.
    pub(crate) is_self: bool,
    /// With a waker whose wake runs no code but ours.
    pub(crate) is_trusted: bool,
    /// A cancel request may be due, or has to be told of this place.
    pub(crate) is_busy: bool,
}

/// Looks at a poll of a handle of the task at `anchor`.
#[inline]
pub(crate) fn look(anchor: &Anchor, cx: &Context<'_>) -> Look {
    host::here(|here| match here {
        None => Look {
            is_self: false,
            is_trusted: false,
            is_busy: false,
        },
        Some(here) => {
            let is_local = here.is_local(cx.waker());
            Look {
                is_self: is_host(here, anchor),
                is_trusted: is_local && here.is_trusted(),
                is_busy: !is_local || here.is_passing(),
            }
        }
    })
}

/// True when a cancel request may be due to this poll, or has to be told of its place.
#[inline]
pub(crate) fn is_busy(cx: &Context<'_>) -> bool {
    host::here(|here| here.is_some_and(|here| !here.is_local(cx.waker()) || here.is_passing()))
}

#[inline]
fn is_host(here: Here<'_>, anchor: &Anchor) -> bool {
    here.host()
        .is_some_and(|host| ptr::addr_eq(host, anchor.meta()))
}

/// True when the running task is the one whose metadata is at `anchor`.
#[inline]
pub(crate) fn is_current(anchor: &Anchor) -> bool {
    host::here(|here| here.is_some_and(|here| is_host(here, anchor)))
}
