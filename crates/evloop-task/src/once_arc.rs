//! A cell of one word for a shared value that is made when it is needed.
//!
//! A handle of a task has one, and is moved about: a word more in it, or one that is written in two parts,
//! costs each spawn several nanoseconds.
//!
//! # Invariants
//!
//! 1. The pointer is null, or from `Arc::into_raw`, and then owns one count.
//! 2. Only `&mut self` changes a pointer that is not null.

#![expect(unsafe_code, reason = "an `Arc` in an atomic word")]

use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;

use crate::sync::{AtomicPtr, Ordering};

/// See the module's docs.
pub(crate) struct OnceArc<T> {
    pointer: AtomicPtr<T>,
    /// It is `Send` and `Sync` if an `Arc` is.
    owned: PhantomData<Arc<T>>,
}

impl<T> OnceArc<T> {
    #[inline]
    pub(crate) fn new() -> Self {
        Self::at(ptr::null_mut())
    }

    fn at(pointer: *mut T) -> Self {
        Self {
            pointer: AtomicPtr::new(pointer),
            owned: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        // Acquire pairs with the Release in `get_or_init`.
        let pointer = self.pointer.load(Ordering::Acquire);
        // SAFETY: (1) the count keeps the value, (2) as long as `self` is borrowed.
        unsafe { pointer.as_ref() }
    }

    /// The value; the first of several that race to make it wins.
    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> Arc<T>) -> &T {
        if let Some(value) = self.get() {
            return value;
        }
        let made = Arc::into_raw(make()).cast_mut();
        let null = ptr::null_mut();
        let exchanged =
            self.pointer
                .compare_exchange(null, made, Ordering::AcqRel, Ordering::Acquire);
        let pointer = match exchanged {
            Ok(_) => made,
            Err(first) => {
                // SAFETY: (1) it is from `into_raw`, and nobody else has heard of it.
                drop(unsafe { Arc::from_raw(made) });
                first
            }
        };
        // SAFETY: (1), (2) as in `get`. It is not null: it was made, or it was found instead of null.
        unsafe { &*pointer }
    }

    /// As [`OnceArc::get_or_init`], with a share of the value.
    pub(crate) fn share_or_init(&self, make: impl FnOnce() -> Arc<T>) -> Arc<T> {
        self.get_or_init(make);
        // Not from the reference, which gives no access to the counts beside the value. Relaxed: this
        // thread has just seen it.
        let pointer = self.pointer.load(Ordering::Relaxed);
        // SAFETY: (1), (2) it is not null any more, and the cell's count is there while `self` is borrowed.
        unsafe { Arc::increment_strong_count(pointer) };
        // SAFETY: for the count that was just added.
        unsafe { Arc::from_raw(pointer) }
    }

    #[inline]
    pub(crate) fn take(&mut self) -> Option<Arc<T>> {
        // Relaxed, here and below: who has it for itself has synchronised with whoever set it.
        let pointer = self.pointer.load(Ordering::Relaxed);
        if pointer.is_null() {
            return None;
        }
        self.pointer.store(ptr::null_mut(), Ordering::Relaxed);
        // SAFETY: (1) it owns a count, which is given away as it has just been taken out.
        Some(unsafe { Arc::from_raw(pointer) })
    }
}

impl<T> From<Arc<T>> for OnceArc<T> {
    fn from(value: Arc<T>) -> Self {
        Self::at(Arc::into_raw(value).cast_mut())
    }
}

impl<T> Drop for OnceArc<T> {
    #[inline]
    fn drop(&mut self) {
        drop(self.take());
    }
}
