//! The locks and thread-locals of the protocols between threads: the machine's, or loom's when the
//! protocols are model-checked.

#[cfg(loom)]
mod modelled;
#[cfg(not(loom))]
mod native;

use std::sync::PoisonError;

#[cfg(loom)]
pub(crate) use modelled::{AtomicBool, Mutex, MutexGuard, Ordering, thread_cell};
#[cfg(not(loom))]
pub(crate) use native::{AtomicBool, Mutex, MutexGuard, Ordering, thread_cell};

/// Locks what no panic can leave half-written: no user code runs under these locks.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
