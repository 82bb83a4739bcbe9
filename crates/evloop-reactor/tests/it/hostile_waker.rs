//! A waker whose `clone` runs code of the test, which no safe waker can do.

#![expect(
    unsafe_code,
    reason = "a waker with its own `clone` is made from a vtable"
)]

use std::{
    cell::RefCell,
    ptr,
    task::{RawWaker, RawWakerVTable, Waker},
};

thread_local! {
    static ON_CLONE: RefCell<Option<Box<dyn FnMut()>>> = const { RefCell::new(None) };
}

const VTABLE: RawWakerVTable = RawWakerVTable::new(clone, ignore, ignore, ignore);

/// A waker that does nothing when it is woken, and runs `on_clone` whenever it is cloned on this
/// thread, except by `on_clone` itself.
pub(crate) fn cloning(on_clone: impl FnMut() + 'static) -> Waker {
    ON_CLONE.set(Some(Box::new(on_clone)));
    // SAFETY: the functions of the table never look at the data, and are safe on any thread.
    unsafe { Waker::new(ptr::null(), &VTABLE) }
}

/// Drops what [`cloning`] was given.
pub(crate) fn stop_cloning() {
    ON_CLONE.take();
}

fn clone(_: *const ()) -> RawWaker {
    if let Some(mut on_clone) = ON_CLONE.take() {
        on_clone();
        ON_CLONE.set(Some(on_clone));
    }
    RawWaker::new(ptr::null(), &VTABLE)
}

fn ignore(_: *const ()) {}
