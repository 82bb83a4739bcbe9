//! Streams: from the ecosystem's traits to hyper's, and back.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_lite::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use pin_project_lite::pin_project;

/// What is read goes through a buffer on the stack, which is cleared before: a small one while that is not
/// filled, as by most requests ...
const SMALL: usize = 2 * 1024;
/// ... and else one of this size, the most that one read gives.
const LARGE: usize = 16 * 1024;

pin_project! {
    /// A stream with hyper's traits, if what it wraps has those of `futures-io`, and the other way round.
    ///
    /// # Cancel safety
    ///
    /// A read or write that is dropped while it is pending has moved nothing.
    ///
    /// # Cost
    ///
    /// Towards hyper a read is copied once, and gives at most 16 KiB, so that hyper's buffer need not be
    /// cleared first. Nothing else is copied.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct HyperIo<T> {
        #[pin]
        inner: T,
        is_vectored: bool,
        // The last read has filled its buffer.
        has_more: bool,
    }
}

impl<T> HyperIo<T> {
    /// Wraps a stream.
    pub const fn new(inner: T) -> Self {
        Self {
            inner,
            is_vectored: false,
            has_more: false,
        }
    }

    /// Has hyper hand several buffers over at once, instead of copying small ones together.
    ///
    /// For streams that write all of them in one go, such as `evloop::TcpStream`, and large bodies. A stream
    /// that does not would write the head of each answer alone.
    #[must_use]
    pub fn vectored(mut self) -> Self {
        self.is_vectored = true;
        self
    }

    /// The stream.
    pub const fn get_ref(&self) -> &T {
        &self.inner
    }

    /// The stream, to change it. What hyper has read already is not in it any more.
    pub const fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// The stream.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<T> From<T> for HyperIo<T> {
    fn from(inner: T) -> Self {
        Self::new(inner)
    }
}

impl<T: AsyncRead> Read for HyperIo<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.project();
        let polled = if *this.has_more {
            read_through(&mut [0; LARGE], this.inner, cx, buf)
        } else {
            read_through(&mut [0; SMALL], this.inner, cx, buf)
        };
        polled.map_ok(|is_full| *this.has_more = is_full)
    }
}

/// Says whether the chunk was filled.
fn read_through(
    chunk: &mut [u8],
    from: Pin<&mut impl AsyncRead>,
    cx: &mut Context<'_>,
    mut to: ReadBufCursor<'_>,
) -> Poll<io::Result<bool>> {
    let n_room = chunk.len().min(to.remaining());
    let n_read = ready!(from.poll_read(cx, &mut chunk[..n_room]))?;
    let read = chunk[..n_room].get(..n_read).ok_or_else(reads_beyond)?;
    to.put_slice(read);
    Poll::Ready(Ok(n_read == chunk.len()))
}

#[cold]
fn reads_beyond() -> io::Error {
    io::Error::other("failed to read: the stream claims to have read more than it had room for")
}

impl<T: AsyncWrite> Write for HyperIo<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_close(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.is_vectored
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(cx, bufs)
    }
}

impl<T: Read> AsyncRead for HyperIo<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut read = ReadBuf::new(buf);
        ready!(self.project().inner.poll_read(cx, read.unfilled()))?;
        Poll::Ready(Ok(read.filled().len()))
    }
}

impl<T: Write> AsyncWrite for HyperIo<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_shutdown(cx)
    }
}
