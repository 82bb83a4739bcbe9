//! A TCP socket that accepts connections.

use std::{
    fmt, io,
    net::{self, SocketAddr},
    os::fd::{AsFd, BorrowedFd},
    task::{Context, Poll, ready},
};

use evloop_reactor::{ReactorHandle, Source};
use evloop_resolve::ToSocketAddrs;

use crate::{
    Incoming, Listener, TcpListenerOptions, TcpStream,
    accepting::{accept, poll_accept},
    reactor,
};

/// A TCP socket that accepts connections.
///
/// # Examples
///
/// ```
/// use evloop_net::TcpListener;
/// use evloop_reactor::Reactor;
/// use futures_lite::future::block_on;
///
/// let reactor = Reactor::new()?;
/// let _entered = reactor.enter();
///
/// let listener = block_on(TcpListener::bind("127.0.0.1:0"))?;
/// assert_ne!(listener.local_addr()?.port(), 0);
/// # std::io::Result::Ok(())
/// ```
pub struct TcpListener {
    pub(crate) source: Source<net::TcpListener>,
}

impl TcpListener {
    /// Listens on the first of `addrs` that can be bound, on the current reactor.
    ///
    /// Port 0 lets the system choose one. The address may be reused at once after an earlier
    /// listener is gone (`SO_REUSEADDR`); up to 4,096 connections wait to be accepted.
    /// [`TcpListenerOptions`] has all options.
    ///
    /// # Cancel safety
    ///
    /// As [`TcpListenerOptions::bind`].
    ///
    /// # Errors
    ///
    /// As [`TcpListenerOptions::bind`].
    pub async fn bind(addrs: impl ToSocketAddrs) -> io::Result<Self> {
        TcpListenerOptions::new().bind(addrs).await
    }

    /// Listens on the first of `addrs` that can be bound, on the reactor of `handle`.
    ///
    /// # Cancel safety
    ///
    /// As [`TcpListenerOptions::bind`].
    ///
    /// # Errors
    ///
    /// As [`TcpListenerOptions::bind_in`].
    pub async fn bind_in(handle: &ReactorHandle, addrs: impl ToSocketAddrs) -> io::Result<Self> {
        TcpListenerOptions::new().bind_in(handle, addrs).await
    }

    /// Takes over a listener of the standard library, on the reactor of `handle`.
    ///
    /// Makes it non-blocking. With the current reactor, this is `TryFrom`.
    ///
    /// # Errors
    ///
    /// If it cannot be made non-blocking or registered; the listener is closed then.
    pub fn from_std_in(handle: &ReactorHandle, listener: net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let source = handle.register(listener)?;
        Ok(Self { source })
    }

    /// Leaves the reactor and gives the listener of the standard library, still non-blocking.
    ///
    /// # Errors
    ///
    /// If the descriptor was closed behind the listener.
    pub fn into_std(self) -> io::Result<net::TcpListener> {
        Ok(self.source.into_inner()?)
    }

    /// Accepts a connection, which belongs to the reactor of this listener.
    ///
    /// A connection that was gone before it could be accepted is passed over. Any number of tasks
    /// may accept; all are woken for a connection and one gets it. A loop that accepts should take
    /// a bounded number before it lets others run: this does not, while connections are waiting.
    ///
    /// # Cancel safety
    ///
    /// No connection is lost: there is no await after one was taken.
    ///
    /// # Errors
    ///
    /// `EMFILE` and the like when descriptors or memory have run out: the connection stays
    /// waiting, and the next call tries again at once, so pause before it. And those of
    /// registering the connection.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.adopt(accept(&self.source).await?)
    }

    /// Polls for a connection, as [`accept`](Self::accept) does, for one task at a time: the last
    /// one to poll is woken.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub fn poll_accept(&self, cx: &Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        let accepted = ready!(poll_accept(&self.source, cx))?;
        Poll::Ready(self.adopt(accepted))
    }

    /// The stream of connections, which has no end and goes on after an error.
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming::new(self)
    }

    /// The address that is listened on, with the port that the system chose.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source.get_ref().local_addr()
    }

    fn adopt(&self, accepted: (net::TcpStream, SocketAddr)) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = accepted;
        let stream = TcpStream::adopt(&self.source.handle(), stream)?;
        Ok((stream, peer))
    }
}

/// On the current reactor; makes the listener non-blocking.
impl TryFrom<net::TcpListener> for TcpListener {
    type Error = io::Error;

    fn try_from(listener: net::TcpListener) -> io::Result<Self> {
        Self::from_std_in(&reactor::current()?, listener)
    }
}

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.get_ref().as_fd()
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpListener")
            .field("local", &self.local_addr().ok())
            .field("source", &self.source)
            .finish()
    }
}

impl Listener for TcpListener {
    type Stream = TcpStream;
    type Addr = SocketAddr;

    fn poll_accept(&self, cx: &Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        self.poll_accept(cx)
    }
}
