//! std's locks.

use std::cell::Cell;
use std::time::Duration;

pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};

use super::PoisonError;

std::thread_local! {
    /// The address of the pool whose thread this is, or zero.
    pub(crate) static CURRENT_POOL: Cell<usize> = const { Cell::new(0) };
}

/// Waits on `bell` while `condition` holds, at most for `limit`.
///
/// `Duration::MAX` waits for ever and zero only looks.
pub(crate) fn wait_while<'a, T>(
    bell: &Condvar,
    _mutex: &'a Mutex<T>,
    guard: MutexGuard<'a, T>,
    limit: Duration,
    condition: impl FnMut(&mut T) -> bool,
) -> MutexGuard<'a, T> {
    bell.wait_timeout_while(guard, limit, condition)
        .unwrap_or_else(PoisonError::into_inner)
        .0
}
