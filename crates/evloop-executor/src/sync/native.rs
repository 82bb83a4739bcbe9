//! The machine's, and a cell with the interface of loom's.

pub(crate) use concurrent_queue::ConcurrentQueue;
pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
pub(crate) use std::sync::{Mutex, MutexGuard};
pub(crate) use std::thread::yield_now;

/// Parks for a while at most.
pub(crate) fn park_timeout(parker: &parking::Parker, limit: std::time::Duration) {
    parker.park_timeout(limit);
}

/// A static that every thread sees.
macro_rules! shared_static {
    ($name:ident: $type:ty = $initial:expr) => {
        static $name: $type = $initial;
    };
}
pub(crate) use shared_static;

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

/// A cell whose content is reached through a raw pointer, as in loom.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    /// Runs `f` with the pointer for writing: what it points to has cells of its own.
    #[inline]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}
