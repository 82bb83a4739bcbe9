//! A stream that gives what a test says, in pieces that a test says.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use futures_lite::AsyncRead;

pub(crate) enum Chunk {
    Data(&'static [u8]),
    /// Not yet: the next poll gets what comes after it.
    NotYet,
    Error(io::ErrorKind),
}

/// Ends after its last piece.
pub(crate) struct Chunks(VecDeque<Chunk>);

impl Chunks {
    pub(crate) fn new(chunks: impl IntoIterator<Item = Chunk>) -> Self {
        Self(chunks.into_iter().collect())
    }

    pub(crate) fn of(pieces: impl IntoIterator<Item = &'static [u8]>) -> Self {
        Self::new(pieces.into_iter().map(Chunk::Data))
    }
}

impl AsyncRead for Chunks {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match self.0.pop_front() {
            None => Poll::Ready(Ok(0)),
            Some(Chunk::Error(kind)) => Poll::Ready(Err(kind.into())),
            Some(Chunk::NotYet) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Chunk::Data(data)) => {
                let count = data.len().min(buf.len());
                buf[..count].copy_from_slice(&data[..count]);
                if count < data.len() {
                    self.0.push_front(Chunk::Data(&data[count..]));
                }
                Poll::Ready(Ok(count))
            }
        }
    }
}
