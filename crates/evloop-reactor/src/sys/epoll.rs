//! Waiting directly on the epoll descriptor of the `Poller`: one system call a turn.
//!
//! `Poller::wait` and `Poller::notify` are never called here. The two ways do not mix: a
//! notification through `polling` is only taken back by its own wait.

use std::{
    fmt, io,
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Duration,
};

use polling::Poller;
use rustix::{
    event::{
        EventfdFlags, Timespec,
        epoll::{self, EventData, EventFlags},
        eventfd,
    },
    io::Errno,
    time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create,
        timerfd_settime,
    },
};

use super::{EVENTS_PER_WAIT, Event, Interest};
use crate::{key::Key, readiness::ShortTransfer};

#[cfg(test)]
mod tests;

/// What `polling` reports as readable.
const READ: EventFlags = EventFlags::IN
    .union(EventFlags::PRI)
    .union(EventFlags::RDHUP)
    .union(BOTH);
/// What `polling` reports as writable.
const WRITE: EventFlags = EventFlags::OUT.union(BOTH);
/// What concerns both directions, and is reported without being asked for.
const BOTH: EventFlags = EventFlags::HUP.union(EventFlags::ERR);
/// After any of these a short read may be followed by more without a further event: the last data
/// before the end of the stream, before an error, before the mark of urgent data.
const READ_ON: EventFlags = EventFlags::RDHUP.union(EventFlags::PRI).union(BOTH);

/// Up to here a wait is ended by a timer of its own, which costs a system call. The timeout of
/// epoll itself is in whole milliseconds, and late by the timer slack of the thread, 50 µs.
const PRECISE: Duration = Duration::from_secs(1);

/// A longer wait ends by the timeout of epoll, and early by this, so that the next call times the
/// rest precisely. Whoever has many long timers and many events pays for no timer in between.
const REST: Duration = Duration::from_millis(500);

/// No wait is longer, which keeps clear of the limit of epoll, 2^31 milliseconds.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

const ZERO: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 0,
};

/// An eventfd, registered edge-triggered: each write is an event, so nobody ever reads it.
#[derive(Debug)]
pub(crate) struct Interrupter {
    eventfd: OwnedFd,
}

impl Interrupter {
    /// `None` when the system has no eventfd, or forbids it.
    pub(super) fn new(poller: &Poller) -> io::Result<Option<Self>> {
        match Self::try_new(poller) {
            Ok(interrupter) => Ok(Some(interrupter)),
            Err(Errno::NOSYS | Errno::PERM) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn try_new(poller: &Poller) -> rustix::io::Result<Self> {
        let eventfd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let flags = EventFlags::IN | EventFlags::ET;
        epoll::add(poller.as_fd(), &eventfd, data(Key::NOTIFIED), flags)?;
        // Where the system refuses to wait, that shows here and not at the first turn.
        let mut probe = [const { MaybeUninit::uninit() }; 1];
        epoll::wait(poller.as_fd(), &mut probe[..], Some(&ZERO))?;
        Ok(Self { eventfd })
    }

    pub(super) fn interrupt(&self) -> io::Result<()> {
        rustix::io::write(&self.eventfd, &1u64.to_ne_bytes())?;
        Ok(())
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec::try_from(duration).expect("a day at most, which is a small number of seconds")
}

/// A timer, registered like the eventfd. Without one, where it is forbidden, waits are less precise.
fn new_timer(poller: &Poller) -> rustix::io::Result<OwnedFd> {
    let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
    let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
    let events = EventFlags::IN | EventFlags::ET;
    epoll::add(poller.as_fd(), &timer, data(Key::NOTIFIED), events)?;
    Ok(timer)
}

/// Watches `fd` edge-triggered in both directions.
///
/// Not through `Poller::add`, which has no way to ask for `RDHUP`. Without it the end of a stream
/// that arrives together with the last data would be an ordinary event, the short read of that
/// data would clear it, and no other would come.
pub(super) fn add_edge(poller: &Poller, fd: BorrowedFd<'_>, key: Key) -> io::Result<()> {
    let flags = EventFlags::ET | READ | WRITE;
    epoll::add(poller.as_fd(), fd, data(key), flags)?;
    Ok(())
}

/// As `polling` stores it, which a test pins.
fn data(key: Key) -> EventData {
    EventData::new_u64(key.raw() as u64)
}

/// The owner's half of the wait: the events of the last one, and the timer that ends the next.
///
/// The events are decoded already: an epoll event may hold a pointer and is not `Send`, which a
/// reactor is.
pub(crate) struct Events {
    list: Vec<Event>,
    timer: Option<OwnedFd>,
}

impl Events {
    pub(super) fn new(poller: &Poller) -> Self {
        Self {
            list: Vec::with_capacity(EVENTS_PER_WAIT),
            timer: new_timer(poller).ok(),
        }
    }

    pub(super) fn wait(&mut self, poller: &Poller, timeout: Option<Duration>) -> io::Result<()> {
        self.list.clear();
        let timeout = timeout.and_then(|timeout| self.set_timer(timeout));
        let mut buffer = [const { MaybeUninit::uninit() }; EVENTS_PER_WAIT];
        let (events, _) = epoll::wait(poller.as_fd(), &mut buffer[..], timeout.as_ref())?;
        self.list.extend(events.iter().filter_map(decode));
        Ok(())
    }

    /// Has the timer end the wait, if that is better, or says how long epoll must wait.
    ///
    /// The timer stays set when something else ends the wait. Setting it again takes an expiry
    /// back; a wait without it is ended once for nothing.
    fn set_timer(&self, timeout: Duration) -> Option<Timespec> {
        if timeout.is_zero() {
            return Some(ZERO);
        }
        if timeout > PRECISE {
            return Some(timespec(LONGEST.min(timeout - REST)));
        }
        let once = Itimerspec {
            it_interval: ZERO,
            it_value: timespec(timeout),
        };
        let set = self
            .timer
            .as_ref()
            .is_some_and(|timer| timerfd_settime(timer, TimerfdTimerFlags::empty(), &once).is_ok());
        (!set).then_some(once.it_value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Event> + '_ {
        self.list.iter().copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// What an event means, or nothing if it is a notification.
fn decode(event: &epoll::Event) -> Option<Event> {
    // Copied out: the fields of an epoll event may be unaligned.
    let (flags, data) = (event.flags, event.data);
    let key = usize::try_from(data.u64()).ok().map(Key::from_raw)?;
    if key.is_notification() {
        return None;
    }
    let short = |lies: EventFlags| match flags.intersects(lies) {
        true => ShortTransfer::MeansNothing,
        false => ShortTransfer::MeansEmpty,
    };
    Some(Event {
        key,
        interest: Interest {
            read: flags.intersects(READ),
            write: flags.intersects(WRITE),
        },
        short_read: short(READ_ON),
        short_write: short(BOTH),
    })
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("len", &self.list.len())
            .finish()
    }
}
