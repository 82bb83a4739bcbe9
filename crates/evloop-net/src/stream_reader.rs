//! A buffered reader with asyncio's ways of taking pieces out of a stream.

mod buffer;
mod lines;
mod separators;

use std::{
    fmt,
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_lite::AsyncRead;

use self::{
    buffer::{Buffer, CHUNK},
    lines::newline,
    separators::Search,
};
use crate::{
    read_error::{IncompleteRead, LimitOverrun, ReadError},
    sticky_error::StickyError,
};

pub use self::lines::Lines;

/// asyncio's limit, 64 KiB.
const LIMIT: usize = 64 * 1024;

/// A buffered reader with asyncio's ways of taking pieces out of a stream.
///
/// It reads from any `AsyncRead`, and only while somebody waits for bytes: a peer that sends more
/// than is asked for is held back by the system. It is an `AsyncRead` itself, for whatever takes one.
///
/// # The limit
///
/// What comes before a separator may be as long as the limit, 64 KiB unless said otherwise. The
/// buffer holds at most the limit and 4 KiB, whatever the peer does, except while
/// [`readexactly`](Self::readexactly) and [`read_to_end`](Self::read_to_end) wait for more than that,
/// which asyncio's limit does not concern either: bound what you ask for. Memory grows with what has
/// arrived, not with what was asked for.
///
/// # Cancel safety
///
/// Nothing is lost when the future of a method is dropped: what has arrived stays in the buffer, and
/// calling again goes on with it.
///
/// # Errors
///
/// An error of the stream stays: every read that needs the stream gives it again, and
/// [`buffer`](Self::buffer) shows what had arrived before it.
///
/// # Cost
///
/// One copy out of the buffer and one allocation for each piece; a whole buffer that outgrew the
/// limit is handed on without a copy. Each byte is searched once for each separator.
///
/// # Examples
///
/// ```
/// use evloop_net::{ReadError, StreamReader};
/// use futures_lite::future::block_on;
///
/// block_on(async {
///     let mut reader = StreamReader::new(&b"HELO there\r\n\x02\x03rest"[..]);
///
///     assert_eq!(reader.readuntil(b"\r\n").await?, b"HELO there\r\n");
///     assert_eq!(reader.readexactly(2).await?, [2, 3]);
///     let Err(ReadError::Incomplete(error)) = reader.readexactly(100).await else { panic!() };
///     assert_eq!(error.partial, b"rest");
///     assert!(reader.at_eof());
///     Ok::<(), ReadError>(())
/// })?;
/// # Ok::<(), ReadError>(())
/// ```
pub struct StreamReader<R> {
    inner: R,
    buffer: Buffer,
    limit: usize,
    /// The stream has said that nothing comes any more.
    is_ended: bool,
    error: Option<StickyError>,
}

impl<R> StreamReader<R> {
    /// A reader of `inner` with the limit of 64 KiB.
    ///
    /// Allocates nothing before something is read.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            buffer: Buffer::default(),
            limit: LIMIT,
            is_ended: false,
            error: None,
        }
    }

    /// A reader of `inner` with a limit of so many bytes.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a limit of zero.
    pub fn with_limit(inner: R, limit: usize) -> io::Result<Self> {
        if limit == 0 {
            return Err(invalid("the limit of a reader must not be zero"));
        }
        let reader = Self::new(inner);
        Ok(Self { limit, ..reader })
    }

    /// How long a piece before a separator may be.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// What has arrived and was not taken, without waiting for more.
    #[must_use]
    pub fn buffer(&self) -> &[u8] {
        self.buffer.held()
    }

    /// Whether the stream has ended and everything was taken.
    ///
    /// The end is known only once a read has met it.
    #[must_use]
    pub fn at_eof(&self) -> bool {
        self.is_ended && self.buffer.is_empty()
    }

    /// The stream that is read from.
    pub fn get_ref(&self) -> &R {
        &self.inner
    }

    /// The stream that is read from; what is read from it directly is missing here.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.inner
    }

    /// The stream, and what has arrived and was not taken.
    pub fn into_parts(mut self) -> (R, Vec<u8>) {
        let rest = self.take(self.buffer.len());
        (self.inner, rest)
    }

    /// How large the buffer may be unless it must be larger.
    fn most(&self) -> usize {
        self.limit.saturating_add(CHUNK)
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        let most = self.most();
        self.buffer.take(count, most)
    }

    fn skip(&mut self, count: usize) {
        let most = self.most();
        self.buffer.skip(count, most);
    }

    fn take_incomplete(&mut self, expected: Option<usize>) -> ReadError {
        let partial = self.take(self.buffer.len());
        ReadError::Incomplete(IncompleteRead::new(partial, expected))
    }
}

impl<R: AsyncRead + Unpin> StreamReader<R> {
    /// Reads at most `n` bytes: what has arrived, or else the next that arrives.
    ///
    /// Empty at the end of the stream, and at once for `n` of zero. All there is until the end, which
    /// is `read(-1)` in asyncio, is [`read_to_end`](Self::read_to_end).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Errors
    ///
    /// Those of the stream.
    pub async fn read(&mut self, n: usize) -> io::Result<Vec<u8>> {
        if n > 0 && self.buffer.is_empty() {
            poll_fn(|cx| self.poll_fill(cx)).await?;
        }
        Ok(self.take(n.min(self.buffer.len())))
    }

    /// Reads all there is until the stream ends.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Errors
    ///
    /// Those of the stream.
    pub async fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        while poll_fn(|cx| self.poll_fill(cx)).await? > 0 {}
        Ok(self.take(self.buffer.len()))
    }

    /// Reads exactly `n` bytes, also more than the limit.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Errors
    ///
    /// [`ReadError::Incomplete`] with what there was if the stream ends before; those of the stream.
    pub async fn readexactly(&mut self, n: usize) -> Result<Vec<u8>, ReadError> {
        while self.buffer.len() < n {
            if poll_fn(|cx| self.poll_fill(cx)).await? == 0 {
                return Err(self.take_incomplete(Some(n)));
            }
        }
        Ok(self.take(n))
    }

    /// Reads until the next newline, which is included.
    ///
    /// At the end of the stream it is a line without one, and then empty.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Errors
    ///
    /// [`ReadError::LimitOverrun`] if the line is longer than the limit, not counting the newline:
    /// what has arrived of it is **dropped**, with the newline if that was there. And those of the
    /// stream.
    pub async fn readline(&mut self) -> Result<Vec<u8>, ReadError> {
        let mut newline = newline();
        poll_fn(|cx| self.poll_line(cx, &mut newline)).await
    }

    /// Reads until the next `separator`, which is included.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Errors
    ///
    /// As [`readuntil_any`](Self::readuntil_any).
    pub async fn readuntil(&mut self, separator: &[u8]) -> Result<Vec<u8>, ReadError> {
        self.readuntil_any(&[separator]).await
    }

    /// Reads until the first of several separators, which is included: the one that **ends** first,
    /// even if another one begins before it.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Errors
    ///
    /// [`ReadError::LimitOverrun`] if more than the limit comes before the separator: everything stays
    /// in the buffer, and the error says how much of it is before the separator.
    /// [`ReadError::Incomplete`] with what there was if the stream ends before. `InvalidInput` if
    /// there is no separator or an empty one. Those of the stream.
    pub async fn readuntil_any(&mut self, separators: &[&[u8]]) -> Result<Vec<u8>, ReadError> {
        let Some(mut search) = Search::new(separators) else {
            return Err(invalid("a separator must not be empty, and there must be one").into());
        };
        poll_fn(|cx| self.poll_until(cx, &mut search)).await
    }

    /// The stream of lines, each as from [`readline`](Self::readline), until an empty one.
    pub fn lines(&mut self) -> Lines<'_, R> {
        Lines::new(self)
    }

    fn poll_line(
        &mut self,
        cx: &mut Context<'_>,
        newline: &mut Search<'_>,
    ) -> Poll<Result<Vec<u8>, ReadError>> {
        Poll::Ready(match ready!(self.poll_until(cx, newline)) {
            Err(ReadError::Incomplete(error)) => Ok(error.partial),
            Err(ReadError::LimitOverrun(error)) => {
                let dropped = match error.is_found {
                    true => error.consumed + 1,
                    false => self.buffer.len(),
                };
                self.skip(dropped);
                Err(ReadError::LimitOverrun(error))
            }
            result => result,
        })
    }

    fn poll_until(
        &mut self,
        cx: &mut Context<'_>,
        search: &mut Search<'_>,
    ) -> Poll<Result<Vec<u8>, ReadError>> {
        loop {
            if let Some(found) = search.find(self.buffer.held()) {
                return Poll::Ready(if found.start > self.limit {
                    Err(ReadError::LimitOverrun(LimitOverrun::new(
                        found.start,
                        true,
                    )))
                } else {
                    Ok(self.take(found.end))
                });
            }
            if search.searched() > self.limit {
                let error = LimitOverrun::new(search.searched(), false);
                return Poll::Ready(Err(ReadError::LimitOverrun(error)));
            }
            if ready!(self.poll_fill(cx))? == 0 {
                return Poll::Ready(Err(self.take_incomplete(None)));
            }
        }
    }

    /// Reads once into the buffer; zero is the end of the stream.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.check()?;
        if self.is_ended {
            return Poll::Ready(Ok(0));
        }
        let most = self.most();
        loop {
            let room = self.buffer.room(most);
            match ready!(Pin::new(&mut self.inner).poll_read(cx, room)) {
                Ok(count) => {
                    self.buffer.filled(count);
                    self.is_ended = count == 0;
                    return Poll::Ready(Ok(count));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(self.fail(error))),
            }
        }
    }

    fn check(&mut self) -> io::Result<()> {
        self.error
            .as_mut()
            .map_or(Ok(()), |error| Err(error.again()))
    }

    fn fail(&mut self, error: io::Error) -> io::Error {
        self.error.insert(StickyError::new(error)).again()
    }
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

impl<R: AsyncRead + Unpin> AsyncRead for StreamReader<R> {
    /// A read into a buffer as large as this one's goes around it when that is empty.
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if this.buffer.is_empty() {
            if buf.len() >= CHUNK && !this.is_ended {
                this.check()?;
                let read = ready!(Pin::new(&mut this.inner).poll_read(cx, buf));
                this.is_ended = matches!(read, Ok(0));
                return Poll::Ready(match read {
                    Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                        Err(this.fail(error))
                    }
                    read => read,
                });
            }
            ready!(this.poll_fill(cx))?;
        }
        let count = buf.len().min(this.buffer.len());
        buf[..count].copy_from_slice(&this.buffer.held()[..count]);
        this.skip(count);
        Poll::Ready(Ok(count))
    }
}

impl<R> fmt::Debug for StreamReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamReader")
            .field("held", &self.buffer.len())
            .field("limit", &self.limit)
            .field("is_ended", &self.is_ended)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}
