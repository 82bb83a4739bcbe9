//! A registered descriptor and the ways to wait for it.

use std::{
    fmt, io,
    os::fd::{AsFd, BorrowedFd},
    sync::Arc,
    task::{Context, Poll, ready},
};

#[cfg(doc)]
use crate::ReactorGone;
use crate::{
    Direction, ReactorHandle, Ready, SourceError, WaitReady,
    entry::Entry,
    registration::Registration,
    registry::Target,
    side::Until,
    sys::{EventMode, Sys},
    waiters::Place,
};

/// A descriptor that is registered with a reactor, once, for both directions.
///
/// The source remembers for each direction whether an operation may succeed. An operation is tried
/// without waiting as long as none came back empty, so reading and writing cost their own system
/// call and nothing else; one that would block waits for the next event. The descriptor must be
/// non-blocking, which is up to the caller: nothing here changes its flags.
///
/// # Waiting
///
/// Any number of tasks may wait with [`readable`](Self::readable), [`writable`](Self::writable),
/// [`read_with`](Self::read_with) and [`write_with`](Self::write_with): all waiters of a direction
/// wake up together, in the order in which they began to wait, and whoever comes too late waits
/// again. The `poll_*` methods, made for `AsyncRead` and the like, share one slot for each
/// direction: **the last one to poll is woken, and the one before is forgotten.**
///
/// # Ending
///
/// The registration ends before the descriptor is closed, so no event of it can reach another
/// owner of the same number.
///
/// # Examples
///
/// ```
/// use std::{io::{Read, Write}, os::unix::net::UnixStream, time::Duration};
/// use evloop_reactor::{Direction, Reactor};
///
/// let mut reactor = Reactor::new()?;
/// let (ours, mut theirs) = UnixStream::pair()?;
/// ours.set_nonblocking(true)?;
/// let source = reactor.handle().register(ours)?;
/// let mut buffer = [0; 16];
///
/// let early = source.try_io(Direction::Read, |mut stream| stream.read(&mut buffer));
/// assert_eq!(early.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
///
/// theirs.write_all(b"hello")?;
/// reactor.poll(Some(Duration::from_secs(5)), &mut Vec::new())?;
/// let count = source.try_io(Direction::Read, |mut stream| stream.read(&mut buffer))?;
/// assert_eq!(&buffer[..count], b"hello");
/// # std::io::Result::Ok(())
/// ```
pub struct Source<S: AsFd> {
    /// Before the entry, so that the registration has ended when the last waker is dropped.
    registration: Registration<S>,
    entry: Arc<Entry>,
}

impl ReactorHandle {
    /// Registers `source` for both directions.
    ///
    /// Does not make it non-blocking, which it must be for anything but waiting.
    ///
    /// # Errors
    ///
    /// The error gives `source` back. `AlreadyExists` if this descriptor is registered with this
    /// reactor, the system's own error for what cannot be watched (`EPERM` for a regular file or a
    /// directory), `OutOfMemory` or `StorageFull` if a limit is reached, [`ReactorGone`] after the
    /// reactor was dropped.
    ///
    /// # Cost
    ///
    /// One system call and one allocation.
    pub fn register<S: AsFd>(&self, source: S) -> Result<Source<S>, SourceError<S>> {
        let entry = Arc::new(Entry::new());
        let target = Target::Edge(Arc::clone(&entry));
        let registration = Registration::new(self, source, target, Sys::add_source)?;
        Ok(Source {
            registration,
            entry,
        })
    }
}

impl<S: AsFd> Source<S> {
    /// What was registered.
    pub fn get_ref(&self) -> &S {
        self.registration.source()
    }

    /// Ends the registration and gives the source back.
    ///
    /// # Errors
    ///
    /// If the system refuses, because the descriptor was closed behind the reactor. The error
    /// gives the source back, and the registration has ended all the same.
    pub fn into_inner(self) -> Result<S, SourceError<S>> {
        self.registration.into_source()
    }

    /// The reactor this source is registered with.
    #[must_use]
    pub fn handle(&self) -> ReactorHandle {
        self.registration.handle()
    }

    /// Waits until there is something to read, the end or an error.
    ///
    /// Ready at once if an event said so and no operation has come back empty since. It may be
    /// mistaken: the operation after it must be ready for `WouldBlock`, and hand the [`Ready`] to
    /// [`clear`](Self::clear) then. [`read_with`](Self::read_with) does both.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost and no waker is left behind; waiting again is fine, at the end of the line.
    ///
    /// # Errors
    ///
    /// [`ReactorGone`] when the reactor is dropped.
    pub fn readable(&self) -> WaitReady<'_, S> {
        WaitReady::new(self, Direction::Read, Until::Ready)
    }

    /// Waits until there is room to write, or an error.
    ///
    /// As [`readable`](Self::readable) in all else.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost and no waker is left behind; waiting again is fine, at the end of the line.
    ///
    /// # Errors
    ///
    /// [`ReactorGone`] when the reactor is dropped.
    pub fn writable(&self) -> WaitReady<'_, S> {
        WaitReady::new(self, Direction::Write, Until::Ready)
    }

    /// Polls whether there is something to read, the end or an error.
    ///
    /// Keeps the waker of `cx` in the one slot that all `poll_*` methods share for this direction,
    /// until it is woken or another takes its place.
    ///
    /// # Errors
    ///
    /// [`ReactorGone`] when the reactor is dropped.
    pub fn poll_readable(&self, cx: &Context<'_>) -> Poll<io::Result<Ready>> {
        self.poll_side(Direction::Read, Until::Ready, Place::Slot, cx)
    }

    /// Polls whether there is room to write, or an error.
    ///
    /// As [`poll_readable`](Self::poll_readable) in all else.
    ///
    /// # Errors
    ///
    /// [`ReactorGone`] when the reactor is dropped.
    pub fn poll_writable(&self, cx: &Context<'_>) -> Poll<io::Result<Ready>> {
        self.poll_side(Direction::Write, Until::Ready, Place::Slot, cx)
    }

    /// Tries `operation` once, unless it is known that it would block.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if the last operation came back empty and no event arrived since, without
    /// calling `operation`; else what it returns; [`ReactorGone`] when the reactor is dropped.
    pub fn try_io<R>(
        &self,
        direction: Direction,
        operation: impl FnOnce(&S) -> io::Result<R>,
    ) -> io::Result<R> {
        let side = self.entry.side(direction);
        let seen = side.check()?;
        if !seen.is_worth_trying() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let result = operation(self.get_ref());
        if would_block(&result) {
            self.clear(Ready { direction, seen });
            // Nobody waits, so nobody would arm a system that reports only what it is asked for.
            if self.sys().mode() == EventMode::Once {
                self.arm(direction)?;
            }
        }
        result
    }

    /// Reads by calling `operation`, again after each event until it would no longer block.
    ///
    /// The first attempt is made without waiting unless the last one came back empty.
    /// `Interrupted` is tried again at once.
    ///
    /// # Cancel safety
    ///
    /// There is no suspension point after `operation` has succeeded: dropped at any other, nothing
    /// was read. No waker is left behind.
    ///
    /// # Errors
    ///
    /// What `operation` returns, and [`ReactorGone`] when the reactor is dropped.
    pub async fn read_with<R>(&self, operation: impl FnMut(&S) -> io::Result<R>) -> io::Result<R> {
        self.io_with(Direction::Read, operation).await
    }

    /// Writes by calling `operation`, again after each event until it would no longer block.
    ///
    /// As [`read_with`](Self::read_with) in all else.
    ///
    /// # Cancel safety
    ///
    /// There is no suspension point after `operation` has succeeded: dropped at any other, nothing
    /// was written. No waker is left behind.
    ///
    /// # Errors
    ///
    /// What `operation` returns, and [`ReactorGone`] when the reactor is dropped.
    pub async fn write_with<R>(&self, operation: impl FnMut(&S) -> io::Result<R>) -> io::Result<R> {
        self.io_with(Direction::Write, operation).await
    }

    /// Polls `operation` in `direction`, as [`read_with`](Self::read_with) does, with the one slot
    /// that all `poll_*` methods share.
    ///
    /// # Errors
    ///
    /// What `operation` returns, and [`ReactorGone`] when the reactor is dropped.
    pub fn poll_io<R>(
        &self,
        direction: Direction,
        cx: &Context<'_>,
        mut operation: impl FnMut(&S) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        loop {
            let ready = ready!(self.poll_side(direction, Until::WorthTrying, Place::Slot, cx))?;
            if let Some(result) = self.attempt(ready, &mut operation) {
                return Poll::Ready(result);
            }
        }
    }

    /// The same for an operation that moves at most `wanted` bytes of a **stream socket**.
    ///
    /// A count that is short of `wanted` saves the attempt that would find nothing left: see
    /// [`clear_after_short`](Self::clear_after_short), also for why it must be a socket.
    ///
    /// # Errors
    ///
    /// What `operation` returns, and [`ReactorGone`] when the reactor is dropped.
    pub fn poll_stream_io(
        &self,
        direction: Direction,
        cx: &Context<'_>,
        wanted: usize,
        mut operation: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let ready = ready!(self.poll_side(direction, Until::WorthTrying, Place::Slot, cx))?;
            let Some(result) = self.attempt(ready, &mut operation) else {
                continue;
            };
            if matches!(result, Ok(count) if 0 < count && count < wanted) {
                self.clear_after_short(ready);
            }
            return Poll::Ready(result);
        }
    }

    /// Says that an operation begun at `ready` would have blocked.
    ///
    /// Has no effect if an event arrived after `ready` was given out.
    pub fn clear(&self, ready: Ready) {
        self.entry.side(ready.direction).clear(ready.seen);
    }

    /// Says that an operation begun at `ready` moved less than it was asked to, and more than
    /// nothing.
    ///
    /// On a stream socket that means that the buffer is empty, or full, and that a new event will
    /// come; the next operation waits for it instead of trying. Not so when the peer has ended the
    /// stream, or it failed, or carries urgent data: then this has no effect, and the end is found
    /// by trying. It has none either if an event arrived after `ready` was given out, or where the
    /// system does not tell the end of a stream from its data.
    ///
    /// Only for stream sockets: a terminal or a pipe may give less than it has.
    pub fn clear_after_short(&self, ready: Ready) {
        let side = self.entry.side(ready.direction);
        if self.sys().waits_directly() {
            side.clear_after_short(ready.seen);
        }
    }

    async fn io_with<R>(
        &self,
        direction: Direction,
        mut operation: impl FnMut(&S) -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            let ready = WaitReady::new(self, direction, Until::WorthTrying).await?;
            if let Some(result) = self.attempt(ready, &mut operation) {
                return result;
            }
        }
    }

    /// Calls `operation`, or says `None` if it would block and the readiness is cleared.
    fn attempt<R>(
        &self,
        ready: Ready,
        operation: &mut impl FnMut(&S) -> io::Result<R>,
    ) -> Option<io::Result<R>> {
        loop {
            let result = operation(self.get_ref());
            match &result {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.clear(ready);
                    return None;
                }
                _ => return Some(result),
            }
        }
    }

    pub(crate) fn poll_side(
        &self,
        direction: Direction,
        until: Until,
        place: Place<'_>,
        cx: &Context<'_>,
    ) -> Poll<io::Result<Ready>> {
        let side = self.entry.side(direction);
        match side.poll(until, place, cx) {
            Poll::Ready(Ok(seen)) => Poll::Ready(Ok(Ready { direction, seen })),
            Poll::Ready(Err(gone)) => Poll::Ready(Err(gone.into())),
            Poll::Pending => {
                if self.sys().mode() == EventMode::Once {
                    self.arm(direction)?;
                }
                Poll::Pending
            }
        }
    }

    pub(crate) fn cancel(&self, direction: Direction, place: Place<'_>) {
        self.entry.side(direction).cancel(place);
    }

    fn arm(&self, direction: Direction) -> io::Result<()> {
        // Foreign code, so before the lock.
        let fd = self.get_ref().as_fd();
        self.entry.arm(direction, |interest| {
            self.sys().arm_source(fd, self.registration.key(), interest)
        })
    }

    fn sys(&self) -> &Sys {
        self.registration.sys()
    }
}

fn would_block<R>(result: &io::Result<R>) -> bool {
    matches!(result, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

impl<S: AsFd> AsFd for Source<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.get_ref().as_fd()
    }
}

impl<S: AsFd> fmt::Debug for Source<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("fd", &self.as_fd())
            .field("read", self.entry.side(Direction::Read))
            .field("write", self.entry.side(Direction::Write))
            .finish()
    }
}
