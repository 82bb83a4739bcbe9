//! A Unix socket for datagrams.

use std::{
    fmt, io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::{self, SocketAddr},
    },
    path::Path,
};

use evloop_reactor::{ReactorHandle, Source};
use socket2::Type;

use crate::{
    address_error::address_error,
    reactor,
    unix_path::{BoundPath, Stale, bind},
};

/// A Unix socket for datagrams.
///
/// Any number of tasks may send and receive at once. The file of a bound one is removed when it is
/// dropped, unless somebody has put another in its place.
///
/// # Cancel safety
///
/// Of none of the methods anything is lost: there is no await after a datagram was taken or sent.
pub struct UnixDatagram {
    /// First, so that the file is gone before datagrams are refused.
    path: Option<BoundPath>,
    source: Source<net::UnixDatagram>,
}

impl UnixDatagram {
    /// Binds to `path`, on the current reactor. A stale socket there is replaced, as asyncio does.
    ///
    /// # Errors
    ///
    /// `AddrInUse` if the path exists and is no stale socket, `InvalidInput` if it is too long for a
    /// socket, and those of the system, in an error that names the path; `NotConnected` if no reactor
    /// is current.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        let handle = reactor::current()?;
        let (socket, path) = bind(Type::DGRAM, path.as_ref(), Stale::Replace)?;
        let source = handle.register(OwnedFd::from(socket).into())?;
        Ok(Self { path, source })
    }

    /// A socket without an address, on the current reactor, which can only send.
    ///
    /// # Errors
    ///
    /// Those of the system; `NotConnected` if no reactor is current.
    pub fn unbound() -> io::Result<Self> {
        Self::from_std_in(&reactor::current()?, net::UnixDatagram::unbound()?)
    }

    /// Two sockets that are connected with one another, on the current reactor.
    ///
    /// # Errors
    ///
    /// Those of the system; `NotConnected` if no reactor is current.
    pub fn pair() -> io::Result<(Self, Self)> {
        let handle = reactor::current()?;
        let (ours, theirs) = net::UnixDatagram::pair()?;
        let ours = Self::from_std_in(&handle, ours)?;
        Ok((ours, Self::from_std_in(&handle, theirs)?))
    }

    /// Takes over a socket of the standard library, on the reactor of `handle`.
    ///
    /// Makes it non-blocking. Its file is left alone. With the current reactor, this is `TryFrom`.
    ///
    /// # Errors
    ///
    /// If it cannot be made non-blocking or registered; the socket is closed then.
    pub fn from_std_in(handle: &ReactorHandle, socket: net::UnixDatagram) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let source = handle.register(socket)?;
        Ok(Self { path: None, source })
    }

    /// Leaves the reactor and gives the socket of the standard library, still non-blocking. Its file
    /// is left where it is.
    ///
    /// # Errors
    ///
    /// If the descriptor was closed behind the socket.
    pub fn into_std(mut self) -> io::Result<net::UnixDatagram> {
        if let Some(path) = self.path.take() {
            path.keep();
        }
        Ok(self.source.into_inner()?)
    }

    /// Sends to, and receives from, the socket at `path`, and no other.
    ///
    /// # Errors
    ///
    /// Those of the system, in an error that names the path.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let connected = self.source.get_ref().connect(path);
        connected.map_err(|error| address_error("connect to", path.display(), error))
    }

    /// Sends a datagram to where the socket is connected. Waits while the receiver's queue is full.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Errors
    ///
    /// Those of the socket.
    pub async fn send(&self, data: &[u8]) -> io::Result<usize> {
        self.source.write_with(|socket| socket.send(data)).await
    }

    /// Sends a datagram to the socket at `path`.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Errors
    ///
    /// Those of the socket. `WouldBlock` if the queue of the receiver is full: without a connection
    /// the system has no event for its room, so try again later.
    pub async fn send_to(&self, data: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        let path = path.as_ref();
        // The readiness of this socket says nothing of the receiver's, so that there is nothing to
        // wait for.
        self.source.get_ref().send_to(data, path)
    }

    /// Receives a datagram.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Errors
    ///
    /// Those of the socket.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.source.read_with(|socket| socket.recv(buf)).await
    }

    /// Receives a datagram, and says who has sent it.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Errors
    ///
    /// Those of the socket.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.source.read_with(|socket| socket.recv_from(buf)).await
    }

    /// The address of this socket.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source.get_ref().local_addr()
    }
}

/// On the current reactor; makes the socket non-blocking.
impl TryFrom<net::UnixDatagram> for UnixDatagram {
    type Error = io::Error;

    fn try_from(socket: net::UnixDatagram) -> io::Result<Self> {
        Self::from_std_in(&reactor::current()?, socket)
    }
}

impl AsFd for UnixDatagram {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }
}

impl fmt::Debug for UnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnixDatagram")
            .field("local", &self.local_addr().ok())
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
