//! The timers whose deadlines had passed when they were given.

use alloc::collections::BTreeMap;

/// The timers that are due before any slot, by deadline and, for equal deadlines, by insertion.
///
/// Few timers come here, and none stays for long, so an ordered map will do. It allocates nothing
/// until the first one.
#[derive(Clone)]
pub(crate) struct Overdue {
    /// From the deadline and a sequence number to the index of the entry, which remembers both.
    indices: BTreeMap<(u64, u64), u32>,
    /// Orders equal deadlines. The stamp of a key cannot: a reset keeps it, yet counts as an
    /// insertion. It does not wrap in the life of a machine.
    next_sequence: u64,
}

impl Overdue {
    pub(crate) const fn new() -> Self {
        Self {
            indices: BTreeMap::new(),
            next_sequence: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// Adds a timer behind those with the same deadline, and returns its sequence number.
    pub(crate) fn insert(&mut self, deadline: u64, index: u32) -> u64 {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        self.indices.insert((deadline, sequence), index);
        sequence
    }

    pub(crate) fn remove(&mut self, deadline: u64, sequence: u64) {
        let removed = self.indices.remove(&(deadline, sequence));
        debug_assert!(removed.is_some(), "an entry remembers where it is");
    }

    pub(crate) fn pop_first(&mut self) -> Option<u32> {
        self.indices.pop_first().map(|(_, index)| index)
    }

    pub(crate) fn first_deadline(&self) -> Option<u64> {
        self.indices.keys().next().map(|(deadline, _)| *deadline)
    }

    /// An emptied map keeps some memory; this gives it back.
    pub(crate) fn shrink_to_fit(&mut self) {
        if self.indices.is_empty() {
            self.indices = BTreeMap::new();
        }
    }

    /// Every timer as deadline, sequence number and index, in order.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u64, u32)> {
        self.indices
            .iter()
            .map(|(&(deadline, sequence), &index)| (deadline, sequence, index))
    }
}
