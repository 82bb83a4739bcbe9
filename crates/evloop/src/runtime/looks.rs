//! How often the workers come to look at I/O. They tell one another nothing else about it, and a stale
//! count does no harm: it says where to wait, and whether to look as well.

use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;

/// One count for each worker, which it alone writes.
#[derive(Debug)]
pub(super) struct Looks(Box<[CachePadded<AtomicUsize>]>);

impl Looks {
    pub(super) fn new(n_workers: usize) -> Self {
        Self((0..n_workers).map(|_| CachePadded::default()).collect())
    }

    /// This worker looks at I/O, or would if no other did.
    pub(super) fn note(&self, worker: usize) {
        let count = &self.0[worker];
        let n_looks = count.load(Ordering::Relaxed).wrapping_add(1);
        count.store(n_looks, Ordering::Relaxed);
    }

    /// A number that changes whenever another worker looks.
    pub(super) fn of_others(&self, worker: usize) -> usize {
        let counts = self.0.iter().enumerate();
        let others = counts.filter(|(index, _)| *index != worker);
        others.fold(0, |sum, (_, count)| {
            sum.wrapping_add(count.load(Ordering::Relaxed))
        })
    }
}
