//! The machine's.

pub(crate) use once_cell::race::OnceBox;
pub(crate) use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
pub(crate) use std::sync::{Mutex, MutexGuard, OnceLock};
pub(crate) use std::thread::yield_now;

/// A thread-local `Cell`, const and without a destructor: it can be read while the thread ends.
macro_rules! thread_cell {
    ($(#[$attribute:meta])* $name:ident: $type:ty = $initial:expr) => {
        std::thread_local! {
            $(#[$attribute])*
            static $name: std::cell::Cell<$type> = const { std::cell::Cell::new($initial) };
        }
    };
}
pub(crate) use thread_cell;
