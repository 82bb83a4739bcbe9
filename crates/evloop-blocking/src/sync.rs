//! The locks of the pool: std's, or loom's when the protocol is model-checked.

#[cfg(loom)]
mod modelled;
#[cfg(not(loom))]
mod native;

pub(crate) use std::sync::PoisonError;

#[cfg(loom)]
pub(crate) use modelled::{CURRENT_POOL, Condvar, Mutex, MutexGuard, wait_while};
#[cfg(not(loom))]
pub(crate) use native::{CURRENT_POOL, Condvar, Mutex, MutexGuard, wait_while};

/// Locks, also after a panic: no foreign code runs under our locks, and every change made
/// under one is complete before anything that could panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
