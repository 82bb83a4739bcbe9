//! Waiting for one direction of a source.

use std::{
    fmt,
    future::Future,
    io,
    os::fd::AsFd,
    pin::Pin,
    task::{Context, Poll},
};

use crate::{
    Direction, Source,
    readiness::Snapshot,
    side::Until,
    waiters::{Place, Ticket},
};

/// The readiness that a wait has seen.
///
/// It names the generation, so that clearing it never erases an event that came later.
///
/// # Examples
///
/// ```
/// use std::{os::unix::net::UnixStream, task::{Context, Poll, Waker}, time::Duration};
/// use evloop_reactor::{Direction, Reactor};
///
/// let mut reactor = Reactor::new()?;
/// let (ours, _theirs) = UnixStream::pair()?;
/// let source = reactor.handle().register(ours)?;
/// reactor.poll(Some(Duration::ZERO), &mut Vec::new())?;
/// let cx = Context::from_waker(Waker::noop());
///
/// let Poll::Ready(Ok(ready)) = source.poll_writable(&cx) else { panic!("an empty buffer") };
/// assert_eq!(ready.direction(), Direction::Write);
///
/// source.clear(ready);
/// assert!(source.poll_writable(&cx).is_pending());
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    pub(crate) direction: Direction,
    pub(crate) seen: Snapshot,
}

impl Ready {
    /// The direction that was waited for.
    #[must_use]
    pub fn direction(self) -> Direction {
        self.direction
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ready").field(&self.direction).finish()
    }
}

/// The future of [`Source::readable`] and [`Source::writable`].
///
/// Its output is [`Ready`], or the error that the reactor is gone.
#[must_use = "futures do nothing unless polled"]
pub struct WaitReady<'a, S: AsFd> {
    source: &'a Source<S>,
    direction: Direction,
    until: Until,
    /// The place in the list of waiters, while it has one.
    ticket: Option<Ticket>,
}

impl<'a, S: AsFd> WaitReady<'a, S> {
    pub(crate) fn new(source: &'a Source<S>, direction: Direction, until: Until) -> Self {
        Self {
            source,
            direction,
            until,
            ticket: None,
        }
    }
}

impl<S: AsFd> Future for WaitReady<'_, S> {
    type Output = io::Result<Ready>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let place = Place::List(&mut this.ticket);
        this.source.poll_side(this.direction, this.until, place, cx)
    }
}

impl<S: AsFd> Drop for WaitReady<'_, S> {
    fn drop(&mut self) {
        if self.ticket.is_some() {
            let place = Place::List(&mut self.ticket);
            self.source.cancel(self.direction, place);
        }
    }
}

impl<S: AsFd> fmt::Debug for WaitReady<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitReady")
            .field("direction", &self.direction)
            .field("waiting", &self.ticket.is_some())
            .finish_non_exhaustive()
    }
}
