//! A buffered writer that goes on by itself, with asyncio's water marks.

mod shared;
mod state;
mod waiters;
mod water_marks;

use std::{
    fmt,
    future::poll_fn,
    io::{self, IoSlice},
    sync::Arc,
    task::{Poll, Waker},
};

use futures_lite::AsyncWrite;

use self::{shared::Shared, state::State};

pub use self::water_marks::WaterMarks;

/// A buffered writer that goes on by itself, with asyncio's water marks.
///
/// [`write`](Self::write) gives the stream what it takes at once and buffers the rest, which is
/// written as soon as the stream has room, whether or not anybody waits for that. No task does it:
/// the stream is given a waker that goes on writing, on the thread of whoever wakes it, which is the
/// one that turns the reactor. [`drain`](Self::drain) is where a program waits for a slow peer. A
/// stream that wakes its waker whenever it is polled, and takes nothing, is polled for ever by that.
///
/// All methods take `&self`: tasks that share a writer, in an `Arc` or by reference, write one after
/// the other, and each call's bytes stay together.
///
/// # The bound
///
/// With more than the high mark in the buffer (see [`WaterMarks`]) a write is refused: the buffer
/// never holds more than the high mark and what a single call has added. A program that drains after
/// each write never meets that. asyncio's buffer grows without a bound instead.
///
/// # Ending
///
/// [`close`](Self::close) writes what is buffered, ends the stream and drops it;
/// [`abort`](Self::abort) drops it at once. Dropping the writer is like `abort`, unless it was closed
/// before: then what is buffered is still written.
///
/// # Errors
///
/// An error of the stream ends the writer, and stays: whatever is called later gives it again. It
/// may come from bytes of an earlier call, and bytes that were not written are gone.
///
/// # Cost
///
/// A write that the stream takes whole costs its own call, a lock and one atomic operation more, and
/// copies nothing. A writer is two allocations and, if it ever had to wait, its buffer.
///
/// # Examples
///
/// ```
/// use evloop_net::StreamWriter;
/// use futures_lite::future::block_on;
///
/// let log = Vec::new();
/// let writer = StreamWriter::new(log);
/// block_on(async {
///     writer.write(b"hello ")?;
///     writer.writelines(["wide ", "world"])?;
///     writer.drain().await?;
///     writer.close();
///     writer.wait_closed().await
/// })?;
/// assert!(writer.write(b"more").is_err());
/// # std::io::Result::Ok(())
/// ```
pub struct StreamWriter<W: AsyncWrite + Unpin + Send + 'static> {
    shared: Arc<Shared<W>>,
    /// The shared part as a waker, which the stream is given.
    waker: Waker,
}

impl<W: AsyncWrite + Unpin + Send + 'static> StreamWriter<W> {
    /// A writer of `inner` with the default marks.
    pub fn new(inner: W) -> Self {
        let shared = Arc::new(Shared::new(State::new(inner, WaterMarks::default())));
        let waker = Waker::from(Arc::clone(&shared));
        Self { shared, waker }
    }

    /// Writes `data`: what the stream takes at once, and the rest later, by itself.
    ///
    /// Never waits. All of it was taken, or none of it if there is an error. Nothing at all is fine.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if more than the high mark is buffered: [`drain`](Self::drain) first.
    /// `BrokenPipe` after [`write_eof`](Self::write_eof) or [`close`](Self::close). The error that has
    /// ended the writer.
    pub fn write(&self, data: &[u8]) -> io::Result<()> {
        self.write_slices(&[IoSlice::new(data)])
    }

    /// Writes several pieces as one [`write`](Self::write), without putting them together first.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    ///
    /// # Cost
    ///
    /// One call of the stream for each 1,024 pieces.
    pub fn writelines<I>(&self, pieces: I) -> io::Result<()>
    where
        I: IntoIterator,
        I::Item: AsRef<[u8]>,
    {
        let pieces: Vec<I::Item> = pieces.into_iter().collect();
        let slices = pieces.iter().map(|piece| IoSlice::new(piece.as_ref()));
        self.write_slices(&slices.collect::<Vec<_>>())
    }

    fn write_slices(&self, slices: &[IoSlice<'_>]) -> io::Result<()> {
        self.shared.with(&self.waker, |state, cx| {
            let written = state.write(cx, slices);
            let outcome = written.is_ok().then(|| state.advance(cx));
            (written, outcome)
        })
    }

    /// Waits until the writer is not paused: at once, unless more than the high mark is buffered, and
    /// else until no more than the low mark is.
    ///
    /// Any number of tasks may wait, and all go on together.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost, and the writing goes on.
    ///
    /// # Errors
    ///
    /// The error that has ended the writer; `ConnectionAborted` if it was aborted.
    pub async fn drain(&self) -> io::Result<()> {
        self.wait(|state| {
            if let Err(error) = state.check() {
                return Some(Err(error));
            }
            if state.was_aborted() {
                return Some(Err(io::ErrorKind::ConnectionAborted.into()));
            }
            (!state.is_paused()).then_some(Ok(()))
        })
        .await
    }

    /// Ends the stream after what is buffered: the peer reads the end, and may go on sending.
    ///
    /// Again and again is fine.
    ///
    /// # Errors
    ///
    /// The error that has ended the writer.
    pub fn write_eof(&self) -> io::Result<()> {
        self.shared.with(&self.waker, |state, cx| {
            if let Err(error) = state.check() {
                return (Err(error), None);
            }
            state.ask_eof();
            (Ok(()), Some(state.advance(cx)))
        })
    }

    /// Ends the stream and drops it, after what is buffered was written.
    ///
    /// Returns at once; [`wait_closed`](Self::wait_closed) waits for it. Again and again is fine.
    pub fn close(&self) {
        self.shared.with(&self.waker, |state, cx| {
            state.ask_close();
            ((), Some(state.advance(cx)))
        });
    }

    /// Drops the stream now, with what is buffered.
    pub fn abort(&self) {
        self.shared.with(&self.waker, |state, _| {
            state.note_abort();
            ((), Some(state.abort()))
        });
    }

    /// Whether the writer is closed or about to be.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.shared.look(&self.waker, |state| state.is_closing())
    }

    /// Waits until the stream is dropped, after [`close`](Self::close) or [`abort`](Self::abort) or
    /// an error.
    ///
    /// Any number of tasks may wait, again and again.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost, and the closing goes on.
    ///
    /// # Errors
    ///
    /// The error that has ended the writer.
    pub async fn wait_closed(&self) -> io::Result<()> {
        self.wait(|state| state.is_closed().then(|| state.check()))
            .await
    }

    /// How many bytes are buffered.
    #[must_use]
    pub fn write_buffer_size(&self) -> usize {
        self.shared.look(&self.waker, |state| state.buffered())
    }

    /// The marks.
    #[must_use]
    pub fn write_buffer_limits(&self) -> WaterMarks {
        self.shared.look(&self.waker, |state| state.marks())
    }

    /// Sets the marks, which count at once.
    pub fn set_write_buffer_limits(&self, marks: WaterMarks) {
        self.shared
            .with(&self.waker, |state, _| ((), Some(state.set_marks(marks))));
    }

    /// Waits until `look` finds something, with a place among the waiters as long as it does not.
    async fn wait<R>(&self, mut look: impl FnMut(&mut State<W>) -> Option<R>) -> R {
        let mut place = Place {
            writer: self,
            ticket: None,
        };
        poll_fn(|cx| {
            self.shared
                .look(&self.waker, |state| match look(&mut *state) {
                    Some(found) => Poll::Ready(found),
                    None => {
                        state.waiters.register(&mut place.ticket, cx.waker());
                        Poll::Pending
                    }
                })
        })
        .await
    }
}

/// A place among the waiters, which is given up with this.
struct Place<'a, W: AsyncWrite + Unpin + Send + 'static> {
    writer: &'a StreamWriter<W>,
    ticket: Option<u64>,
}

impl<W: AsyncWrite + Unpin + Send + 'static> Drop for Place<'_, W> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let StreamWriter { shared, waker } = self.writer;
            // Dropped here, outside of the lock.
            drop(shared.look(waker, |state| state.waiters.forget(ticket)));
        }
    }
}

impl<W: AsyncWrite + Unpin + Send + 'static> Drop for StreamWriter<W> {
    fn drop(&mut self) {
        if !self.is_closing() {
            self.abort();
        }
    }
}

impl<W: AsyncWrite + Unpin + Send + 'static> fmt::Debug for StreamWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("StreamWriter");
        self.shared.look(&self.waker, |state| {
            debug
                .field("buffered", &state.buffered())
                .field("is_paused", &state.is_paused())
                .field("is_closing", &state.is_closing());
        });
        debug.finish_non_exhaustive()
    }
}
