//! An allocator that counts the bytes in use.
//!
//! # Invariants
//!
//! 1. Every request goes to the system's allocator unchanged; the counting beside it allocates
//!    nothing.

#![expect(unsafe_code, reason = "an allocator is an unsafe trait to implement")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering};

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static NET_BYTES: AtomicIsize = AtomicIsize::new(0);

/// Bytes in use by the whole process.
pub(crate) fn net_bytes() -> isize {
    NET_BYTES.load(Ordering::SeqCst)
}

// SAFETY: (1) the system's allocator keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        NET_BYTES.fetch_add(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: (1) as promised by our caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        NET_BYTES.fetch_sub(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: (1) as promised by our caller.
        unsafe { System.dealloc(block, layout) }
    }
}
