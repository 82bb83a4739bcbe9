//! Keeping foreign panics where they happened.
//!
//! Closures, destructors, panic payloads and wakers belong to users, and each of them may
//! panic on a thread of the pool. The panic hook has reported such a panic before anything
//! here runs, so nothing is hidden by going on.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Runs `f`; a panic in it ends here.
pub(crate) fn contain(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        discard(payload);
    }
}

/// Drops a panic payload whose own destructor may panic.
///
/// The payload of that second panic is leaked: dropping it could go on for ever.
pub(crate) fn discard(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(second);
    }
}

/// Wakes every waker; one that panics does not keep the others from being woken.
pub(crate) fn wake_all(wakers: impl IntoIterator<Item = Waker>) {
    for waker in wakers {
        contain(|| waker.wake());
    }
}
