//! Level-triggered registrations: a waker that is woken on every turn while its direction is ready.

use std::{
    fmt, io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::Arc,
    task::Waker,
};

use crate::{
    Direction, ReactorGone, ReactorHandle, SourceError,
    registration::Registration,
    registry::Target,
    sync::{Mutex, lock},
    sys::{Interest, Sys},
};

/// A descriptor whose wakers are woken on every turn of the reactor while it is ready.
///
/// This is the primitive under an event loop's `add_reader` and `add_writer`. For everything else
/// a [`Source`](crate::Source) is cheaper: it asks the system once and remembers the answer.
///
/// # Ownership
///
/// The registration owns `S`, and ends before `S` is dropped, so its number can never be reused
/// under it. Give it what it can own: the socket itself, an `Arc` of it (which is `AsFd` too), or
/// a duplicate of a descriptor that stays with its owner
/// ([`register_level_duplicate`](ReactorHandle::register_level_duplicate)).
///
/// # Examples
///
/// ```
/// use std::{io::Write, os::unix::net::UnixStream, task::Waker, time::Duration};
/// use evloop_reactor::{Direction, Reactor};
///
/// let mut reactor = Reactor::new()?;
/// let (ours, mut theirs) = UnixStream::pair()?;
/// let watched = reactor.handle().register_level(ours)?;
/// watched.set(Direction::Read, Some(Waker::noop().clone()))?;
/// theirs.write_all(b"unread")?;
///
/// let mut woken = Vec::new();
/// reactor.poll(Some(Duration::ZERO), &mut woken)?;
/// reactor.poll(Some(Duration::ZERO), &mut woken)?;
/// assert_eq!(woken.len(), 2, "once in every turn until it is read");
///
/// watched.set(Direction::Read, None)?;
/// reactor.poll(Some(Duration::ZERO), &mut woken)?;
/// assert_eq!(woken.len(), 2);
/// # std::io::Result::Ok(())
/// ```
pub struct LevelSource<S: AsFd> {
    /// Before the entry, so that the registration has ended when the last waker is dropped.
    registration: Registration<S>,
    entry: Arc<LevelEntry>,
}

/// What the reactor and a [`LevelSource`] share.
#[derive(Debug)]
pub(crate) struct LevelEntry {
    /// Locked over the system call that changes the interest, so that the kernel and this agree.
    wanted: Mutex<Wanted>,
}

/// The wakers are behind an `Arc` so that the reactor can take one along under the lock without
/// running its `clone`, which is foreign code.
#[derive(Debug, Default)]
struct Wanted {
    read: Option<Arc<Waker>>,
    write: Option<Arc<Waker>>,
    gone: bool,
}

impl ReactorHandle {
    /// Registers `source` level-triggered, with nothing to wake yet.
    ///
    /// # Errors
    ///
    /// The error gives `source` back. `AlreadyExists` if this descriptor is registered with this
    /// reactor (two duplicates of one descriptor are two registrations), the system's own error
    /// for what cannot be watched (`EPERM` for a regular file or a directory), `OutOfMemory`
    /// or `StorageFull` if a limit is reached, [`ReactorGone`] after the reactor was dropped.
    pub fn register_level<S: AsFd>(&self, source: S) -> Result<LevelSource<S>, SourceError<S>> {
        let entry = Arc::new(LevelEntry {
            wanted: Mutex::new(Wanted::default()),
        });
        let target = Target::Level(Arc::clone(&entry));
        let registration = Registration::new(self, source, target, Sys::add_level)?;
        Ok(LevelSource {
            registration,
            entry,
        })
    }

    /// Registers a duplicate of `fd` level-triggered, so that `fd` stays with its owner.
    ///
    /// The registration does not end when the owner closes `fd`: the duplicate keeps the open file
    /// alive, the peer of a socket sees no end, until the [`LevelSource`] is dropped. That is the
    /// price of never watching a number that was reused for something else, which is what asyncio
    /// does after a forgotten `remove_reader`.
    ///
    /// # Errors
    ///
    /// As [`register_level`](Self::register_level), and what duplicating a descriptor gives, such
    /// as `EMFILE`.
    pub fn register_level_duplicate(&self, fd: impl AsFd) -> io::Result<LevelSource<OwnedFd>> {
        let duplicate = fd.as_fd().try_clone_to_owned()?;
        Ok(self.register_level(duplicate)?)
    }
}

impl<S: AsFd> LevelSource<S> {
    /// Wakes `waker` on every turn in which `direction` is ready, or stops doing so for `None`.
    ///
    /// Replaces the waker that was set before. An error or a hang-up makes both directions ready.
    ///
    /// # Errors
    ///
    /// What the system gives for changing the registration, and nothing is changed then;
    /// [`ReactorGone`] after the reactor was dropped.
    ///
    /// # Cost
    ///
    /// One system call if `direction` was off and is now on, or the reverse; one allocation for a
    /// waker.
    pub fn set(&self, direction: Direction, waker: Option<Waker>) -> io::Result<()> {
        let waker = waker.map(Arc::new);
        // Foreign code, so before the lock.
        let fd = self.get_ref().as_fd();
        let stale = self.entry.set(direction, waker, |interest| {
            let registration = &self.registration;
            registration
                .sys()
                .set_level(fd, registration.key(), interest)
        })?;
        drop(stale);
        Ok(())
    }

    /// The descriptor that is watched.
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
}

impl<S: AsFd> AsFd for LevelSource<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.get_ref().as_fd()
    }
}

impl<S: AsFd> fmt::Debug for LevelSource<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let interest = lock(&self.entry.wanted).interest();
        f.debug_struct("LevelSource")
            .field("fd", &self.as_fd())
            .field("read", &interest.read)
            .field("write", &interest.write)
            .finish()
    }
}

impl LevelEntry {
    /// Changes one waker, after `tell` has changed the registration if need be, and hands back the
    /// one that it replaces.
    fn set(
        &self,
        direction: Direction,
        waker: Option<Arc<Waker>>,
        tell: impl FnOnce(Interest) -> io::Result<()>,
    ) -> io::Result<Option<Arc<Waker>>> {
        let mut wanted = lock(&self.wanted);
        if wanted.gone {
            return Err(ReactorGone.into());
        }
        let before = wanted.interest();
        let after = match waker {
            Some(_) => before.with(direction),
            None => before.without(direction),
        };
        if after != before {
            tell(after)?;
        }
        Ok(std::mem::replace(wanted.waker(direction), waker))
    }

    /// Adds the wakers of the ready directions to `repeated`.
    pub(crate) fn deliver(&self, ready: Interest, repeated: &mut Vec<Arc<Waker>>) {
        let wanted = lock(&self.wanted);
        if ready.read {
            repeated.extend(wanted.read.as_ref().map(Arc::clone));
        }
        if ready.write {
            repeated.extend(wanted.write.as_ref().map(Arc::clone));
        }
    }

    /// The reactor is gone: the wakers move into `repeated` for a last time.
    pub(crate) fn give_up(&self, repeated: &mut Vec<Arc<Waker>>) {
        let mut wanted = lock(&self.wanted);
        wanted.gone = true;
        repeated.extend(wanted.read.take());
        repeated.extend(wanted.write.take());
    }
}

impl Wanted {
    fn interest(&self) -> Interest {
        Interest {
            read: self.read.is_some(),
            write: self.write.is_some(),
        }
    }

    fn waker(&mut self, direction: Direction) -> &mut Option<Arc<Waker>> {
        match direction {
            Direction::Read => &mut self.read,
            Direction::Write => &mut self.write,
        }
    }
}
