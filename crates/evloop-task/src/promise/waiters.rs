//! Who waits for a promise, in the order of registration.
//!
//! Most promises have one awaiter, which lies here; further ones take three words each, in a list whose
//! keys ascend. One that leaves from the midst of the list leaves a gap, and the gaps are closed when there
//! are as many as waiters: so each of these calls takes O(log n), amortized.

use std::num::NonZeroU64;
use std::task::Waker;

use super::cell::Queued;

/// Names a registration for as long as the promise lives.
pub(super) type Key = NonZeroU64;

/// Two words.
pub(super) enum Entry<T> {
    Waker(Waker),
    Callback(Box<Queued<T>>),
}

/// See the module's docs.
pub(super) struct Waiters<T> {
    last_key: u64,
    list: List<T>,
}

enum List<T> {
    Empty,
    One(Key, Entry<T>),
    Many(Box<Many<T>>),
}

struct Many<T> {
    /// Keys ascend.
    entries: Vec<(Key, Option<Entry<T>>)>,
    n_gaps: usize,
}

impl<T> Many<T> {
    fn place(&self, key: Key) -> Option<usize> {
        self.entries
            .binary_search_by_key(&key, |(key, _)| *key)
            .ok()
    }

    fn remove(&mut self, place: usize) -> Option<Entry<T>> {
        let removed = self.entries[place].1.take();
        self.n_gaps += usize::from(removed.is_some());
        if 2 * self.n_gaps >= self.entries.len() {
            self.entries.retain(|(_, entry)| entry.is_some());
            self.entries.shrink_to(2 * self.entries.len());
            self.n_gaps = 0;
        }
        removed
    }
}

impl<T> Waiters<T> {
    pub(super) const fn new() -> Self {
        Self {
            last_key: 0,
            list: List::Empty,
        }
    }

    /// Adds one behind all others.
    pub(super) fn push(&mut self, entry: Entry<T>) -> Key {
        self.last_key += 1;
        let key = Key::new(self.last_key).expect("it has just been incremented");
        self.list = match std::mem::replace(&mut self.list, List::Empty) {
            List::Empty => List::One(key, entry),
            List::One(first, other) => List::Many(Box::new(Many {
                entries: vec![(first, Some(other)), (key, Some(entry))],
                n_gaps: 0,
            })),
            List::Many(mut many) => {
                many.entries.push((key, Some(entry)));
                List::Many(many)
            }
        };
        key
    }

    pub(super) fn get(&self, key: Key) -> Option<&Entry<T>> {
        match &self.list {
            List::Empty => None,
            List::One(own, entry) => (*own == key).then_some(entry),
            List::Many(many) => many.entries[many.place(key)?].1.as_ref(),
        }
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut Entry<T>> {
        match &mut self.list {
            List::Empty => None,
            List::One(own, entry) => (*own == key).then_some(entry),
            List::Many(many) => {
                let place = many.place(key)?;
                many.entries[place].1.as_mut()
            }
        }
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<Entry<T>> {
        match &mut self.list {
            List::Many(many) => {
                let place = many.place(key)?;
                many.remove(place)
            }
            List::One(own, _) if *own == key => self.take_all().next(),
            List::Empty | List::One(..) => None,
        }
    }

    /// In order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, &Entry<T>)> {
        let (one, many) = match &self.list {
            List::Empty => (None, &[][..]),
            List::One(key, entry) => (Some((*key, entry)), &[][..]),
            List::Many(many) => (None, &many.entries[..]),
        };
        let many = many
            .iter()
            .filter_map(|(key, entry)| Some((*key, entry.as_ref()?)));
        one.into_iter().chain(many)
    }

    /// Takes all out, in order.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = Entry<T>> + use<T> {
        let (one, many) = match std::mem::replace(&mut self.list, List::Empty) {
            List::Empty => (None, Vec::new()),
            List::One(_, entry) => (Some(entry), Vec::new()),
            List::Many(many) => (None, many.entries),
        };
        one.into_iter()
            .chain(many.into_iter().filter_map(|(_, entry)| entry))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::task::Wake;

    use proptest::prelude::*;

    use super::*;

    struct Named;

    impl Wake for Named {
        fn wake(self: Arc<Self>) {}
    }

    fn named() -> (Arc<Named>, Entry<()>) {
        let name = Arc::new(Named);
        (Arc::clone(&name), Entry::Waker(Waker::from(name)))
    }

    fn is(entry: &Entry<()>, name: &Arc<Named>) -> bool {
        matches!(entry, Entry::Waker(own) if own.will_wake(&Waker::from(Arc::clone(name))))
    }

    #[derive(Clone, Debug)]
    enum Op {
        Push,
        Replace(usize),
        Remove(usize),
        TakeAll,
    }

    fn ops() -> impl Strategy<Value = Vec<Op>> {
        let op = prop_oneof![
            6 => Just(Op::Push),
            2 => any::<usize>().prop_map(Op::Replace),
            6 => any::<usize>().prop_map(Op::Remove),
            1 => Just(Op::TakeAll),
        ];
        prop::collection::vec(op, 0..200)
    }

    proptest! {
        #[test]
        fn it_does_what_a_map_by_key_does(ops in ops()) {
            let mut waiters = Waiters::new();
            let mut model = BTreeMap::new();
            let mut keys = Vec::new();
            for op in ops {
                match op {
                    Op::Push => {
                        let (name, entry) = named();
                        let key = waiters.push(entry);
                        keys.push(key);
                        model.insert(key, name);
                    }
                    Op::Replace(n) if !keys.is_empty() => {
                        let key = keys[n % keys.len()];
                        let (name, entry) = named();
                        let place = waiters.get_mut(key);
                        prop_assert_eq!(place.is_some(), model.contains_key(&key));
                        if let Some(place) = place {
                            *place = entry;
                            model.insert(key, name);
                        }
                    }
                    Op::Remove(n) if !keys.is_empty() => {
                        let key = keys[n % keys.len()];
                        let removed = waiters.remove(key);
                        let expected = model.remove(&key);
                        prop_assert_eq!(removed.is_some(), expected.is_some());
                        if let (Some(removed), Some(expected)) = (removed, expected) {
                            prop_assert!(is(&removed, &expected));
                        }
                    }
                    Op::TakeAll => {
                        let taken: Vec<_> = waiters.take_all().collect();
                        let expected: Vec<_> = std::mem::take(&mut model).into_values().collect();
                        prop_assert_eq!(taken.len(), expected.len());
                        prop_assert!(taken.iter().zip(&expected).all(|(own, name)| is(own, name)));
                    }
                    Op::Replace(_) | Op::Remove(_) => {}
                }
                let listed: Vec<_> = waiters.iter().collect();
                prop_assert_eq!(listed.len(), model.len());
                for ((key, entry), (expected, name)) in listed.into_iter().zip(&model) {
                    prop_assert_eq!(key, *expected);
                    prop_assert!(is(entry, name));
                    prop_assert!(waiters.get(key).is_some_and(|entry| is(entry, name)));
                }
            }
        }
    }

    #[test]
    fn what_has_left_takes_no_room() {
        let mut waiters = Waiters::new();
        let keys: Vec<_> = (0..10_000).map(|_| waiters.push(named().1)).collect();
        for key in &keys[1..] {
            assert!(waiters.remove(*key).is_some());
        }
        let List::Many(many) = &waiters.list else {
            panic!("there were many")
        };
        assert!(many.entries.capacity() <= 8, "{}", many.entries.capacity());
    }
}
