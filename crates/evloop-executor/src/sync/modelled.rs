//! loom's twins.

pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
pub(crate) use loom::sync::{Mutex, MutexGuard};
pub(crate) use loom::thread::yield_now;

use std::collections::VecDeque;
use std::sync::PoisonError;

/// A model knows no time: the limit passes at once.
pub(crate) fn park_timeout(_parker: &parking::Parker, _limit: std::time::Duration) {
    yield_now();
}

/// A static that every thread of one run of a model sees.
macro_rules! shared_static {
    ($name:ident: $type:ty = $initial:expr) => {
        loom::lazy_static! {
            static ref $name: $type = $initial;
        }
    };
}
pub(crate) use shared_static;

/// A thread-local `Cell` of loom's threads.
macro_rules! thread_cell {
    ($(#[$attribute:meta])* $name:ident: $type:ty = $initial:expr) => {
        loom::thread_local! {
            $(#[$attribute])*
            static $name: std::cell::Cell<$type> = std::cell::Cell::new($initial);
        }
    };
}
pub(crate) use thread_cell;

/// A stand-in for the lock-free queue: each operation is one step under a lock.
#[derive(Debug)]
pub(crate) struct ConcurrentQueue<T>(Mutex<VecDeque<T>>);

/// The queue is empty.
#[derive(Debug)]
pub(crate) struct Empty;

impl<T> ConcurrentQueue<T> {
    pub(crate) fn unbounded() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the twin, which can be closed")]
    pub(crate) fn push(&self, value: T) -> Result<(), T> {
        self.lock().push_back(value);
        Ok(())
    }

    pub(crate) fn pop(&self) -> Result<T, Empty> {
        self.lock().pop_front().ok_or(Empty)
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }
}
