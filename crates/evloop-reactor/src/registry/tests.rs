//! Registrations, reused slots and stale events.

use std::{collections::HashMap, sync::Arc};

use proptest::prelude::*;

use super::{Refused, Registry, Target};
use crate::{
    Direction,
    entry::Entry,
    key::Key,
    readiness::ShortTransfer,
    sys::{Event, EventMode, Interest},
};

fn target() -> (Target, Arc<Entry>) {
    let entry = Arc::new(Entry::new());
    (Target::Edge(Arc::clone(&entry)), entry)
}

/// Sends a read event to `key` and says whether `entry` got it.
fn reaches(registry: &Registry, key: Key, entry: &Entry) -> bool {
    let event = Event {
        key,
        interest: Interest::NONE.with(Direction::Read),
        short_read: ShortTransfer::MeansEmpty,
        short_write: ShortTransfer::MeansEmpty,
    };
    let side = entry.side(Direction::Read);
    side.clear(side.check().unwrap());
    registry.deliver(&event, EventMode::Edge, &mut Vec::new(), &mut Vec::new());
    side.check().unwrap().is_ready()
}

#[test]
fn museum_bm28_an_event_for_the_owner_before_does_not_reach_the_next_one_in_its_place() {
    let mut registry = Registry::default();
    let (first, _) = target();
    let old = registry.insert(first).unwrap();
    drop(registry.remove(old));
    let (second, entry) = target();
    let new = registry.insert(second).unwrap();

    assert_eq!(old.index(), new.index());
    assert!(!reaches(&registry, old, &entry));
    assert!(reaches(&registry, new, &entry));
    assert!(registry.remove(old).is_none());
    assert_eq!(registry.len(), 1);
}

#[test]
fn keys_stay_distinct_and_legal_when_the_generation_wraps() {
    let mut registry = Registry::after(usize::MAX - 1);
    let mut keys = Vec::new();

    for _ in 0..4 {
        let (target, _) = target();
        let key = registry.insert(target).unwrap();
        assert!(!key.is_notification());
        assert_ne!(key.raw(), usize::MAX);
        keys.push(key);
        drop(registry.remove(key));
    }

    for (nth, key) in keys.iter().enumerate() {
        assert!(!keys[..nth].contains(key));
    }
}

#[test]
fn every_key_with_the_reserved_index_is_a_notification() {
    assert!(Key::NOTIFIED.is_notification());
    assert!(Key::from_raw(Key::CAPACITY).is_notification());
    assert!(!Key::new(Key::CAPACITY - 1, usize::MAX).is_notification());
}

#[test]
fn a_closed_registry_refuses() {
    let mut registry = Registry::default();
    let (first, _) = target();
    registry.insert(first).unwrap();

    assert_eq!(registry.close().len(), 1);
    let (second, _) = target();
    assert_eq!(registry.insert(second), Err(Refused::Closed));
    assert_eq!(registry.len(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// BM29, BM32: any keys ever given out, against a map of those that are alive.
    #[test]
    fn museum_bm29_only_living_registrations_receive_events(
        steps in prop::collection::vec((0..3u8, any::<prop::sample::Index>()), 1..80)
    ) {
        let mut registry = Registry::after(usize::MAX - 20);
        let mut alive: HashMap<usize, Arc<Entry>> = HashMap::new();
        let mut given: Vec<(Key, Arc<Entry>)> = Vec::new();

        for (step, pick) in steps {
            if step == 0 || given.is_empty() {
                let (target, entry) = target();
                let key = registry.insert(target).unwrap();
                alive.insert(key.raw(), Arc::clone(&entry));
                given.push((key, entry));
                continue;
            }
            let (key, entry) = &given[pick.index(given.len())];
            let expected = alive.contains_key(&key.raw());
            if step == 1 {
                prop_assert_eq!(registry.remove(*key).is_some(), expected);
                alive.remove(&key.raw());
            } else {
                prop_assert_eq!(reaches(&registry, *key, entry), expected);
            }
            prop_assert_eq!(registry.len(), alive.len());
        }
    }
}
