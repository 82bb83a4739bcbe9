//! Several buffers in one write.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_lite::{AsyncRead, AsyncWrite};
use tokio::io::ReadBuf;
use tokio_util::compat::{Compat, FuturesAsyncWriteCompatExt};

/// A stream of ours with tokio's traits, which writes several buffers at once.
///
/// [`Compat`] tells the code above it that it cannot, and that then copies small buffers together or writes
/// them one by one. Take this for streams that write all of them in one call, such as `evloop::TcpStream`;
/// with one that does not, only the first buffer of each call would be written, and `Compat` is better.
///
/// # Examples
///
/// ```
/// use std::io::IoSlice;
/// use evloop_tokio::Vectored;
/// use tokio::io::AsyncWriteExt;
///
/// # futures_lite::future::block_on(async {
/// let mut stream = Vectored::new(Vec::new());
/// let parts = [IoSlice::new(b"head, "), IoSlice::new(b"body")];
/// assert_eq!(stream.write_vectored(&parts).await.unwrap(), 10);
/// assert_eq!(stream.into_inner(), b"head, body");
/// # });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Vectored<T>(Compat<T>);

impl<T: AsyncWrite> Vectored<T> {
    /// Wraps a stream.
    pub fn new(stream: T) -> Self {
        Self(stream.compat_write())
    }
}

impl<T> Vectored<T> {
    /// The stream.
    pub fn get_ref(&self) -> &T {
        self.0.get_ref()
    }

    /// The stream, to change it.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }

    /// The stream; nothing of it was kept back.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T: AsyncRead + Unpin> tokio::io::AsyncRead for Vectored<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        tokio::io::AsyncRead::poll_read(Pin::new(&mut self.0), cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> tokio::io::AsyncWrite for Vectored<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.0.get_mut()).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.0.get_mut()).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.0.get_mut()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.0.get_mut()).poll_close(cx)
    }
}
