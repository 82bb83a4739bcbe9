//! The system's allocator, with a count of what is asked of it while somebody counts.

#![expect(unsafe_code, reason = "an allocator is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};

/// One relaxed load more than the system's allocator while nobody counts.
pub(crate) struct CountingAllocator;

static IS_COUNTING: AtomicBool = AtomicBool::new(false);
static N_ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static BYTES_IN_USE: AtomicIsize = AtomicIsize::new(0);

/// What `work` asked of the allocator.
#[derive(Clone, Copy)]
pub(crate) struct Allocations {
    pub(crate) n_allocations: usize,
    /// Allocated in `work` and not freed in it.
    pub(crate) bytes_kept: usize,
}

/// Counts from [`start`] to [`Counting::stop`].
pub(crate) struct Counting(());

pub(crate) fn start() -> Counting {
    N_ALLOCATIONS.store(0, Ordering::Relaxed);
    BYTES_IN_USE.store(0, Ordering::Relaxed);
    IS_COUNTING.store(true, Ordering::Relaxed);
    Counting(())
}

impl Counting {
    pub(crate) fn stop(self) -> Allocations {
        IS_COUNTING.store(false, Ordering::Relaxed);
        Allocations {
            n_allocations: N_ALLOCATIONS.load(Ordering::Relaxed),
            bytes_kept: BYTES_IN_USE.load(Ordering::Relaxed).try_into().unwrap_or(0),
        }
    }
}

#[cold]
fn count(n_allocations: usize, n_bytes: isize) {
    N_ALLOCATIONS.fetch_add(n_allocations, Ordering::Relaxed);
    BYTES_IN_USE.fetch_add(n_bytes, Ordering::Relaxed);
}

fn signed(size: usize) -> isize {
    size.try_into().unwrap_or(isize::MAX)
}

// SAFETY: every call is passed on to the system's allocator as it is; counting allocates nothing.
unsafe impl GlobalAlloc for CountingAllocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if IS_COUNTING.load(Ordering::Relaxed) {
            count(1, signed(layout.size()));
        }
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if IS_COUNTING.load(Ordering::Relaxed) {
            count(1, signed(layout.size()));
        }
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if IS_COUNTING.load(Ordering::Relaxed) {
            count(0, -signed(layout.size()));
        }
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(pointer, layout) };
    }

    #[inline]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if IS_COUNTING.load(Ordering::Relaxed) {
            count(1, signed(new_size) - signed(layout.size()));
        }
        // SAFETY: the caller's promise, passed on.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}
