//! Pipes.

use std::{
    io::{self, IoSlice, IoSliceMut},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    pin::Pin,
    task::{Context, Poll},
};

use evloop_reactor::ReactorHandle;
use futures_lite::{AsyncRead, AsyncWrite};

use crate::{Async, reactor};

/// The end of a pipe that is read from.
///
/// # Cancel safety
///
/// Of the traits' own operations nothing is lost.
#[derive(Debug)]
pub struct PipeReader {
    io: Async<io::PipeReader>,
}

/// The end of a pipe that is written to.
///
/// Closing it (`poll_close`, `AsyncWriteExt::close`) closes the descriptor, which is how the reader
/// finds the end.
///
/// Writing when no reader is left is `BrokenPipe`. The system also raises SIGPIPE then, as it does not
/// for the sockets here: every Rust program ignores it unless it was told otherwise, and a program in
/// another language that this is part of has to.
///
/// # Cancel safety
///
/// Of the traits' own operations nothing is lost.
#[derive(Debug)]
pub struct PipeWriter {
    /// `None` after it was closed.
    io: Option<Async<io::PipeWriter>>,
}

/// A new pipe, on the current reactor.
///
/// # Errors
///
/// Those of the system; `NotConnected` if no reactor is current.
pub fn pipe() -> io::Result<(PipeReader, PipeWriter)> {
    let handle = reactor::current()?;
    let (reader, writer) = io::pipe()?;
    let reader = PipeReader::from_fd_in(&handle, reader.into())?;
    Ok((reader, PipeWriter::from_fd_in(&handle, writer.into())?))
}

impl PipeReader {
    /// Takes over a descriptor to read from, on the reactor of `handle`: of a pipe, a FIFO, a
    /// terminal. Makes it non-blocking, also for everyone it is shared with. With the current reactor,
    /// this is `TryFrom`.
    ///
    /// # Errors
    ///
    /// If it cannot be registered, as a regular file; the descriptor is closed then.
    pub fn from_fd_in(handle: &ReactorHandle, fd: OwnedFd) -> io::Result<Self> {
        let io = Async::new_in(handle, fd.into())?;
        Ok(Self { io })
    }
}

impl PipeWriter {
    /// Takes over a descriptor to write to, on the reactor of `handle`. As
    /// [`PipeReader::from_fd_in`] in all else.
    ///
    /// # Errors
    ///
    /// If it cannot be registered, as a regular file; the descriptor is closed then.
    pub fn from_fd_in(handle: &ReactorHandle, fd: OwnedFd) -> io::Result<Self> {
        let io = Some(Async::new_in(handle, fd.into())?);
        Ok(Self { io })
    }

    fn io(&self) -> io::Result<&Async<io::PipeWriter>> {
        let closed = || io::Error::new(io::ErrorKind::BrokenPipe, "the pipe was closed before");
        self.io.as_ref().ok_or_else(closed)
    }
}

impl TryFrom<OwnedFd> for PipeReader {
    type Error = io::Error;

    fn try_from(fd: OwnedFd) -> io::Result<Self> {
        Self::from_fd_in(&reactor::current()?, fd)
    }
}

impl TryFrom<OwnedFd> for PipeWriter {
    type Error = io::Error;

    fn try_from(fd: OwnedFd) -> io::Result<Self> {
        Self::from_fd_in(&reactor::current()?, fd)
    }
}

impl AsFd for PipeReader {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

impl AsyncRead for PipeReader {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &self.io).poll_read(cx, buf)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &self.io).poll_read_vectored(cx, bufs)
    }
}

impl AsyncWrite for PipeWriter {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io()?).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io()?).poll_write_vectored(cx, bufs)
    }

    /// There is nothing to flush: what was written is the system's.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Closes the descriptor. Fine again and again.
    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io = None;
        Poll::Ready(Ok(()))
    }
}
