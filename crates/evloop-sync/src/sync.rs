//! The atomics and locks of the protocols between threads: the machine's, or loom's when the protocols
//! are model-checked.

#[cfg(loom)]
mod modelled;
#[cfg(not(loom))]
mod native;

use std::sync::PoisonError;

#[cfg(loom)]
pub(crate) use modelled::{AtomicU64, Mutex, MutexGuard, Ordering, constructor};
#[cfg(not(loom))]
pub(crate) use native::{AtomicU64, Mutex, MutexGuard, Ordering, constructor};

/// Locks what no panic can leave half-written: no foreign code runs under these locks.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
