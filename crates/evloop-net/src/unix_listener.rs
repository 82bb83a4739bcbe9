//! A Unix socket that accepts connections.

use std::{
    fmt, fs, io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::{
            fs::PermissionsExt,
            net::{self, SocketAddr},
        },
    },
    path::Path,
    task::{Context, Poll, ready},
};

use evloop_reactor::{ReactorHandle, Source};
use socket2::Type;

use crate::{
    Incoming, Listener, UnixStream,
    accepting::{BACKLOG, accept, poll_accept},
    address_error::address_error,
    reactor,
    unix_path::{BoundPath, Stale, bind},
};

/// A Unix socket that accepts connections.
///
/// The file of its path is removed when the listener is dropped, unless somebody has put another in
/// its place: asyncio's `cleanup_socket`.
///
/// # Examples
///
/// ```no_run
/// // Not run: it leaves the path to chance.
/// # async fn serve() -> std::io::Result<()> {
/// use evloop_net::UnixListenerOptions;
///
/// let listener = UnixListenerOptions::new()
///     .reuse_stale(true)
///     .mode(0o660)
///     .bind("/run/example.sock")?;
/// let (stream, _peer) = listener.accept().await?;
/// # Ok(())
/// # }
/// ```
pub struct UnixListener {
    /// First, so that the file is gone before connections are refused.
    path: Option<BoundPath>,
    source: Source<net::UnixListener>,
}

/// How a [`UnixListener`] is bound.
#[derive(Debug, Clone)]
#[must_use = "it does nothing until it binds"]
pub struct UnixListenerOptions {
    stale: Stale,
    mode: Option<u32>,
    backlog: i32,
}

impl UnixListenerOptions {
    /// Refuses a path that exists, leaves the mode to the system, and lets up to 4,096 connections
    /// wait to be accepted.
    pub fn new() -> Self {
        Self {
            stale: Stale::Keep,
            mode: None,
            backlog: BACKLOG,
        }
    }

    /// Replaces a socket that nobody listens on any more, which is one that refuses connections.
    /// Anything else that is there is still refused.
    pub fn reuse_stale(mut self, reuse: bool) -> Self {
        self.stale = if reuse { Stale::Replace } else { Stale::Keep };
        self
    }

    /// The permissions of the file, which it has before anybody can connect.
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// How many connections may wait to be accepted.
    pub fn backlog(mut self, backlog: u32) -> Self {
        self.backlog = backlog.try_into().unwrap_or(i32::MAX);
        self
    }

    /// Listens on `path`, on the current reactor.
    ///
    /// # Errors
    ///
    /// `AddrInUse` if the path exists, `InvalidInput` if it is too long for a socket, and those of the
    /// system, in an error that names the path; `NotConnected` if no reactor is current.
    pub fn bind(&self, path: impl AsRef<Path>) -> io::Result<UnixListener> {
        self.bind_in(&reactor::current()?, path)
    }

    /// Listens on `path`, on the reactor of `handle`.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind), and [`ReactorGone`](evloop_reactor::ReactorGone) if the reactor
    /// was dropped.
    pub fn bind_in(
        &self,
        handle: &ReactorHandle,
        path: impl AsRef<Path>,
    ) -> io::Result<UnixListener> {
        let path = path.as_ref();
        let (socket, bound) = bind(Type::STREAM, path, self.stale)?;
        if let (Some(mode), Some(_)) = (self.mode, &bound) {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))
                .map_err(|error| address_error("set the mode of", path.display(), error))?;
        }
        socket.listen(self.backlog)?;
        let source = handle.register(OwnedFd::from(socket).into())?;
        Ok(UnixListener {
            path: bound,
            source,
        })
    }
}

impl Default for UnixListenerOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl UnixListener {
    /// Listens on `path`, on the current reactor: the short form of [`UnixListenerOptions`].
    ///
    /// # Errors
    ///
    /// As [`UnixListenerOptions::bind`].
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        UnixListenerOptions::new().bind(path)
    }

    /// Takes over a listener of the standard library, on the reactor of `handle`.
    ///
    /// Makes it non-blocking. Its file is left alone. With the current reactor, this is `TryFrom`.
    ///
    /// # Errors
    ///
    /// If it cannot be made non-blocking or registered; the listener is closed then.
    pub fn from_std_in(handle: &ReactorHandle, listener: net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let source = handle.register(listener)?;
        Ok(Self { path: None, source })
    }

    /// Leaves the reactor and gives the listener of the standard library, still non-blocking. Its
    /// file is left where it is.
    ///
    /// # Errors
    ///
    /// If the descriptor was closed behind the listener.
    pub fn into_std(mut self) -> io::Result<net::UnixListener> {
        if let Some(path) = self.path.take() {
            path.keep();
        }
        Ok(self.source.into_inner()?)
    }

    /// Accepts a connection, which belongs to the reactor of this listener.
    ///
    /// As [`TcpListener::accept`](crate::TcpListener::accept) in all else.
    ///
    /// # Cancel safety
    ///
    /// No connection is lost: there is no await after one was taken.
    ///
    /// # Errors
    ///
    /// As [`TcpListener::accept`](crate::TcpListener::accept).
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        self.adopt(accept(&self.source).await?)
    }

    /// Polls for a connection, as [`accept`](Self::accept) does, for one task at a time: the last
    /// one to poll is woken.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub fn poll_accept(&self, cx: &Context<'_>) -> Poll<io::Result<(UnixStream, SocketAddr)>> {
        let accepted = ready!(poll_accept(&self.source, cx))?;
        Poll::Ready(self.adopt(accepted))
    }

    /// The stream of connections, which has no end and goes on after an error.
    pub fn incoming(&self) -> Incoming<'_, Self> {
        Incoming::new(self)
    }

    /// The address that is listened on.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source.get_ref().local_addr()
    }

    fn adopt(
        &self,
        accepted: (net::UnixStream, SocketAddr),
    ) -> io::Result<(UnixStream, SocketAddr)> {
        let (stream, peer) = accepted;
        let stream = UnixStream::adopt(&self.source.handle(), stream)?;
        Ok((stream, peer))
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;
    type Addr = SocketAddr;

    fn poll_accept(&self, cx: &Context<'_>) -> Poll<io::Result<(UnixStream, SocketAddr)>> {
        self.poll_accept(cx)
    }
}

/// On the current reactor; makes the listener non-blocking.
impl TryFrom<net::UnixListener> for UnixListener {
    type Error = io::Error;

    fn try_from(listener: net::UnixListener) -> io::Result<Self> {
        Self::from_std_in(&reactor::current()?, listener)
    }
}

impl AsFd for UnixListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }
}

impl fmt::Debug for UnixListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnixListener")
            .field("local", &self.local_addr().ok())
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
