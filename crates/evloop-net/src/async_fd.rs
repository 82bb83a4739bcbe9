//! Any descriptor of somebody else's type.

use std::{
    fmt,
    io::{self, IoSlice, IoSliceMut, Read, Write},
    os::fd::{AsFd, BorrowedFd},
    pin::Pin,
    task::{Context, Poll},
};

use evloop_reactor::{Direction, ReactorHandle, Ready, Source, WaitReady};
use futures_lite::{AsyncRead, AsyncWrite};
use rustix::io::ioctl_fionbio;

use crate::{reactor, socket_stream::by_reference};

/// A descriptor of somebody else's type, driven by readiness: a socket of a library, a device, an
/// eventfd.
///
/// Where `&T` is `Read` or `Write`, `Async<T>` and `&Async<T>` are `AsyncRead` or `AsyncWrite`, with
/// one slot for a waiting task in each direction, as for [`TcpStream`](crate::TcpStream). For all
/// else there are [`read_with`](Self::read_with) and [`write_with`](Self::write_with).
///
/// # Examples
///
/// ```
/// use std::os::unix::net::UnixDatagram;
/// use evloop_net::Async;
/// use evloop_reactor::Reactor;
/// use futures_lite::future::block_on;
///
/// let reactor = Reactor::new()?;
/// let _entered = reactor.enter();
/// let (ours, theirs) = UnixDatagram::pair()?;
/// let ours = Async::new(ours)?;
///
/// theirs.send(b"hello")?;
/// let mut buf = [0; 16];
/// let count = block_on(ours.read_with(|socket| socket.recv(&mut buf)))?;
/// assert_eq!(&buf[..count], b"hello");
/// # std::io::Result::Ok(())
/// ```
pub struct Async<T: AsFd> {
    pub(crate) source: Source<T>,
}

impl<T: AsFd> Async<T> {
    /// Takes `io` over, on the current reactor, and makes it non-blocking.
    ///
    /// # Errors
    ///
    /// If it cannot be made non-blocking or registered; it is dropped then. A regular file is
    /// `PermissionDenied`: it is always ready, and reading it blocks all the same. `NotConnected` if
    /// no reactor is current.
    pub fn new(io: T) -> io::Result<Self> {
        Self::new_in(&reactor::current()?, io)
    }

    /// The same on the reactor of `handle`.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and [`ReactorGone`](evloop_reactor::ReactorGone) if the reactor was
    /// dropped.
    pub fn new_in(handle: &ReactorHandle, io: T) -> io::Result<Self> {
        ioctl_fionbio(&io, true)?;
        let source = handle.register(io)?;
        Ok(Self { source })
    }

    /// What was taken over.
    pub fn get_ref(&self) -> &T {
        self.source.get_ref()
    }

    /// Leaves the reactor and gives back what was taken over, still non-blocking.
    ///
    /// # Errors
    ///
    /// If the descriptor was closed behind it.
    pub fn into_inner(self) -> io::Result<T> {
        Ok(self.source.into_inner()?)
    }

    /// Waits until there is something to read, the end or an error. It may be mistaken: see
    /// [`Source::readable`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub fn readable(&self) -> WaitReady<'_, T> {
        self.source.readable()
    }

    /// Waits until there is room to write, or an error. It may be mistaken: see
    /// [`Source::writable`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub fn writable(&self) -> WaitReady<'_, T> {
        self.source.writable()
    }

    /// Says that an operation begun at `ready` would have blocked: see [`Source::clear`].
    pub fn clear(&self, ready: Ready) {
        self.source.clear(ready);
    }

    /// Reads by calling `operation`, again after each event until it would no longer block. Any
    /// number of tasks may wait in it.
    ///
    /// # Cancel safety
    ///
    /// There is no suspension point after `operation` has succeeded: dropped at any other, nothing
    /// was read.
    ///
    /// # Errors
    ///
    /// What `operation` returns.
    pub async fn read_with<R>(&self, operation: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.source.read_with(operation).await
    }

    /// Writes by calling `operation`, again after each event until it would no longer block. Any
    /// number of tasks may wait in it.
    ///
    /// # Cancel safety
    ///
    /// There is no suspension point after `operation` has succeeded: dropped at any other, nothing
    /// was written.
    ///
    /// # Errors
    ///
    /// What `operation` returns.
    pub async fn write_with<R>(&self, operation: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.source.write_with(operation).await
    }

    /// Polls `operation` in `direction`, for one task at a time: the last one to poll is woken.
    ///
    /// # Errors
    ///
    /// What `operation` returns.
    pub fn poll_with<R>(
        &self,
        direction: Direction,
        cx: &Context<'_>,
        operation: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.source.poll_io(direction, cx, operation)
    }
}

impl<T: AsFd> AsFd for Async<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }
}

impl<T: AsFd> fmt::Debug for Async<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Async").field(&self.source).finish()
    }
}

impl<T: AsFd> AsyncRead for &Async<T>
where
    for<'a> &'a T: Read,
{
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_with(Direction::Read, cx, |mut io| io.read(buf))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_with(Direction::Read, cx, |mut io| io.read_vectored(bufs))
    }
}

impl<T: AsFd> AsyncWrite for &Async<T>
where
    for<'a> &'a T: Write,
{
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_with(Direction::Write, cx, |mut io| io.write(buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_with(Direction::Write, cx, |mut io| io.write_vectored(bufs))
    }

    /// Calls the `flush` of what was taken over.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_with(Direction::Write, cx, |mut io| io.flush())
    }

    /// Flushes. A descriptor of an unknown kind is closed by dropping it, and not before.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

by_reference!(Async<T: AsFd>);
