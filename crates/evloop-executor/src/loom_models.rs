//! The models of types that are private: `tests/loom.rs` explores them.

#![expect(
    clippy::unwrap_used,
    reason = "a model that unwraps in vain has failed"
)]

use std::cell::Cell;
use std::ptr::{NonNull, without_provenance_mut};

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::home::HomeCell;
use crate::ring::Ring;
use crate::ring::owner::Owner;

/// Ownership that passes from thread to thread carries with it what the former owner did, and
/// nobody but the owner gets at the value.
pub fn ownership_passes_with_all_that_was_done() {
    let home = Arc::new(HomeCell::new(Cell::new(0)));
    assert!(home.acquire());
    let theirs = Arc::clone(&home);
    let next = thread::spawn(move || {
        if !theirs.acquire() {
            assert!(theirs.get().is_none(), "it is refused to others");
            return false;
        }
        let value = theirs.get().unwrap();
        assert_eq!(value.get(), 1, "what the former owner did");
        value.set(2);
        theirs.release();
        true
    });

    home.get().unwrap().set(1);
    home.release();

    let passed = next.join().unwrap();
    assert!(home.acquire());
    assert_eq!(home.get().unwrap().get(), if passed { 2 } else { 1 });
}

/// LM-02: the owner pops and pushes in a full ring of two slots, whose counters wrap, while two
/// thieves steal. Slots are used again, and nothing grows.
pub fn each_item_of_a_full_ring_is_taken_once() {
    let race = Race::start(2);
    let mut taken = Vec::new();

    taken.extend(race.pop());
    race.push(2);
    taken.extend(race.pop());
    race.push(3);

    let (n_items, capacity) = race.end(taken);
    assert_eq!((n_items, capacity), (4, 2));
}

/// LM-02: the same while the owner pushes more than there are slots.
pub fn each_item_of_a_ring_that_grows_is_taken_once(n_thieves: usize) {
    let race = Race::start(n_thieves);
    let mut taken = Vec::new();

    race.push(2);
    race.push(3);
    taken.extend(race.pop());

    let (n_items, _) = race.end(taken);
    assert_eq!(n_items, 4);
}

/// The owner of a ring that was full when the thieves started, on the models' first thread.
struct Race {
    owner: Owner,
    contents: Arc<Contents>,
    thieves: Vec<thread::JoinHandle<Vec<usize>>>,
}

/// What the items stand for: whoever takes one finds there what was written before its push.
struct Contents([AtomicUsize; 4]);

impl Contents {
    fn item(&self, number: usize) -> NonNull<()> {
        // Relaxed: the ring publishes it.
        self.0[number].store(number + 1, Ordering::Relaxed);
        NonNull::new(without_provenance_mut(number + 1)).unwrap()
    }

    fn number(&self, item: NonNull<()>) -> usize {
        let number = item.as_ptr().addr() - 1;
        let content = self.0[number].load(Ordering::Relaxed);
        assert_eq!(content, number + 1, "it was published with its content");
        number
    }
}

impl Race {
    /// Two slots, just before the wrap, with the items 0 and 1. Thieves steal twice.
    fn start(n_thieves: usize) -> Self {
        let mut race = Self {
            owner: Owner::new(Ring::starting_at(usize::MAX - 1)),
            contents: Arc::new(Contents(std::array::from_fn(|_| AtomicUsize::new(0)))),
            thieves: Vec::new(),
        };
        race.push(0);
        race.push(1);
        for _ in 0..n_thieves {
            let (ring, contents) = (Arc::clone(race.owner.ring()), Arc::clone(&race.contents));
            race.thieves.push(thread::spawn(move || {
                let mut taken = Vec::new();
                for _ in 0..2 {
                    ring.steal(&mut taken);
                }
                let taken = taken.into_iter().map(|item| contents.number(item));
                taken.collect()
            }));
        }
        race
    }

    fn push(&self, number: usize) {
        self.owner.push(self.contents.item(number));
    }

    fn pop(&self) -> Option<usize> {
        Some(self.contents.number(self.owner.pop()?))
    }

    /// Counts the items, and the slots there are in the end.
    fn end(mut self, mut taken: Vec<usize>) -> (usize, usize) {
        let thieves: Vec<_> = self
            .thieves
            .drain(..)
            .map(thread::JoinHandle::join)
            .collect();
        taken.extend(std::iter::from_fn(|| self.pop()));
        assert!(taken.is_sorted(), "of the owner");
        for stolen in thieves {
            let stolen = stolen.unwrap();
            assert!(stolen.is_sorted(), "of a thief");
            taken.extend(stolen);
        }
        taken.sort_unstable();
        assert_eq!(taken, Vec::from_iter(0..taken.len()), "each item once");
        (taken.len(), self.owner.capacity())
    }
}
