//! A UDP socket.

use std::{
    fmt, io,
    net::{self, SocketAddr},
    os::fd::{AsFd, BorrowedFd},
};

use evloop_reactor::{ReactorHandle, Source};
use evloop_resolve::{ToSocketAddrs, resolve};

use crate::{
    address_error::{address_error, no_address},
    reactor,
};

/// A UDP socket.
///
/// Any number of tasks may send and receive at once. A datagram that is longer than the buffer is cut
/// off. Options such as broadcast and multicast are set by `socket2::SockRef::from(&socket)`.
///
/// # Cancel safety
///
/// Of none of the methods anything is lost: there is no await after a datagram was taken or sent.
///
/// # Examples
///
/// ```
/// use evloop_net::UdpSocket;
/// use evloop_reactor::Reactor;
/// use futures_lite::future::block_on;
///
/// let reactor = Reactor::new()?;
/// let _entered = reactor.enter();
/// block_on(async {
///     let ours = UdpSocket::bind("127.0.0.1:0").await?;
///     let theirs = UdpSocket::bind("127.0.0.1:0").await?;
///     theirs.connect(ours.local_addr()?).await?;
///
///     theirs.send(b"hello").await?;
///     let mut buf = [0; 64];
///     let (count, from) = ours.recv_from(&mut buf).await?;
///     assert_eq!((&buf[..count], from), (&b"hello"[..], theirs.local_addr()?));
///     # std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub struct UdpSocket {
    source: Source<net::UdpSocket>,
}

impl UdpSocket {
    /// Binds to the first of `addrs` that can be bound, on the current reactor. Port 0 lets the system
    /// choose one. A name is looked up on a thread of the shared resolver.
    ///
    /// # Cancel safety
    ///
    /// It awaits the lookup of a name; nothing else has happened then.
    ///
    /// # Errors
    ///
    /// What the last address gave, in an error that names it; `InvalidInput` for no address at all;
    /// `NotConnected` if no reactor is current.
    pub async fn bind(addrs: impl ToSocketAddrs) -> io::Result<Self> {
        Self::bind_in(&reactor::current()?, addrs).await
    }

    /// The same on the reactor of `handle`.
    ///
    /// # Cancel safety
    ///
    /// As [`bind`](Self::bind).
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind), and [`ReactorGone`](evloop_reactor::ReactorGone) if the reactor was
    /// dropped.
    pub async fn bind_in(handle: &ReactorHandle, addrs: impl ToSocketAddrs) -> io::Result<Self> {
        let mut last = no_address("bind");
        for addr in resolve(addrs).await? {
            match net::UdpSocket::bind(addr).and_then(|socket| Self::from_std_in(handle, socket)) {
                Ok(socket) => return Ok(socket),
                Err(error) => last = address_error("bind to", addr, error),
            }
        }
        Err(last)
    }

    /// Takes over a socket of the standard library, on the reactor of `handle`.
    ///
    /// Makes it non-blocking. With the current reactor, this is `TryFrom`.
    ///
    /// # Errors
    ///
    /// If it cannot be made non-blocking or registered; the socket is closed then.
    pub fn from_std_in(handle: &ReactorHandle, socket: net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let source = handle.register(socket)?;
        Ok(Self { source })
    }

    /// Leaves the reactor and gives the socket of the standard library, still non-blocking.
    ///
    /// # Errors
    ///
    /// If the descriptor was closed behind the socket.
    pub fn into_std(self) -> io::Result<net::UdpSocket> {
        Ok(self.source.into_inner()?)
    }

    /// Sends to, and receives from, the first of `addrs` that is of the socket's family, and no other.
    ///
    /// # Cancel safety
    ///
    /// It awaits the lookup of a name; nothing else has happened then.
    ///
    /// # Errors
    ///
    /// What the last address gave, in an error that names it; `InvalidInput` for no address at all.
    pub async fn connect(&self, addrs: impl ToSocketAddrs) -> io::Result<()> {
        let mut last = no_address("connect");
        for addr in resolve(addrs).await? {
            match self.socket().connect(addr) {
                Ok(()) => return Ok(()),
                Err(error) => last = address_error("connect to", addr, error),
            }
        }
        Err(last)
    }

    /// Sends a datagram, which may be empty, to where the socket is connected.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Errors
    ///
    /// Those of the socket, also what became of a datagram before: `ConnectionRefused` if nobody
    /// receives there.
    pub async fn send(&self, data: &[u8]) -> io::Result<usize> {
        self.source.write_with(|socket| socket.send(data)).await
    }

    /// Sends a datagram to `addr`.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Errors
    ///
    /// Those of the socket.
    pub async fn send_to(&self, data: &[u8], addr: SocketAddr) -> io::Result<usize> {
        let send = |socket: &net::UdpSocket| socket.send_to(data, addr);
        self.source.write_with(send).await
    }

    /// Receives a datagram from where the socket is connected.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
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

    /// Reads the next datagram without taking it.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Errors
    ///
    /// Those of the socket.
    pub async fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.source.read_with(|socket| socket.peek_from(buf)).await
    }

    /// The address of this socket.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket().local_addr()
    }

    /// Where the socket is connected.
    ///
    /// # Errors
    ///
    /// `NotConnected` if it is not.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket().peer_addr()
    }

    fn socket(&self) -> &net::UdpSocket {
        self.source.get_ref()
    }
}

/// On the current reactor; makes the socket non-blocking.
impl TryFrom<net::UdpSocket> for UdpSocket {
    type Error = io::Error;

    fn try_from(socket: net::UdpSocket) -> io::Result<Self> {
        Self::from_std_in(&reactor::current()?, socket)
    }
}

impl AsFd for UdpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UdpSocket")
            .field("local", &self.local_addr().ok())
            .field("source", &self.source)
            .finish()
    }
}
