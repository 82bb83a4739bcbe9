//! Waiting through `polling`, on any system that it supports.

use std::{fmt, io, num::NonZeroUsize, time::Duration};

use polling::Poller;

use super::{EVENTS_PER_WAIT, Event, Interest};
use crate::{key::Key, readiness::ShortTransfer};

/// The buffer of one wait.
pub(crate) struct Events {
    list: polling::Events,
}

impl Events {
    /// Fails where the system refuses to wait at all, rather than at the first turn.
    pub(super) fn new(poller: &Poller) -> io::Result<Self> {
        let capacity = NonZeroUsize::MIN.saturating_add(EVENTS_PER_WAIT - 1);
        let mut events = Self {
            list: polling::Events::with_capacity(capacity),
        };
        events.wait(poller, Some(Duration::ZERO)).map_err(refused)?;
        Ok(events)
    }

    pub(super) fn wait(&mut self, poller: &Poller, timeout: Option<Duration>) -> io::Result<()> {
        self.list.clear();
        poller.wait(&mut self.list, timeout)?;
        Ok(())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Event> + '_ {
        self.list.iter().map(|event| Event {
            key: Key::from_raw(event.key),
            interest: Interest {
                read: event.readable,
                write: event.writable,
            },
            // `polling` does not tell whether the stream has ended as well.
            short_read: ShortTransfer::MeansNothing,
            short_write: ShortTransfer::MeansNothing,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

fn refused(error: io::Error) -> io::Error {
    let text = format!("failed to wait for events: {error}");
    io::Error::new(error.kind(), text)
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("len", &self.list.len())
            .finish()
    }
}
