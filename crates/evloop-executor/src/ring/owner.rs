//! The owner of a ring, for tests and models.
//!
//! # Invariants
//!
//! 1. An owner is made of a ring that nobody else has, cannot be cloned, and is not `Sync`: one
//!    thread at a time has it, and only safe code passes it on.

#![expect(unsafe_code, reason = "tests and models themselves have none")]

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::NonNull;

#[cfg(loom)]
use loom::sync::Arc;
#[cfg(not(loom))]
use std::sync::Arc;

use super::Ring;

/// See the module's invariant.
pub(crate) struct Owner {
    ring: Arc<Ring>,
    not_sync: PhantomData<Cell<()>>,
}

impl Owner {
    pub(crate) fn new(ring: Ring) -> Self {
        Self {
            ring: Arc::new(ring),
            not_sync: PhantomData,
        }
    }

    /// The ring, for those who may only steal.
    pub(crate) fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }

    pub(crate) fn push(&self, item: NonNull<()>) {
        // SAFETY: (1)
        unsafe { self.ring.push(item) }
    }

    pub(crate) fn pop(&self) -> Option<NonNull<()>> {
        // SAFETY: (1)
        unsafe { self.ring.pop() }.map(|(item, _)| item)
    }

    /// How many items fit before the ring grows.
    pub(crate) fn capacity(&self) -> usize {
        self.ring.buffer(super::Ordering::Relaxed).capacity()
    }
}
