//! Which of the jobs that are ready is next, where tests leave that to chance.

use std::cell::Cell;

/// How far from the front of its queue a job may be taken.
const REACH: usize = 8;

/// Random numbers of one worker: Marsaglia's xorshift64*.
#[derive(Debug)]
pub(super) struct Shuffle(Cell<u64>);

impl Shuffle {
    pub(super) fn new(seed: u64, worker: usize) -> Self {
        // Odd, so never zero, where the numbers would stay.
        let start = (seed ^ (worker as u64) << 48).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let shuffle = Self(Cell::new(start));
        // Starts that are close to each other begin alike.
        for _ in 0..5 {
            shuffle.below(1);
        }
        shuffle
    }

    fn below(&self, n: usize) -> usize {
        let mut state = self.0.get();
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        self.0.set(state);
        let random = state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        random as usize % n
    }

    /// How many of that many jobs, of which there is at least one, go behind the others.
    pub(super) fn n_skipped(&self, n_queued: usize) -> usize {
        self.below(n_queued.min(REACH))
    }

    /// Whether to look now at what other threads have sent.
    pub(super) fn looks(&self) -> bool {
        self.below(4) == 0
    }
}
