//! Threads told apart by a number, cheaper to get than their `ThreadId`.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::sync::thread_cell;

thread_cell! {
    /// Const and without a destructor: it can be read while the thread ends.
    NUMBER: u64 = 0
}

/// Returns the number of this thread: at least 1, and never used for another thread.
///
/// # Cost
///
/// One thread-local read.
#[inline]
#[must_use]
pub fn thread_number() -> u64 {
    let number = NUMBER.with(Cell::get);
    if number != 0 { number } else { take_number() }
}

#[cold]
fn take_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    NUMBER.with(|own| own.set(number));
    number
}
