//! A pointer from a task's own parts to its metadata.
//!
//! # Invariants
//!
//! 1. The metadata lives in the allocation that async-task made for the task, at an address that
//!    does not change until the allocation is freed.
//! 2. An anchor is kept only where it cannot outlive that allocation: inside the task's own future
//!    (which lies in it), beside a [`Waker`](std::task::Waker) of the task, or beside its
//!    `async_task` handle (both of which keep the allocation alive).

#![expect(
    unsafe_code,
    reason = "a task's shell refers to the metadata that lies beside it"
)]

use std::ptr::NonNull;

use crate::meta::Meta;

/// A reference to a task's metadata, without a lifetime. See the module's invariants.
#[derive(Debug)]
pub(crate) struct Anchor(NonNull<Meta>);

// SAFETY: an anchor gives out `&Meta` only, and `Meta` is `Sync` (asserted below).
unsafe impl Send for Anchor {}
// SAFETY: as for `Send`.
unsafe impl Sync for Anchor {}

const _: () = {
    const fn assert_sync<T: Send + Sync>() {}
    assert_sync::<Meta>();
};

impl Anchor {
    /// Points at `meta`.
    ///
    /// # Safety
    ///
    /// - (1) `meta` is the metadata of an async-task allocation.
    /// - (2) The anchor is stored only in one of the places that invariant 2 names.
    pub(crate) unsafe fn new(meta: &Meta) -> Self {
        Self(NonNull::from(meta))
    }

    /// Points at `meta`.
    ///
    /// # Safety
    ///
    /// As for [`Anchor::new`], and the allocation is alive.
    pub(crate) unsafe fn at(meta: *const Meta) -> Self {
        // SAFETY: it points into an allocation that is alive, so it is not null.
        Self(unsafe { NonNull::new_unchecked(meta.cast_mut()) })
    }

    /// Where the metadata is.
    pub(crate) fn address(&self) -> usize {
        self.0.addr().get()
    }

    /// A second anchor, for the same task.
    ///
    /// # Safety
    ///
    /// - (2) of [`Anchor::new`] holds for the copy as well.
    pub(crate) unsafe fn duplicate(&self) -> Self {
        Self(self.0)
    }

    /// The anchor that lies beside a task's handle, in [`Task`](crate::Task).
    pub(crate) fn beside_handle<T>(handle: &async_task::Task<T, Meta>) -> Self {
        // SAFETY: (1) the metadata is that of the handle's task; (2) the handle is stored beside it.
        unsafe { Self::new(handle.metadata()) }
    }

    #[inline]
    pub(crate) fn meta(&self) -> &Meta {
        // SAFETY: invariants 1 and 2: the allocation is alive as long as the anchor is.
        unsafe { self.0.as_ref() }
    }
}
