//! loom's twins.

pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::sync::atomic::{AtomicU8, AtomicU64, Ordering, fence};
pub(crate) use loom::sync::{Mutex, MutexGuard};
pub(crate) use loom::thread::yield_now;

use std::collections::VecDeque;
use std::sync::PoisonError;

/// A static that every thread of one run of a model sees.
macro_rules! shared_static {
    ($name:ident: $type:ty = $initial:expr) => {
        loom::lazy_static! {
            static ref $name: $type = $initial;
        }
    };
}
pub(crate) use shared_static;

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
