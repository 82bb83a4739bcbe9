//! The two halves of a stream, each with an owner of its own.

use std::{
    error::Error,
    fmt,
    io::{self, IoSlice, IoSliceMut},
    ops::Deref,
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll, Waker},
};

use futures_lite::{AsyncRead, AsyncWrite};

/// The reading half of a stream: see [`TcpStream::into_split`](crate::TcpStream::into_split).
///
/// It derefs to the stream, for its addresses and options.
#[derive(Debug)]
pub struct OwnedReadHalf<S> {
    stream: Arc<S>,
}

/// The writing half of a stream: see [`TcpStream::into_split`](crate::TcpStream::into_split).
///
/// It derefs to the stream, for its addresses and options. Dropped, it ends the writing.
#[derive(Debug)]
pub struct OwnedWriteHalf<S>
where
    for<'a> &'a S: AsyncWrite,
{
    /// Taken only by `reunite`.
    stream: Option<Arc<S>>,
}

/// Both halves of a stream whose references are its halves, each with an owner of its own, as
/// [`TcpStream::into_split`](crate::TcpStream::into_split) gives them: for [`Async`](crate::Async) and
/// streams of other crates.
///
/// The drop of the writing half polls the close of the stream once, and does not wait for it.
#[must_use]
pub fn split<S>(stream: S) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>)
where
    for<'a> &'a S: AsyncWrite,
{
    let stream = Arc::new(stream);
    let write = OwnedWriteHalf {
        stream: Some(Arc::clone(&stream)),
    };
    (OwnedReadHalf { stream }, write)
}

impl<S> OwnedReadHalf<S>
where
    for<'a> &'a S: AsyncWrite,
{
    /// The stream again, of both its halves.
    ///
    /// # Errors
    ///
    /// [`ReuniteError`] with both halves if they are of different streams, or if somebody is using
    /// what [`downgrade`](Self::downgrade) gave right now.
    pub fn reunite(mut self, mut write: OwnedWriteHalf<S>) -> Result<S, ReuniteError<S>> {
        let is_other_half = |stream: &mut Arc<S>| Arc::ptr_eq(stream, &self.stream);
        if let Some(other) = write.stream.take_if(is_other_half) {
            drop(other);
            match Arc::try_unwrap(self.stream) {
                Ok(stream) => return Ok(stream),
                Err(stream) => {
                    write.stream = Some(Arc::clone(&stream));
                    self = Self { stream };
                }
            }
        }
        Err(ReuniteError { read: self, write })
    }
}

impl<S> OwnedReadHalf<S> {
    /// The stream for whoever ends it from outside, as long as one of its halves lives.
    #[must_use]
    pub fn downgrade(&self) -> Weak<S> {
        Arc::downgrade(&self.stream)
    }
}

impl<S> OwnedWriteHalf<S>
where
    for<'a> &'a S: AsyncWrite,
{
    fn stream(&self) -> &S {
        let stream = self.stream.as_ref();
        stream.expect("only `reunite` takes it, which consumes the half")
    }
}

impl<S> Deref for OwnedReadHalf<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.stream
    }
}

impl<S> Deref for OwnedWriteHalf<S>
where
    for<'a> &'a S: AsyncWrite,
{
    type Target = S;

    fn deref(&self) -> &S {
        self.stream()
    }
}

impl<S> Drop for OwnedWriteHalf<S>
where
    for<'a> &'a S: AsyncWrite,
{
    fn drop(&mut self) {
        if let Some(stream) = &self.stream {
            // A socket needs no waiting for it, and there is nobody to tell of a failure.
            let mut cx = Context::from_waker(Waker::noop());
            let closed = Pin::new(&mut &**stream).poll_close(&mut cx);
            drop(closed);
        }
    }
}

impl<S> AsyncRead for OwnedReadHalf<S>
where
    for<'a> &'a S: AsyncRead,
{
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.stream).poll_read(cx, buf)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.stream).poll_read_vectored(cx, bufs)
    }
}

impl<S> AsyncWrite for OwnedWriteHalf<S>
where
    for<'a> &'a S: AsyncWrite,
{
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream()).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream()).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream()).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream()).poll_close(cx)
    }
}

/// Two halves that are not of one stream, given back.
pub struct ReuniteError<S>
where
    for<'a> &'a S: AsyncWrite,
{
    read: OwnedReadHalf<S>,
    write: OwnedWriteHalf<S>,
}

impl<S> ReuniteError<S>
where
    for<'a> &'a S: AsyncWrite,
{
    /// The halves, as they were given.
    pub fn into_halves(self) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
        (self.read, self.write)
    }
}

impl<S> fmt::Debug for ReuniteError<S>
where
    for<'a> &'a S: AsyncWrite,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReuniteError").finish_non_exhaustive()
    }
}

impl<S> fmt::Display for ReuniteError<S>
where
    for<'a> &'a S: AsyncWrite,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed to reunite two halves: they are of different streams, or in use")
    }
}

impl<S> Error for ReuniteError<S> where for<'a> &'a S: AsyncWrite {}
