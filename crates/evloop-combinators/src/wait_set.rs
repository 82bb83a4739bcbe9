//! The handles of a `wait`, registered once for as many waits as it takes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::mem::replace;

use crate::ready_set::{ReadySet, Step, Turn, TurnEnd};
use crate::{Completion, Wait};

/// Handles that are waited for, with their registrations.
///
/// [`wait`](crate::wait) returns the handles that are still pending in the set they were
/// registered in. Waiting again with [`WaitSet::wait`] (or `wait(pending)`, which is the same)
/// registers nothing again: a completion costs the same in a set of a hundred and of a million.
///
/// Handles with the same [`key`](Completion::key) are merged. Iterating gives the handles in no
/// particular order.
///
/// Dropping the set drops the handles, each of which does what its own drop says: a task is
/// detached and goes on running. There is no by-value iterator in order that `wait(pending)`
/// means this set and not its handles one by one; [`WaitSet::into_handles`] gives them back.
///
/// # Examples
///
/// ```
/// use evloop_combinators::{FirstCompleted, WaitSet, Waitable};
/// use std::future::{Ready, ready};
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
///
/// async fn program() {
///     let mut pending: WaitSet<Waitable<Ready<u32>>> = WaitSet::new();
///     pending.insert(Waitable::new(ready(7)));
///     let (done, pending) = pending.wait().return_when(FirstCompleted).await.unwrap();
///     assert_eq!(done.len(), 1);
///     assert!(pending.is_empty());
/// }
/// # assert!(pin!(program()).poll(&mut Context::from_waker(Waker::noop())).is_ready());
/// ```
pub struct WaitSet<H> {
    /// In a box, because the set is moved into each wait and out of it again.
    registered: Box<Registered<H>>,
}

struct Registered<H> {
    // Before the handles, so that it is dropped first: what they wake in their destructors then
    // reaches nobody.
    ready: ReadySet,
    /// By the indices of `ready`.
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

impl<H: Completion> WaitSet<H> {
    /// A set without handles.
    #[must_use]
    pub fn new() -> Self {
        std::iter::empty().collect()
    }

    /// The number of handles.
    #[must_use]
    pub fn len(&self) -> usize {
        self.registered.len
    }

    /// Whether there is no handle.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.registered.len == 0
    }

    /// Adds a handle, or returns it if there is one with the same key already.
    ///
    /// It is first polled by the next wait.
    ///
    /// # Panics
    ///
    /// If the set has 2³⁰ − 1 handles.
    ///
    /// # Cost
    ///
    /// Constant on average. The place of a handle that has left is used again.
    pub fn insert(&mut self, handle: H) -> Option<H> {
        let Registered {
            ready,
            places,
            vacant,
            keys,
            len,
        } = &mut *self.registered;
        let key = handle.key();
        if key.is_some_and(|key| keys.contains_key(&key)) {
            return Some(handle);
        }
        let index = match *vacant {
            None => {
                places.push(Place::Taken(handle));
                ready.insert()
            }
            Some(index) => {
                if let Place::Vacant(next) = replace(&mut places[index], Place::Taken(handle)) {
                    *vacant = next;
                }
                ready.requeue(index);
                index
            }
        };
        if let Some(key) = key {
            keys.insert(key, index);
        }
        *len += 1;
        None
    }

    /// Takes the handle with this key out of the set, pending or not.
    pub fn remove(&mut self, key: u64) -> Option<H> {
        let index = self.registered.keys.remove(&key)?;
        self.registered.vacate(index)
    }

    /// The handles, in no particular order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_, H> {
        Iter {
            places: self.registered.places.iter(),
            left: self.len(),
        }
    }

    /// Gives the handles back, in no particular order, and their registrations up.
    #[must_use]
    pub fn into_handles(self) -> IntoHandles<H> {
        let left = self.len();
        IntoHandles {
            places: self.registered.places.into_iter(),
            left,
        }
    }

    /// Waits until all are done; see [`wait`](crate::wait) for what can be asked instead.
    pub fn wait(self) -> Wait<H> {
        Wait::new(self)
    }

    /// Polls what was woken, and hands each finished handle to `take`.
    ///
    /// The finished handle is out of the set before `take` runs, so a panic in it costs nothing
    /// but that handle.
    #[inline]
    pub(crate) fn take_turn(&mut self, turn: &mut Turn, mut take: impl FnMut(H)) -> TurnEnd {
        let Registered {
            ready,
            places,
            vacant,
            keys,
            len,
        } = &mut *self.registered;
        ready.take_turn(turn, |index, cx| {
            let place = &mut places[index];
            let Place::Taken(handle) = place else {
                // A late wake of a handle that has left.
                return Step::Vacant;
            };
            if handle.poll_done(cx).is_pending() {
                return Step::Pending;
            }
            if !keys.is_empty()
                && let Some(key) = handle.key()
            {
                keys.remove(&key);
            }
            if let Place::Taken(handle) = replace(place, Place::Vacant(*vacant)) {
                *vacant = Some(index);
                *len -= 1;
                take(handle);
            }
            Step::Left
        })
    }

    #[inline]
    pub(crate) fn ready_set(&mut self) -> &mut ReadySet {
        &mut self.registered.ready
    }
}

impl<H> Registered<H> {
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

impl<H> Place<H> {
    fn handle(&self) -> Option<&H> {
        match self {
            Self::Taken(handle) => Some(handle),
            Self::Vacant(_) => None,
        }
    }

    fn into_handle(self) -> Option<H> {
        match self {
            Self::Taken(handle) => Some(handle),
            Self::Vacant(_) => None,
        }
    }
}

/// Merges handles with the same key; the first one stays.
impl<H: Completion> FromIterator<H> for WaitSet<H> {
    fn from_iter<I: IntoIterator<Item = H>>(iter: I) -> Self {
        let iter = iter.into_iter();
        let mut places = Vec::with_capacity(iter.size_hint().0);
        let mut keys: HashMap<u64, usize, _> = HashMap::default();
        for handle in iter {
            if let Some(key) = handle.key() {
                match keys.entry(key) {
                    Entry::Occupied(_) => continue,
                    Entry::Vacant(entry) => entry.insert(places.len()),
                };
            }
            places.push(Place::Taken(handle));
        }
        let len = places.len();
        // One block for all, since their number is known by now.
        let ready = ReadySet::new(len);
        Self {
            registered: Box::new(Registered {
                ready,
                places,
                vacant: None,
                keys,
                len,
            }),
        }
    }
}

impl<H: Completion> Extend<H> for WaitSet<H> {
    fn extend<I: IntoIterator<Item = H>>(&mut self, iter: I) {
        for handle in iter {
            self.insert(handle);
        }
    }
}

impl<H: Completion> Default for WaitSet<H> {
    fn default() -> Self {
        Self::new()
    }
}

impl<H: fmt::Debug> fmt::Debug for WaitSet<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.registered.places.iter().filter_map(Place::handle))
            .finish()
    }
}

impl<'a, H: Completion> IntoIterator for &'a WaitSet<H> {
    type Item = &'a H;
    type IntoIter = Iter<'a, H>;

    fn into_iter(self) -> Iter<'a, H> {
        self.iter()
    }
}

/// The iterator of [`WaitSet::iter`].
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

/// The iterator of [`WaitSet::into_handles`].
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
