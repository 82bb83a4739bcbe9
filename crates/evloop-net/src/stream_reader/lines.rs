//! The lines of a reader.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_lite::{AsyncRead, Stream};

use super::{StreamReader, separators::Search};
use crate::ReadError;

/// The lines of a [`StreamReader`], each with its newline if it has one: asyncio's
/// `async for line in reader`.
///
/// Ends with the stream. A line that is longer than the limit is an error, is dropped, and does not
/// end it; a stream that has failed ends it after its error.
///
/// # Cancel safety
///
/// Nothing is lost: what has arrived stays with the reader.
#[must_use = "streams do nothing unless polled"]
pub struct Lines<'a, R> {
    reader: &'a mut StreamReader<R>,
    newline: Search<'static>,
    has_failed: bool,
}

impl<'a, R> Lines<'a, R> {
    pub(super) fn new(reader: &'a mut StreamReader<R>) -> Self {
        Self {
            reader,
            newline: newline(),
            has_failed: false,
        }
    }
}

impl<R: AsyncRead + Unpin> Lines<'_, R> {
    /// The next line; `None` at the end of the stream.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: see the type.
    ///
    /// # Errors
    ///
    /// As [`readline`](StreamReader::readline).
    pub async fn next(&mut self) -> Option<Result<Vec<u8>, ReadError>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

/// The search of a line's end.
pub(super) fn newline() -> Search<'static> {
    Search::new(&[b"\n"]).expect("it is not empty")
}

impl<R: AsyncRead + Unpin> Stream for Lines<'_, R> {
    type Item = Result<Vec<u8>, ReadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.has_failed {
            return Poll::Ready(None);
        }
        let line = ready!(this.reader.poll_line(cx, &mut this.newline));
        this.newline = newline();
        this.has_failed = matches!(line, Err(ReadError::Io(_)));
        match line {
            Ok(line) if line.is_empty() => Poll::Ready(None),
            line => Poll::Ready(Some(line)),
        }
    }
}

impl<R> fmt::Debug for Lines<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines")
            .field("has_failed", &self.has_failed)
            .finish_non_exhaustive()
    }
}
