//! loom's locks, under the same names.

use std::cell::Cell;
use std::time::Duration;

pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};

use super::{PoisonError, lock};

loom::thread_local! {
    /// The address of the pool whose thread this is, or zero.
    pub(crate) static CURRENT_POOL: Cell<usize> = Cell::new(0);
}

/// Waits on `bell` while `condition` holds. A limit of zero has passed at once, with the lock
/// released in between, as a timeout would; any other limit never passes.
pub(crate) fn wait_while<'a, T>(
    bell: &Condvar,
    mutex: &'a Mutex<T>,
    mut guard: MutexGuard<'a, T>,
    limit: Duration,
    mut condition: impl FnMut(&mut T) -> bool,
) -> MutexGuard<'a, T> {
    while condition(&mut guard) {
        if limit.is_zero() {
            drop(guard);
            return lock(mutex);
        }
        guard = bell.wait(guard).unwrap_or_else(PoisonError::into_inner);
    }
    guard
}
