//! The machine's atomics and allocator, and a cell with the interface of loom's.

pub(in crate::ready_set) use std::alloc::{alloc, dealloc};
pub(in crate::ready_set) use std::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};

/// The most children that a gather polls all together, with its caller's waker.
///
/// Those that end one by one come to 7.5 polls in vain each. That is where a block of wakers begins to be
/// cheaper, if a poll is as cheap as a test of a flag.
pub(crate) const FEW: usize = 16;

/// A cell whose content is reached through a raw pointer, as in loom.
#[derive(Debug)]
pub(in crate::ready_set) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(in crate::ready_set) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    /// Runs `f` with the pointer for reading.
    #[inline]
    pub(in crate::ready_set) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    /// Runs `f` with the pointer; dereferencing it is up to the protocol around the cell.
    #[inline]
    pub(in crate::ready_set) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}
