//! A TCP connection.

use std::{
    fmt,
    fs::File,
    io,
    net::{self, Shutdown, SocketAddr},
    ops::Range,
    os::fd::{AsFd, BorrowedFd},
};

use evloop_reactor::{ReactorHandle, Source};
use evloop_resolve::ToSocketAddrs;

use crate::{
    ConnectOptions,
    owned_halves::{OwnedReadHalf, OwnedWriteHalf, split},
    reactor,
    send_file::send_file,
    socket_stream::socket_stream,
};

/// A TCP connection.
///
/// `AsyncRead` and `AsyncWrite` are implemented for `TcpStream` and for `&TcpStream`, so that one
/// task may read while another writes, each through a reference of its own. For each direction
/// there is one slot for a waiting task: **of two tasks that read at once, only the last one is
/// woken.** Closing (`poll_close`, `AsyncWriteExt::close`) shuts the writing half down; dropping
/// the stream closes the socket.
///
/// # Cancel safety
///
/// Of the traits' own operations (`read`, `write`, `flush`, `close` and their vectored forms)
/// nothing is lost when the future is dropped at any await: the bytes stay in the socket, or in
/// the buffer of the caller. What loops over them (`read_exact`, `write_all`, `copy`) loses the
/// count of what it has done.
///
/// # Examples
///
/// Two references as the two halves:
///
/// ```
/// use evloop_net::TcpStream;
/// use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
///
/// async fn ask(stream: TcpStream, question: &[u8]) -> std::io::Result<Vec<u8>> {
///     let (mut reader, mut writer) = (&stream, &stream);
///     let mut answer = Vec::new();
///     let write = async {
///         writer.write_all(question).await?;
///         writer.close().await
///     };
///     future::try_zip(write, reader.read_to_end(&mut answer)).await?;
///     Ok(answer)
/// }
/// # assert_eq!(std::mem::size_of_val(&ask), 0);
/// ```
pub struct TcpStream {
    pub(crate) source: Source<net::TcpStream>,
}

impl TcpStream {
    /// Connects to one of `addrs`, on the current reactor.
    ///
    /// A name is looked up on a thread of the [shared](evloop_resolve::Resolver::shared) resolver. Up to
    /// 16 addresses are tried, the next when one has failed or has not answered for 250 ms, and the
    /// first to answer wins. [`ConnectOptions`] has all options.
    ///
    /// # Cancel safety
    ///
    /// Dropped at any await, the connections that were being made are closed; nothing else happened.
    ///
    /// # Errors
    ///
    /// As [`ConnectOptions::connect`]: a [`ConnectError`](crate::ConnectError) with what each address
    /// gave, `InvalidInput` for no address at all, `NotConnected` if no reactor is current.
    pub async fn connect(addrs: impl ToSocketAddrs) -> io::Result<Self> {
        ConnectOptions::new().connect(addrs).await
    }

    /// Connects to one of `addrs`, on the reactor of `handle`, as [`connect`](Self::connect) does.
    ///
    /// # Cancel safety
    ///
    /// As [`connect`](Self::connect).
    ///
    /// # Errors
    ///
    /// As [`ConnectOptions::connect_in`].
    pub async fn connect_in(handle: &ReactorHandle, addrs: impl ToSocketAddrs) -> io::Result<Self> {
        ConnectOptions::new().connect_in(handle, addrs).await
    }

    /// Takes over a connected stream of the standard library, on the reactor of `handle`.
    ///
    /// Makes it non-blocking. With the current reactor, this is `TryFrom`.
    ///
    /// # Errors
    ///
    /// If it cannot be made non-blocking or registered; the stream is closed then.
    pub fn from_std_in(handle: &ReactorHandle, stream: net::TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Self::adopt(handle, stream)
    }

    /// The same for one that is non-blocking.
    pub(crate) fn adopt(handle: &ReactorHandle, stream: net::TcpStream) -> io::Result<Self> {
        let source = handle.register(stream)?;
        Ok(Self { source })
    }

    /// Leaves the reactor and gives the stream of the standard library, still non-blocking.
    ///
    /// # Errors
    ///
    /// If the descriptor was closed behind the stream.
    pub fn into_std(self) -> io::Result<net::TcpStream> {
        Ok(self.source.into_inner()?)
    }

    /// Reads into `buf` without taking the bytes out of the socket.
    ///
    /// The count is that of the bytes that have arrived, up to the length of `buf`, and zero at
    /// the end of the stream. Any number of tasks may wait in it.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Errors
    ///
    /// Those of the socket.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.source.read_with(|stream| stream.peek(buf)).await
    }

    /// Sends what lies in `range` of the file, without a copy of it in this process where the system can
    /// do that: asyncio's `sock_sendfile`.
    ///
    /// Ends at the end of the file too, so `&mut (0..u64::MAX)` is all of it, and gives the number of
    /// bytes that were sent. The start of the range is moved behind them, also if there is an error
    /// or the future is dropped. The position of the file itself is neither used nor moved.
    ///
    /// Between calls of a mebibyte others get their turn; a file that is not in memory is read by the
    /// system inside of such a call, as in asyncio.
    ///
    /// # Cancel safety
    ///
    /// The range says what has not been sent, and may be given again.
    ///
    /// # Errors
    ///
    /// Those of the socket and of the file. A peer that is gone is an error where `SIGPIPE` is ignored,
    /// as it is in all programs of Rust unless they change that; `sendfile` has no way to leave the signal out.
    pub async fn send_file(&self, file: &File, range: &mut Range<u64>) -> io::Result<u64> {
        send_file(&self.source, file, range).await
    }

    /// Ends reading, writing or both.
    ///
    /// # Errors
    ///
    /// `NotConnected` if the connection has failed.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket().shutdown(how)
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket().local_addr()
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// `NotConnected` if the connection has failed.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket().peer_addr()
    }

    /// Whether small writes are sent at once.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.socket().nodelay()
    }

    /// Sends small writes at once (`true`), or lets the system gather them (`false`, the default).
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.socket().set_nodelay(nodelay)
    }

    fn socket(&self) -> &net::TcpStream {
        self.source.get_ref()
    }

    /// The stream as two halves that may go to different tasks, each dropped on its own.
    ///
    /// Dropping the writing half shuts it down, and the socket closes with the second one. Two
    /// references do as well where the halves stay together.
    #[must_use]
    pub fn into_split(self) -> (OwnedReadHalf<Self>, OwnedWriteHalf<Self>) {
        split(self)
    }
}

/// On the current reactor; makes the stream non-blocking.
impl TryFrom<net::TcpStream> for TcpStream {
    type Error = io::Error;

    fn try_from(stream: net::TcpStream) -> io::Result<Self> {
        Self::from_std_in(&reactor::current()?, stream)
    }
}

impl AsFd for TcpStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket().as_fd()
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpStream")
            .field("local", &self.local_addr().ok())
            .field("peer", &self.peer_addr().ok())
            .field("source", &self.source)
            .finish()
    }
}

socket_stream!(TcpStream);
