//! Accepting connections, whatever they are made of.

use std::{
    io, net,
    os::{fd::AsFd, unix},
    pin::Pin,
    task::{Context, Poll, ready},
};

use evloop_reactor::{Direction, Source};
use futures_lite::{Stream, future::yield_now};
use rustix::io::Errno;

use crate::{TcpListener, calls};

/// How many connections the system keeps that were not accepted yet, unless it is set to keep fewer: with too few, a
/// burst of them waits for a second attempt after a second.
pub(crate) const BACKLOG: i32 = 4096;

/// How many connections that were gone again are passed over at once, before others get their turn.
const ABORTED_AT_ONCE: usize = 16;

/// What accepts connections: the listeners of this crate, and those that a program puts in their
/// place.
pub trait Listener {
    /// A connection.
    type Stream;
    /// What is known of the other end.
    type Addr;

    /// Polls for a connection, for one task at a time: the last one to poll is woken.
    ///
    /// # Errors
    ///
    /// Those of the listener. After one it may be polled again.
    fn poll_accept(&self, cx: &Context<'_>) -> Poll<io::Result<(Self::Stream, Self::Addr)>>;
}

/// The stream of connections of a listener.
///
/// It shares the one slot of [`Listener::poll_accept`]: one task at a time.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Incoming<'a, L = TcpListener> {
    listener: &'a L,
}

impl<'a, L> Incoming<'a, L> {
    pub(crate) fn new(listener: &'a L) -> Self {
        Self { listener }
    }
}

impl<L: Listener> Stream for Incoming<'_, L> {
    type Item = io::Result<L::Stream>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let accepted = ready!(self.listener.poll_accept(cx));
        Poll::Ready(Some(accepted.map(|(stream, _)| stream)))
    }
}

/// A listening socket of the standard library.
pub(crate) trait ListeningSocket: AsFd {
    type Accepted;

    /// Takes the next connection, which does not block and is not inherited by child processes.
    fn accept_now(&self) -> io::Result<Self::Accepted>;
}

impl ListeningSocket for net::TcpListener {
    type Accepted = (net::TcpStream, net::SocketAddr);

    fn accept_now(&self) -> io::Result<Self::Accepted> {
        calls::accept(self)
    }
}

impl ListeningSocket for unix::net::UnixListener {
    type Accepted = (unix::net::UnixStream, unix::net::SocketAddr);

    fn accept_now(&self) -> io::Result<Self::Accepted> {
        let (stream, peer) = self.accept()?;
        stream.set_nonblocking(true)?;
        Ok((stream, peer))
    }
}

/// Waits for a connection. Those that were gone again are passed over.
pub(crate) async fn accept<L: ListeningSocket>(source: &Source<L>) -> io::Result<L::Accepted> {
    loop {
        if let Some(accepted) = source.read_with(accept_one).await? {
            return Ok(accepted);
        }
        yield_now().await;
    }
}

pub(crate) fn poll_accept<L: ListeningSocket>(
    source: &Source<L>,
    cx: &Context<'_>,
) -> Poll<io::Result<L::Accepted>> {
    match ready!(source.poll_io(Direction::Read, cx, accept_one))? {
        Some(accepted) => Poll::Ready(Ok(accepted)),
        None => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    }
}

/// A connection, or `None` if too many in a row were gone again.
fn accept_one<L: ListeningSocket>(listener: &L) -> io::Result<Option<L::Accepted>> {
    for _ in 0..ABORTED_AT_ONCE {
        match listener.accept_now() {
            Err(error) if concerns_the_connection(&error) => {}
            accepted => return accepted.map(Some),
        }
    }
    Ok(None)
}

/// The connection failed or was refused by a filter, and is out of the way; the listener is fine.
fn concerns_the_connection(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::CONNABORTED | Errno::PROTO | Errno::PERM))
}

#[cfg(test)]
mod tests;
