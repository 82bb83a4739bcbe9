//! As the standard library has them.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
pub(crate) use std::sync::{Mutex, MutexGuard};

thread_local! {
    /// Its address is that of no other thread that lives.
    static HERE: u8 = const { 0 };
}

/// A number that no other living thread has; never zero.
pub(crate) fn this_thread() -> usize {
    HERE.with(|here| std::ptr::from_ref(here).addr())
}
