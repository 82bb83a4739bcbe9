//! The seam to the operating system: registering, waiting, interrupting a wait.
//!
//! The descriptors live in a `polling::Poller`. There are two ways to wait for them: `epoll` waits
//! on the descriptor of the `Poller` itself, for one system call a turn; `portable` waits through
//! `polling`, which takes five on Linux and works wherever `polling` does.

use std::{io, mem, os::fd::BorrowedFd, sync::Arc, time::Duration};

use evloop_fork::Origin;
use polling::{PollMode, Poller};

use crate::{Direction, key::Key, readiness::ShortTransfer};

#[cfg(target_os = "linux")]
mod epoll;
mod portable;
mod register;
#[cfg(not(target_os = "linux"))]
mod without_epoll;
#[cfg(not(target_os = "linux"))]
use without_epoll as epoll;

#[cfg(test)]
mod tests;

/// How many events one wait takes from the system at most; the rest comes with the next wait.
pub(crate) const EVENTS_PER_WAIT: usize = 1024;

/// Some of the two directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interest {
    pub(crate) read: bool,
    pub(crate) write: bool,
}

/// What the system said about one registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) key: Key,
    /// The directions in which an operation may succeed or fail now. An error or a hang-up
    /// concerns both, whatever was asked for.
    pub(crate) interest: Interest,
    pub(crate) short_read: ShortTransfer,
    pub(crate) short_write: ShortTransfer,
}

/// How often an event for a [`Source`](crate::Source) is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventMode {
    /// Whenever something changes, without further ado.
    Edge,
    /// Once, and again after the registration was armed again.
    Once,
}

/// Which way to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    /// Directly on epoll where the system allows it, else through `polling`.
    Best,
    /// Through `polling`.
    Portable,
    /// Through `polling`, as on a system without edge-triggered events.
    #[cfg(test)]
    PortableOnce,
}

/// The descriptors that are watched, and how to interrupt the thread that watches them.
#[derive(Debug)]
pub(crate) struct Sys {
    /// Shared with nobody: in a child it is leaked by way of the count.
    poller: Arc<Poller>,
    waiting: Waiting,
    mode: EventMode,
    /// A child that was forked off shares the state of the poller with its parent: it may not touch it.
    origin: Origin,
}

#[derive(Debug)]
enum Waiting {
    Epoll(epoll::Interrupter),
    Portable,
}

/// The owner's half of the wait, with the events of the last one.
#[derive(Debug)]
pub(crate) enum Events {
    Epoll(epoll::Events),
    Portable(portable::Events),
}

impl Sys {
    pub(crate) fn new(backend: Backend) -> io::Result<(Self, Events)> {
        let poller = Poller::new()?;
        let direct = match backend {
            Backend::Best => epoll::Interrupter::new(&poller)?,
            _ => None,
        };
        let mode = match backend {
            #[cfg(test)]
            Backend::PortableOnce => EventMode::Once,
            _ if poller.supports_edge() => EventMode::Edge,
            _ => EventMode::Once,
        };
        let (waiting, events) = match direct {
            Some(interrupter) => (
                Waiting::Epoll(interrupter),
                Events::Epoll(epoll::Events::new(&poller)),
            ),
            None => (
                Waiting::Portable,
                Events::Portable(portable::Events::new(&poller)?),
            ),
        };
        let sys = Self {
            poller: Arc::new(poller),
            waiting,
            mode,
            origin: Origin::here(),
        };
        Ok((sys, events))
    }

    /// An error in a child that was forked off.
    fn check_process(&self) -> io::Result<()> {
        if self.origin.is_here() {
            return Ok(());
        }
        Err(io::Error::other(
            "the reactor belongs to the process that forked this one off",
        ))
    }

    /// How often events for sources are reported.
    pub(crate) fn mode(&self) -> EventMode {
        self.mode
    }

    /// Whether a wait is one system call on epoll itself.
    pub(crate) fn waits_directly(&self) -> bool {
        matches!(self.waiting, Waiting::Epoll(_))
    }

    /// Waits for events, at most for `timeout`, and replaces what `events` held before.
    pub(crate) fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        self.check_process()?;
        match events {
            Events::Epoll(events) => events.wait(&self.poller, timeout),
            Events::Portable(events) => events.wait(&self.poller, timeout),
        }
    }

    /// Ends the wait of another thread, or the next one if there is none. In a child nobody waits.
    pub(crate) fn interrupt(&self) -> io::Result<()> {
        if !self.origin.is_here() {
            return Ok(());
        }
        match &self.waiting {
            Waiting::Epoll(interrupter) => interrupter.interrupt(),
            Waiting::Portable => self.poller.notify(),
        }
    }

    /// Watches `fd` for a source: both directions at once, or none until it is armed.
    pub(crate) fn add_source(&self, fd: BorrowedFd<'_>, key: Key) -> io::Result<()> {
        self.check_process()?;
        match (&self.waiting, self.mode) {
            (Waiting::Epoll(_), _) => epoll::add_edge(&self.poller, fd, key),
            (Waiting::Portable, EventMode::Edge) => {
                let both = polling::Event::all(key.raw());
                register::add(&self.poller, fd, both, PollMode::Edge)
            }
            (Waiting::Portable, EventMode::Once) => {
                let none = polling::Event::none(key.raw());
                register::add(&self.poller, fd, none, PollMode::Oneshot)
            }
        }
    }

    /// Asks for one more event in the directions of `interest`; only in [`EventMode::Once`].
    pub(crate) fn arm_source(
        &self,
        fd: BorrowedFd<'_>,
        key: Key,
        interest: Interest,
    ) -> io::Result<()> {
        self.check_process()?;
        let event = interest.as_event(key);
        self.poller.modify_with_mode(fd, event, PollMode::Oneshot)
    }

    /// Watches `fd` level-triggered, for nothing yet.
    pub(crate) fn add_level(&self, fd: BorrowedFd<'_>, key: Key) -> io::Result<()> {
        self.check_process()?;
        let (event, mode) = level(key, Interest::NONE);
        register::add(&self.poller, fd, event, mode)
    }

    /// Changes what a level-triggered registration is watched for.
    pub(crate) fn set_level(
        &self,
        fd: BorrowedFd<'_>,
        key: Key,
        interest: Interest,
    ) -> io::Result<()> {
        self.check_process()?;
        let (event, mode) = level(key, interest);
        self.poller.modify_with_mode(fd, event, mode)
    }

    /// Watches `fd` no longer. In a child that would end the parent's watch.
    pub(crate) fn delete(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        if !self.origin.is_here() {
            return Ok(());
        }
        self.poller.delete(fd)
    }
}

/// A `Poller` takes its own notifier and timer out of the epoll when it is dropped. In a child that would be
/// the parent's epoll, whose next wait through `polling` fails then; and elsewhere a child has no descriptor
/// of this number, or another one. So the child keeps it.
impl Drop for Sys {
    fn drop(&mut self) {
        if matches!(self.waiting, Waiting::Portable) && !self.origin.is_here() {
            mem::forget(Arc::clone(&self.poller));
        }
    }
}

/// An error or a hang-up is reported even to who asked for nothing, and level-triggered that would
/// be on every turn. Asked for once, it is reported at most once and ignored.
fn level(key: Key, interest: Interest) -> (polling::Event, PollMode) {
    let mode = match interest {
        Interest::NONE => PollMode::Oneshot,
        _ => PollMode::Level,
    };
    (interest.as_event(key), mode)
}

impl Events {
    /// Calls `each` with every event of the last wait, notifications left out.
    pub(crate) fn for_each(&self, each: impl FnMut(Event)) {
        match self {
            Self::Epoll(events) => events.iter().for_each(each),
            Self::Portable(events) => events.iter().for_each(each),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Epoll(events) => events.is_empty(),
            Self::Portable(events) => events.is_empty(),
        }
    }
}

impl Interest {
    pub(crate) const NONE: Self = Self {
        read: false,
        write: false,
    };

    #[must_use]
    pub(crate) fn with(self, direction: Direction) -> Self {
        Self {
            read: self.read || direction == Direction::Read,
            write: self.write || direction == Direction::Write,
        }
    }

    #[must_use]
    pub(crate) fn without(self, direction: Direction) -> Self {
        Self {
            read: self.read && direction != Direction::Read,
            write: self.write && direction != Direction::Write,
        }
    }

    fn as_event(self, key: Key) -> polling::Event {
        polling::Event::new(key.raw(), self.read, self.write)
    }
}
