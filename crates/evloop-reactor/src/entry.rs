//! What the reactor and a source share about one edge-triggered registration.

use std::task::Waker;

use crate::{
    Direction,
    side::Side,
    sync::{Mutex, lock},
    sys::{Event, Interest},
};

/// Two directions that never touch each other.
#[derive(Debug)]
pub(crate) struct Entry {
    read: Side,
    write: Side,
    /// Only for systems without edge-triggered events: the interest the kernel was last told
    /// about. Locked over the system call, so that the kernel and this never disagree.
    armed: Mutex<Interest>,
}

impl Entry {
    pub(crate) fn new() -> Self {
        Self {
            read: Side::new(),
            write: Side::new(),
            armed: Mutex::new(Interest::NONE),
        }
    }

    pub(crate) fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Read => &self.read,
            Direction::Write => &self.write,
        }
    }

    /// Hands an edge-triggered event to the directions that it concerns.
    pub(crate) fn deliver(&self, event: &Event, woken: &mut Vec<Waker>) {
        if event.interest.read {
            self.read.deliver(event.short_read, woken);
        }
        if event.interest.write {
            self.write.deliver(event.short_write, woken);
        }
    }

    /// Hands over an event after which the kernel reports nothing until it is armed again.
    ///
    /// Both directions wake up: the one without an event has lost its arming too, and arms again
    /// when it waits again.
    pub(crate) fn deliver_once(&self, event: &Event, woken: &mut Vec<Waker>) {
        *lock(&self.armed) = Interest::NONE;
        self.deliver(event, woken);
        self.read.wake_all(woken);
        self.write.wake_all(woken);
    }

    /// Adds `direction` to what the kernel is told to report, by calling `tell` with the sum.
    pub(crate) fn arm<E>(
        &self,
        direction: Direction,
        tell: impl FnOnce(Interest) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut armed = lock(&self.armed);
        let wanted = armed.with(direction);
        tell(wanted)?;
        *armed = wanted;
        Ok(())
    }

    /// The reactor is gone.
    pub(crate) fn give_up(&self, woken: &mut Vec<Waker>) {
        self.read.give_up(woken);
        self.write.give_up(woken);
    }
}
