//! A connection through a Unix socket.

use std::{
    fmt,
    fs::File,
    io,
    net::Shutdown,
    ops::Range,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::{self, SocketAddr},
    },
    path::Path,
};

use evloop_reactor::{ReactorHandle, Source};
use rustix::net::{RecvFlags, recv};
use socket2::{SockAddr, Type};

use crate::{
    address_error::address_error,
    owned_halves::{OwnedReadHalf, OwnedWriteHalf, split},
    reactor,
    send_file::send_file,
    socket_stream::socket_stream,
    unix_path::unix_socket,
};

/// A connection through a Unix socket.
///
/// What is said of [`TcpStream`](crate::TcpStream) is true of it as well: the traits for it and for
/// references to it, the slots for waiting tasks, closing, and cancel safety.
pub struct UnixStream {
    pub(crate) source: Source<net::UnixStream>,
}

impl UnixStream {
    /// Connects to the socket at `path`, on the current reactor.
    ///
    /// # Cancel safety
    ///
    /// It has no await of its own: a Unix socket connects at once or not at all.
    ///
    /// # Errors
    ///
    /// Those of the system, in an error that names the path. `WouldBlock` if too many connections
    /// wait to be accepted there: the system has no event for room, so try again later.
    /// `NotConnected` if no reactor is current.
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::connect_in(&reactor::current()?, path).await
    }

    /// Connects to the socket at `path`, on the reactor of `handle`.
    ///
    /// # Cancel safety
    ///
    /// As [`connect`](Self::connect).
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect), and [`ReactorGone`](evloop_reactor::ReactorGone) if the
    /// reactor was dropped.
    pub async fn connect_in(handle: &ReactorHandle, path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let socket = unix_socket(Type::STREAM)?;
        SockAddr::unix(path)
            .and_then(|addr| socket.connect(&addr))
            .map_err(|error| address_error("connect to", path.display(), error))?;
        Self::adopt(handle, OwnedFd::from(socket).into())
    }

    /// Two streams that are connected with one another, on the current reactor.
    ///
    /// # Errors
    ///
    /// Those of the system; `NotConnected` if no reactor is current.
    pub fn pair() -> io::Result<(Self, Self)> {
        let handle = reactor::current()?;
        let (ours, theirs) = net::UnixStream::pair()?;
        let ours = Self::from_std_in(&handle, ours)?;
        Ok((ours, Self::from_std_in(&handle, theirs)?))
    }

    /// Takes over a stream of the standard library, on the reactor of `handle`.
    ///
    /// Makes it non-blocking. With the current reactor, this is `TryFrom`.
    ///
    /// # Errors
    ///
    /// If it cannot be made non-blocking or registered; the stream is closed then.
    pub fn from_std_in(handle: &ReactorHandle, stream: net::UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Self::adopt(handle, stream)
    }

    /// The same for one that is non-blocking.
    pub(crate) fn adopt(handle: &ReactorHandle, stream: net::UnixStream) -> io::Result<Self> {
        let source = handle.register(stream)?;
        Ok(Self { source })
    }

    /// Leaves the reactor and gives the stream of the standard library, still non-blocking.
    ///
    /// # Errors
    ///
    /// If the descriptor was closed behind the stream.
    pub fn into_std(self) -> io::Result<net::UnixStream> {
        Ok(self.source.into_inner()?)
    }

    /// The stream as two halves: see [`TcpStream::into_split`](crate::TcpStream::into_split).
    #[must_use]
    pub fn into_split(self) -> (OwnedReadHalf<Self>, OwnedWriteHalf<Self>) {
        split(self)
    }

    /// Reads into `buf` without taking the bytes out of the socket: see
    /// [`TcpStream::peek`](crate::TcpStream::peek).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Errors
    ///
    /// Those of the socket.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        let peek = |stream: &net::UnixStream| {
            let (_, count) = recv(stream, &mut *buf, RecvFlags::PEEK)?;
            Ok(count)
        };
        self.source.read_with(peek).await
    }

    /// Sends what lies in `range` of the file: see [`TcpStream::send_file`](crate::TcpStream::send_file).
    ///
    /// # Cancel safety
    ///
    /// The range says what has not been sent, and may be given again.
    ///
    /// # Errors
    ///
    /// Those of the socket and of the file.
    pub async fn send_file(&self, file: &File, range: &mut Range<u64>) -> io::Result<u64> {
        send_file(&self.source, file, range).await
    }

    /// Ends reading, writing or both.
    ///
    /// # Errors
    ///
    /// `NotConnected` if the connection has failed.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.source.get_ref().shutdown(how)
    }

    /// The address of this end, which has none as a rule.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source.get_ref().local_addr()
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.source.get_ref().peer_addr()
    }
}

/// On the current reactor; makes the stream non-blocking.
impl TryFrom<net::UnixStream> for UnixStream {
    type Error = io::Error;

    fn try_from(stream: net::UnixStream) -> io::Result<Self> {
        Self::from_std_in(&reactor::current()?, stream)
    }
}

impl AsFd for UnixStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }
}

impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnixStream")
            .field("local", &self.local_addr().ok())
            .field("peer", &self.peer_addr().ok())
            .field("source", &self.source)
            .finish()
    }
}

socket_stream!(UnixStream);
