//! The handles of a set by index, and the indices by key.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::mem::replace;
use std::task::Context;

use crate::Completion;

/// Handles, each at an index that it keeps until it leaves.
pub(super) struct Places<H> {
    places: Vec<Place<H>>,
    /// The first vacant place.
    vacant: Option<usize>,
    /// The indices of the handles that have a key.
    keys: HashMap<u64, usize, BuildHasherDefault<KeyHasher>>,
    len: usize,
}

enum Place<H> {
    Taken(H),
    /// Left, and here is the next vacant place.
    Vacant(Option<usize>),
}

/// What became of a handle that was to be added.
pub(super) enum Inserted<H> {
    /// It has the next index.
    Added(usize),
    /// It has the index of a handle that left.
    Reused(usize),
    /// It is not in: another one has its key.
    Duplicate(H),
}

/// What was found at an index.
pub(super) enum Visit<H> {
    /// A handle that was done, and has left.
    Done(H),
    Pending,
    /// Nobody: a late wake of a handle that has left.
    Vacant,
}

impl<H> Places<H> {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn iter(&self) -> Iter<'_, H> {
        Iter {
            places: self.places.iter(),
            left: self.len,
        }
    }

    pub(super) fn into_handles(self) -> IntoHandles<H> {
        IntoHandles {
            places: self.places.into_iter(),
            left: self.len,
        }
    }

    pub(super) fn remove(&mut self, key: u64) -> Option<H> {
        let index = self.keys.remove(&key)?;
        self.vacate(index)
    }

    #[inline]
    fn vacate(&mut self, index: usize) -> Option<H> {
        let place = &mut self.places[index];
        if matches!(place, Place::Vacant(_)) {
            return None;
        }
        let left = replace(place, Place::Vacant(self.vacant));
        self.vacant = Some(index);
        self.len -= 1;
        left.into_handle()
    }
}

impl<H: Completion> Places<H> {
    pub(super) fn insert(&mut self, handle: H) -> Inserted<H> {
        let index = self.vacant.unwrap_or(self.places.len());
        if let Some(key) = handle.key() {
            match self.keys.entry(key) {
                Entry::Occupied(_) => return Inserted::Duplicate(handle),
                Entry::Vacant(entry) => entry.insert(index),
            };
        }
        self.len += 1;
        match self.places.get_mut(index) {
            None => {
                self.places.push(Place::Taken(handle));
                Inserted::Added(index)
            }
            Some(place) => {
                if let Place::Vacant(next) = replace(place, Place::Taken(handle)) {
                    self.vacant = next;
                }
                Inserted::Reused(index)
            }
        }
    }

    /// Polls the handle at this index, and takes it out if it is done.
    #[inline]
    pub(super) fn poll(&mut self, index: usize, cx: &mut Context<'_>) -> Visit<H> {
        let Place::Taken(handle) = &mut self.places[index] else {
            return Visit::Vacant;
        };
        if handle.poll_done(cx).is_pending() {
            return Visit::Pending;
        }
        if !self.keys.is_empty()
            && let Some(key) = handle.key()
        {
            self.keys.remove(&key);
        }
        self.vacate(index).map_or(Visit::Vacant, Visit::Done)
    }
}

impl<H> Place<H> {
    fn handle(&self) -> Option<&H> {
        match self {
            Self::Taken(handle) => Some(handle),
            Self::Vacant(_) => None,
        }
    }

    #[inline]
    fn into_handle(self) -> Option<H> {
        match self {
            Self::Taken(handle) => Some(handle),
            Self::Vacant(_) => None,
        }
    }
}

/// Merges handles with the same key; the first one stays.
impl<H: Completion> FromIterator<H> for Places<H> {
    fn from_iter<I: IntoIterator<Item = H>>(iter: I) -> Self {
        let iter = iter.into_iter();
        let n_expected = iter.size_hint().0;
        let mut places = Self {
            places: Vec::with_capacity(n_expected),
            vacant: None,
            keys: HashMap::default(),
            len: 0,
        };
        for handle in iter {
            if places.keys.capacity() == 0 && handle.key().is_some() {
                // One table for all: where one has a key, the others mostly have one too.
                places.keys.reserve(n_expected);
            }
            // Nothing is vacant, so each has the next index or is a duplicate.
            places.insert(handle);
        }
        places
    }
}

/// The iterator of [`WaitSet::iter`](crate::WaitSet::iter).
pub struct Iter<'a, H> {
    places: std::slice::Iter<'a, Place<H>>,
    left: usize,
}

impl<'a, H> Iterator for Iter<'a, H> {
    type Item = &'a H;

    fn next(&mut self) -> Option<&'a H> {
        let handle = self.places.by_ref().find_map(Place::handle)?;
        self.left -= 1;
        Some(handle)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<H> ExactSizeIterator for Iter<'_, H> {}

impl<H> Clone for Iter<'_, H> {
    fn clone(&self) -> Self {
        Self {
            places: self.places.clone(),
            left: self.left,
        }
    }
}

impl<H: fmt::Debug> fmt::Debug for Iter<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.places.clone().filter_map(Place::handle))
            .finish()
    }
}

/// The iterator of [`WaitSet::into_handles`](crate::WaitSet::into_handles).
pub struct IntoHandles<H> {
    places: std::vec::IntoIter<Place<H>>,
    left: usize,
}

impl<H> Iterator for IntoHandles<H> {
    type Item = H;

    fn next(&mut self) -> Option<H> {
        let handle = self.places.by_ref().find_map(Place::into_handle)?;
        self.left -= 1;
        Some(handle)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<H> ExactSizeIterator for IntoHandles<H> {}

impl<H: fmt::Debug> fmt::Debug for IntoHandles<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let handles = self.places.as_slice().iter().filter_map(Place::handle);
        f.debug_list().entries(handles).finish()
    }
}

/// Spreads keys that were handed out by counting. They come from the program and not from its
/// peers, so nobody can choose them to collide.
#[derive(Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    #[inline]
    fn write_u64(&mut self, key: u64) {
        // The table looks at the upper bits and the lower ones, so the product is folded.
        let spread = (self.0 ^ key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = spread ^ (spread >> 32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
