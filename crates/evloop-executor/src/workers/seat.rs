//! The right to be a worker: the owner's end of a slot's ring.
//!
//! # Invariants
//!
//! 1. Only one thread at a time has seats of a slot: who sits down takes the slot's parker, and who
//!    stands up gives it back, and keeps no seat. Copies of a seat stay on the thread. The parker
//!    passes under a lock, so the next owner sees all that the former one did.
//! 2. A ring holds words of jobs, which it owns, and hands each of them out once.

#![expect(
    unsafe_code,
    reason = "one owner of a ring at a time; words that stand for jobs"
)]

use std::marker::PhantomData;
use std::ptr::NonNull;

use parking::Parker;

use super::pool::Slot;
use super::raw_job::RawJob;

/// See the module's invariants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    slot: &'static Slot,
    /// Not `Send`.
    _thread: PhantomData<*const ()>,
}

impl Seat {
    /// Makes the calling thread the owner of a slot. `None` while another one is that.
    pub(crate) fn take(slot: &'static Slot) -> Option<(Self, Parker)> {
        let parker = slot.sleeper.take_parker()?;
        let seat = Self {
            slot,
            _thread: PhantomData,
        };
        Some((seat, parker))
    }

    /// The caller has no copy of the seat after this, nor has its thread.
    pub(crate) fn stand_up(self, parker: Parker) {
        self.slot.sleeper.give_back(parker);
    }

    #[inline]
    pub(crate) fn slot(self) -> &'static Slot {
        self.slot
    }

    #[inline]
    pub(crate) fn push(self, job: RawJob) {
        // SAFETY: the ring's (1), by (1) of this module.
        unsafe { self.slot.ring.push(job.into_word()) };
    }

    /// Takes the first job, and says whether that was the last one.
    #[inline]
    pub(crate) fn pop(self) -> Option<(RawJob, bool)> {
        // SAFETY: the ring's (1), by (1) of this module.
        let (word, was_last) = unsafe { self.slot.ring.pop() }?;
        // SAFETY: (2).
        Some((unsafe { RawJob::from_word(word) }, was_last))
    }

    /// Moves the older half of the queue of `victim` to this one. `taken` is room for it, kept for its
    /// memory.
    pub(crate) fn steal(self, victim: &Slot, taken: &mut Vec<NonNull<()>>) -> usize {
        let n_stolen = victim.ring.steal(taken);
        for word in taken.drain(..) {
            // SAFETY: (2).
            self.push(unsafe { RawJob::from_word(word) });
        }
        n_stolen
    }
}
