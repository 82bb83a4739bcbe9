//! The owner's end of an inbox.
//!
//! # Invariants
//!
//! 1. A port has a root block of its own and the state that belongs to that block's inbox. Nothing
//!    else makes root blocks, and neither leaves the port, so the port is the one owner.

#![expect(
    unsafe_code,
    reason = "only the owner may call the unsafe methods of an inbox"
)]

use std::task::Waker;

use super::block::Block;
use super::inbox::{Parked, Parking, Taken};

/// A root block together with the right to empty its inbox and to park there.
#[derive(Debug)]
pub(super) struct Port {
    block: Block,
    parking: Parking,
}

impl Port {
    pub(super) fn new(n_slots: u32) -> Self {
        Self {
            block: Block::root(n_slots),
            parking: Parking::new(),
        }
    }

    #[inline]
    pub(super) fn block(&self) -> &Block {
        &self.block
    }

    /// Whether a waker was left for the next push.
    #[inline]
    pub(super) fn is_parked(&self) -> bool {
        self.parking.is_parked()
    }

    /// Takes the slots woken since the last time; the owner is awake if there are any.
    #[inline]
    pub(super) fn take(&mut self) -> Option<Taken> {
        // SAFETY: (1) we are the owner, with its own state.
        unsafe { self.block.inbox().take(&mut self.parking) }
    }

    /// Takes a waker that was left back, unless there is something to take.
    #[cold]
    pub(super) fn unpark(&mut self) {
        // SAFETY: (1) we are the owner, with its own state.
        unsafe { self.block.inbox().unpark(&mut self.parking) }
    }

    /// Leaves `waker` for the next push, unless there is something to take first.
    #[inline]
    pub(super) fn park(&mut self, waker: &Waker) -> Parked {
        // SAFETY: (1) we are the owner, with its own state.
        unsafe { self.block.inbox().park(&mut self.parking, waker) }
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        // SAFETY: (1) we are the owner, with its own state.
        let parents = unsafe { self.block.inbox().close(&mut self.parking) };
        // User code, after everything else; a panic in it still releases the block.
        drop(parents);
    }
}
