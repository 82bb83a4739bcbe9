//! What a writer holds, and what it has still to do: a machine without locks and without threads.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, Waker},
};

use futures_lite::AsyncWrite;

use super::{waiters::Waiters, water_marks::WaterMarks};
use crate::sticky_error::StickyError;

/// How many slices the system takes at once.
const SLICES: usize = 1024;

/// How far the end of the stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// More may be written.
    Open,
    /// Nothing more may be written, and the end follows what is buffered.
    Asked,
    /// The stream has taken the end.
    Sent,
}

/// A writer's stream and buffer.
pub(super) struct State<W> {
    /// Taken when the writer is closed.
    inner: Option<W>,
    buffer: VecDeque<u8>,
    marks: WaterMarks,
    /// More than the high mark was buffered, and not yet as little as the low one since.
    is_paused: bool,
    /// The stream may hold back what it was given.
    must_flush: bool,
    end: End,
    is_closing: bool,
    /// Ended before its time by its owner.
    was_aborted: bool,
    error: Option<StickyError>,
    pub(super) waiters: Waiters,
}

/// What is to be done when no lock is held any more.
#[must_use = "wakers are woken and streams are dropped outside of the lock"]
pub(super) struct Outcome<W> {
    pub(super) wake: Vec<Waker>,
    pub(super) dropped: Option<W>,
}

impl<W> State<W> {
    pub(super) fn new(inner: W, marks: WaterMarks) -> Self {
        Self {
            inner: Some(inner),
            buffer: VecDeque::new(),
            marks,
            is_paused: false,
            must_flush: false,
            end: End::Open,
            is_closing: false,
            was_aborted: false,
            error: None,
            waiters: Waiters::default(),
        }
    }

    pub(super) fn marks(&self) -> WaterMarks {
        self.marks
    }

    /// The new marks count at once, for what is buffered already.
    pub(super) fn set_marks(&mut self, marks: WaterMarks) -> Outcome<W> {
        self.marks = marks;
        self.is_paused = false;
        self.note_size();
        let wake = match self.is_paused {
            true => Vec::new(),
            false => self.waiters.take(),
        };
        let dropped = None;
        Outcome { wake, dropped }
    }

    pub(super) fn buffered(&self) -> usize {
        self.buffer.len()
    }

    pub(super) fn is_paused(&self) -> bool {
        self.is_paused
    }

    pub(super) fn is_closing(&self) -> bool {
        self.is_closing
    }

    /// Closed for good, whatever was the reason.
    pub(super) fn is_closed(&self) -> bool {
        self.inner.is_none()
    }

    pub(super) fn was_aborted(&self) -> bool {
        self.was_aborted
    }

    /// The error that ended the writer.
    pub(super) fn check(&mut self) -> io::Result<()> {
        self.error
            .as_mut()
            .map_or(Ok(()), |error| Err(error.again()))
    }

    pub(super) fn ask_eof(&mut self) {
        if self.end == End::Open {
            self.end = End::Asked;
        }
    }

    pub(super) fn ask_close(&mut self) {
        self.ask_eof();
        self.is_closing = true;
    }

    /// The owner is about to abort: an error, unless everything was written before.
    pub(super) fn note_abort(&mut self) {
        self.was_aborted |= self.inner.is_some();
    }

    /// Lets go of the stream and of everything that was not sent.
    pub(super) fn abort(&mut self) -> Outcome<W> {
        self.is_closing = true;
        self.is_paused = false;
        self.buffer = VecDeque::new();
        let dropped = self.inner.take();
        let wake = self.waiters.take();
        Outcome { wake, dropped }
    }

    /// The writer has failed, for good.
    fn fail(&mut self, error: io::Error) {
        self.error.get_or_insert_with(|| StickyError::new(error));
    }

    /// Fails with `error`, and lets go of the stream.
    pub(super) fn break_off(&mut self, error: io::Error) -> Outcome<W> {
        self.fail(error);
        self.abort()
    }

    /// Whether anything may be written.
    fn check_open(&mut self) -> io::Result<()> {
        self.check()?;
        if self.end != End::Open || self.inner.is_none() {
            return Err(io::Error::new(
                io::ErrorKind::BrokenPipe,
                "failed to write: the writer was closed before",
            ));
        }
        Ok(())
    }

    fn note_size(&mut self) {
        let (low, high) = self.marks.limits();
        let buffered = self.buffer.len();
        self.is_paused = buffered > if self.is_paused { low } else { high };
    }
}

impl<W: AsyncWrite + Unpin> State<W> {
    /// Gives the stream what it takes at once, and buffers the rest of `slices`.
    pub(super) fn write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> io::Result<()> {
        self.check_open()?;
        let (_, high) = self.marks.limits();
        if self.buffer.len() > high {
            return Err(io::Error::new(
                io::ErrorKind::WouldBlock,
                "failed to write: the buffer is full, which `drain` waits out",
            ));
        }
        // Behind what waits already nothing can be sent before.
        let sent = match self.buffer.is_empty() {
            true => self.send_now(cx, slices),
            false => 0,
        };
        let mut to_skip = sent;
        for slice in slices {
            let skipped = to_skip.min(slice.len());
            to_skip -= skipped;
            self.buffer.extend(&slice[skipped..]);
        }
        self.note_size();
        Ok(())
    }

    /// How much the stream takes without waiting. A failure is noted, and shows at the next call.
    fn send_now(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> usize {
        let mut sent = 0;
        for group in slices.chunks(SLICES) {
            let length: usize = group.iter().map(|slice| slice.len()).sum();
            if length == 0 {
                continue;
            }
            let count = match self.poll_send(cx, group) {
                Poll::Ready(Ok(count)) => count,
                Poll::Ready(Err(error)) => {
                    self.fail(error);
                    return sent;
                }
                Poll::Pending => return sent,
            };
            sent += count;
            if count < length {
                // The rest is buffered and tried by `flush`, which leaves the waker.
                return sent;
            }
        }
        sent
    }

    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        loop {
            let inner = Pin::new(&mut *inner);
            let poll = match slices {
                [slice] => inner.poll_write(cx, slice),
                slices => inner.poll_write_vectored(cx, slices),
            };
            return match poll {
                Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => {
                    self.must_flush = true;
                    Poll::Ready(Ok(count))
                }
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => continue,
                poll => poll,
            };
        }
    }

    /// Goes on with all that there is to do, and says who is to be told.
    pub(super) fn advance(&mut self, cx: &mut Context<'_>) -> Outcome<W> {
        let was_paused = self.is_paused;
        let flushed = match &self.error {
            Some(_) => Poll::Ready(Ok(())),
            None => self.poll_flush(cx),
        };
        self.note_size();
        if let Poll::Ready(Err(error)) = flushed {
            self.fail(error);
        }
        if self.error.is_some() {
            // Nothing more can be sent; what was not is of no use to anybody.
            return self.abort();
        }
        if self.is_closing && self.end == End::Sent {
            return self.abort();
        }
        let wake = match was_paused && !self.is_paused {
            true => self.waiters.take(),
            false => Vec::new(),
        };
        let dropped = None;
        Outcome { wake, dropped }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.buffer.is_empty() {
            let buffer = std::mem::take(&mut self.buffer);
            let (front, back) = buffer.as_slices();
            let sent = match back.is_empty() {
                true => self.poll_send(cx, &[IoSlice::new(front)]),
                false => self.poll_send(cx, &[IoSlice::new(front), IoSlice::new(back)]),
            };
            self.buffer = buffer;
            match sent {
                Poll::Ready(Ok(count)) => drop(self.buffer.drain(..count.min(self.buffer.len()))),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(Ok(()));
        };
        if self.must_flush {
            match Pin::new(&mut *inner).poll_flush(cx) {
                Poll::Ready(Ok(())) => self.must_flush = false,
                poll => return poll,
            }
        }
        if self.end == End::Asked {
            match Pin::new(inner).poll_close(cx) {
                Poll::Ready(Ok(())) => self.end = End::Sent,
                poll => return poll,
            }
        }
        Poll::Ready(Ok(()))
    }
}
