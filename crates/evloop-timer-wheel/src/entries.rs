//! Storage of the timers: a slab with stable indices and checked keys.

use alloc::vec::Vec;
use core::num::NonZeroU64;

use crate::key::TimerKey;

/// The index that names no entry; it ends every list.
pub(crate) const NIL: u32 = u32::MAX;

/// One place in the slab: 24 bytes beside the value and its tag.
#[derive(Clone)]
pub(crate) struct Entry<T> {
    /// As given; before the wheel's time if it had passed already.
    pub(crate) deadline: u64,
    /// The stamp of the timer that lives here, or zero when none does.
    stamp: u64,
    /// The neighbour inserted before this one in the same slot. Meaningless while vacant, and
    /// half of the sequence number while overdue.
    pub(crate) previous: u32,
    /// The neighbour inserted after this one in the same slot; the next vacant place while vacant,
    /// and the other half of the sequence number while overdue.
    pub(crate) next: u32,
    value: Option<T>,
}

impl<T> Entry<T> {
    /// The sequence number of an overdue timer. Being in no list, it has no neighbours, and the
    /// number takes their place.
    pub(crate) fn sequence(&self) -> u64 {
        (u64::from(self.previous) << u32::BITS) | u64::from(self.next)
    }

    pub(crate) fn set_sequence(&mut self, sequence: u64) {
        self.previous = (sequence >> u32::BITS) as u32;
        self.next = sequence as u32;
    }
}

/// A slab of entries. Vacant places form a list through `next`, the last one freed first, because
/// that one is still in the cache.
#[derive(Clone)]
pub(crate) struct Entries<T> {
    places: Vec<Entry<T>>,
    first_vacant: u32,
    n_live: u32,
    /// The stamp of the next insertion. At one insertion a nanosecond it wraps after 584 years;
    /// zero is skipped.
    next_stamp: NonZeroU64,
}

impl<T> Entries<T> {
    pub(crate) const fn new() -> Self {
        Self {
            places: Vec::new(),
            first_vacant: NIL,
            n_live: 0,
            next_stamp: NonZeroU64::MIN,
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.n_live as usize
    }

    pub(crate) fn capacity(&self) -> usize {
        self.places.capacity()
    }

    pub(crate) fn reserve(&mut self, additional: usize) {
        let n_vacant = self.places.len() - self.len();
        self.places.reserve(additional.saturating_sub(n_vacant));
    }

    /// Stores a value that is in no list yet.
    pub(crate) fn insert(&mut self, deadline: u64, value: T) -> TimerKey {
        if self.first_vacant == NIL {
            self.add_place();
        }
        let index = self.first_vacant;
        let stamp = self.next_stamp;
        let place = &mut self.places[index as usize];
        self.first_vacant = place.next;
        place.deadline = deadline;
        place.stamp = stamp.get();
        place.value = Some(value);
        self.next_stamp = stamp.checked_add(1).unwrap_or(NonZeroU64::MIN);
        self.n_live += 1;
        TimerKey { stamp, index }
    }

    #[cold]
    fn add_place(&mut self) {
        let index = match u32::try_from(self.places.len()) {
            Ok(index) if index != NIL => index,
            _ => panic!("a timer wheel holds at most 4,294,967,295 timers; use several wheels"),
        };
        self.places.push(Entry {
            deadline: 0,
            stamp: 0,
            previous: NIL,
            next: NIL,
            value: None,
        });
        self.first_vacant = index;
    }

    /// Frees the place of a live entry that has been detached.
    pub(crate) fn remove(&mut self, index: u32) -> (TimerKey, u64, T) {
        let place = &mut self.places[index as usize];
        let deadline = place.deadline;
        let (Some(stamp), Some(value)) = (NonZeroU64::new(place.stamp), place.value.take()) else {
            unreachable!("only live entries are linked");
        };
        place.stamp = 0;
        place.next = self.first_vacant;
        self.first_vacant = index;
        self.n_live -= 1;
        (TimerKey { stamp, index }, deadline, value)
    }

    /// The index of a key whose timer is still here.
    pub(crate) fn find(&self, key: TimerKey) -> Option<u32> {
        let place = self.places.get(key.index as usize)?;
        (place.stamp == key.stamp.get()).then_some(key.index)
    }

    pub(crate) fn get(&self, key: TimerKey) -> Option<&T> {
        self.find(key)?;
        self.places[key.index as usize].value.as_ref()
    }

    pub(crate) fn get_mut(&mut self, key: TimerKey) -> Option<&mut T> {
        self.find(key)?;
        self.places[key.index as usize].value.as_mut()
    }

    pub(crate) fn at(&self, index: u32) -> &Entry<T> {
        &self.places[index as usize]
    }

    pub(crate) fn at_mut(&mut self, index: u32) -> &mut Entry<T> {
        &mut self.places[index as usize]
    }

    /// The live entries in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (TimerKey, u64, &T)> {
        (0..).zip(&self.places).filter_map(|(index, place)| {
            let stamp = NonZeroU64::new(place.stamp)?;
            let key = TimerKey { stamp, index };
            Some((key, place.deadline, place.value.as_ref()?))
        })
    }

    /// Gives back the memory behind the last live entry. Stamps are never issued twice, so keys to
    /// the removed places stay stale when the slab grows again.
    pub(crate) fn shrink_to_fit(&mut self) {
        while self.places.last().is_some_and(|place| place.stamp == 0) {
            self.places.pop();
        }
        self.places.shrink_to_fit();
        self.first_vacant = NIL;
        for (index, place) in (0..).zip(&mut self.places) {
            if place.stamp == 0 {
                place.next = self.first_vacant;
                self.first_vacant = index;
            }
        }
    }

    /// Makes the next insertion use this stamp.
    #[cfg(test)]
    pub(crate) fn set_next_stamp(&mut self, stamp: NonZeroU64) {
        self.next_stamp = stamp;
    }
}
