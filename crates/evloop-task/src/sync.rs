//! The atomics, locks and thread-locals of the protocols between threads: the machine's, or
//! loom's when the protocols are model-checked.

#[cfg(loom)]
mod modelled;
#[cfg(not(loom))]
mod native;

use std::sync::PoisonError;

#[cfg(loom)]
pub(crate) use modelled::{
    AtomicPtr, AtomicU32, Mutex, MutexGuard, OnceBox, OnceLock, Ordering, thread_cell, yield_now,
};
#[cfg(not(loom))]
pub(crate) use native::{
    AtomicPtr, AtomicU32, Mutex, MutexGuard, OnceBox, OnceLock, Ordering, thread_cell, yield_now,
};

/// Locks what no panic can leave half-written: each holder does one assignment.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
