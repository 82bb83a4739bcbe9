//! Who is registered: a slab of registrations, each with a generation of its own.

use std::{sync::Arc, task::Waker};

use slab::Slab;

use crate::{
    entry::Entry,
    key::Key,
    level::LevelEntry,
    sys::{Event, EventMode},
};

#[cfg(test)]
mod tests;

/// What an event is delivered to.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Edge(Arc<Entry>),
    Level(Arc<LevelEntry>),
}

/// Why a target could not be inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The reactor is gone.
    Closed,
    /// Every key is in use.
    Full,
}

/// All registrations of one reactor.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    slots: Slab<(Key, Target)>,
    /// Counts registrations, not uses of one slot, so that a reused slot gets a generation that
    /// none of the registrations since the last wrap had.
    next_generation: usize,
    closed: bool,
}

impl Registry {
    /// Keeps `target` and names it.
    pub(crate) fn insert(&mut self, target: Target) -> Result<Key, Refused> {
        if self.closed {
            return Err(Refused::Closed);
        }
        if self.slots.len() >= Key::CAPACITY {
            return Err(Refused::Full);
        }
        let slot = self.slots.vacant_entry();
        let key = Key::new(slot.key(), self.next_generation);
        self.next_generation = self.next_generation.wrapping_add(1);
        slot.insert((key, target));
        Ok(key)
    }

    /// Forgets the registration `key`; the caller drops it after it has unlocked.
    pub(crate) fn remove(&mut self, key: Key) -> Option<Target> {
        self.get(key)?;
        self.slots.try_remove(key.index()).map(|(_, target)| target)
    }

    /// Hands `event` to its registration, if that still exists.
    ///
    /// Calls no foreign code: wakers of edge-triggered waiters move into `woken`, those of
    /// level-triggered ones are put into `repeated` for the caller to clone after it has unlocked.
    pub(crate) fn deliver(
        &self,
        event: &Event,
        mode: EventMode,
        woken: &mut Vec<Waker>,
        repeated: &mut Vec<Arc<Waker>>,
    ) {
        match (self.get(event.key), mode) {
            (None, _) => {}
            (Some(Target::Level(entry)), _) => entry.deliver(event.interest, repeated),
            (Some(Target::Edge(entry)), EventMode::Edge) => entry.deliver(event, woken),
            (Some(Target::Edge(entry)), EventMode::Once) => entry.deliver_once(event, woken),
        }
    }

    /// Refuses registrations from now on and hands back those that exist.
    pub(crate) fn close(&mut self) -> Vec<Target> {
        self.closed = true;
        self.slots.drain().map(|(_, target)| target).collect()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    fn get(&self, key: Key) -> Option<&Target> {
        let (owner, target) = self.slots.get(key.index())?;
        (*owner == key).then_some(target)
    }

    /// A registry that has made `registrations` before.
    #[cfg(test)]
    pub(crate) fn after(registrations: usize) -> Self {
        Self {
            next_generation: registrations,
            ..Self::default()
        }
    }
}
