//! `add_reader` and `add_writer`: callbacks while a descriptor is ready.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

use evloop_executor::{CallHandle, ExecutorHandle};
use evloop_reactor::{Direction, LevelSource, Notifier, ReactorHandle};
use evloop_task::{Context, current_scheduler, report_panic};

use crate::error::LoopClosed;
use crate::handle::Handle;
use crate::shared::lock;

/// The watched descriptors by number. Each watch owns a duplicate, so a number that was closed and
/// used again behind the loop's back is never watched by mistake.
#[derive(Default)]
pub(crate) struct Watches {
    by_fd: HashMap<RawFd, Watch>,
}

struct Watch {
    source: LevelSource<OwnedFd>,
    reader: Option<Arc<FdCallback>>,
    writer: Option<Arc<FdCallback>>,
}

impl Watch {
    fn place(&mut self, direction: Direction) -> &mut Option<Arc<FdCallback>> {
        match direction {
            Direction::Read => &mut self.reader,
            Direction::Write => &mut self.writer,
        }
    }
}

/// The callback that was replaced, and the watch that has ended because its number means another
/// file now: to be dropped by the caller, outside of the lock.
type Changed = (io::Result<Option<Arc<FdCallback>>>, Option<Watch>);

impl Watches {
    fn set(
        &mut self,
        reactor: &Mutex<Option<(ReactorHandle, Notifier)>>,
        fd: BorrowedFd<'_>,
        number: RawFd,
        direction: Direction,
        callback: Arc<FdCallback>,
    ) -> Changed {
        let known = self.by_fd.get(&number);
        // The number may have been closed and used again since.
        let is_other = known.is_some_and(|watch| !is_same_file(fd, watch.source.get_ref()));
        let ended = if is_other {
            self.by_fd.remove(&number)
        } else {
            None
        };
        let is_new = !self.by_fd.contains_key(&number);
        let replaced = self.replace(reactor, fd, number, direction, callback);
        if is_new && replaced.is_err() {
            self.by_fd.remove(&number);
        }
        (replaced, ended)
    }

    fn replace(
        &mut self,
        reactor: &Mutex<Option<(ReactorHandle, Notifier)>>,
        fd: BorrowedFd<'_>,
        number: RawFd,
        direction: Direction,
        callback: Arc<FdCallback>,
    ) -> io::Result<Option<Arc<FdCallback>>> {
        let watch = match self.by_fd.entry(number) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let reactor = lock(reactor).as_ref().map(|(handle, _)| handle.clone());
                let source = reactor.ok_or(LoopClosed)?.register_level_duplicate(fd)?;
                place.insert(Watch {
                    source,
                    reader: None,
                    writer: None,
                })
            }
        };
        let waker = Waker::from(Arc::clone(&callback));
        watch.source.set(direction, Some(waker))?;
        Ok(watch.place(direction).replace(callback))
    }
}

/// What the reactor wakes each turn in which the descriptor is ready.
struct FdCallback {
    callback: Mutex<Box<dyn FnMut() + Send>>,
    /// A copy from `add_reader` or `add_writer`, the same for all runs.
    context: Context,
    executor: ExecutorHandle,
    /// The run that is queued.
    queued: Mutex<Option<CallHandle>>,
}

impl Wake for FdCallback {
    fn wake(self: Arc<Self>) {
        let this = Arc::clone(&self);
        let call = CallHandle::new(move || {
            // Only the loop's thread runs it, one run at a time.
            let mut callback = lock(&this.callback);
            this.context.run(&mut *callback);
        });
        if self.executor.queue(&call).is_ok() {
            let old = lock(&self.queued).replace(call);
            drop(old);
        }
    }
}

impl Handle {
    /// Calls `callback` in every turn in which `fd` is readable, until it is removed; replaces the
    /// reader of this descriptor and leaves its writer alone.
    ///
    /// It is level-triggered: a callback that reads nothing is called again. The loop watches a
    /// duplicate, so `fd` stays with its owner; remove the watch before closing `fd`.
    ///
    /// # Errors
    ///
    /// The loop is closed, or the system cannot watch this descriptor (`EPERM` for a regular file).
    pub fn add_reader<F>(&self, fd: impl AsFd, callback: F) -> io::Result<()>
    where
        F: FnMut() + Send + 'static,
    {
        self.watch(fd, Direction::Read, Box::new(callback))
    }

    /// Calls `callback` in every turn in which `fd` is writable; as [`Handle::add_reader`].
    ///
    /// # Errors
    ///
    /// As [`Handle::add_reader`].
    pub fn add_writer<F>(&self, fd: impl AsFd, callback: F) -> io::Result<()>
    where
        F: FnMut() + Send + 'static,
    {
        self.watch(fd, Direction::Write, Box::new(callback))
    }

    /// Stops the reader of `fd`, also a call of it that is queued already. Returns whether there
    /// was one; false on a closed loop.
    pub fn remove_reader(&self, fd: impl AsFd) -> bool {
        self.unwatch(fd, Direction::Read)
    }

    /// Stops the writer of `fd`; as [`Handle::remove_reader`].
    pub fn remove_writer(&self, fd: impl AsFd) -> bool {
        self.unwatch(fd, Direction::Write)
    }

    fn watch(
        &self,
        fd: impl AsFd,
        direction: Direction,
        callback: Box<dyn FnMut() + Send>,
    ) -> io::Result<()> {
        if self.is_closed() {
            return Err(LoopClosed.into());
        }
        let shared = self.shared();
        let callback = Arc::new(FdCallback {
            callback: Mutex::new(callback),
            context: Context::current(),
            executor: shared.executor,
            queued: Mutex::new(None),
        });
        let number = fd.as_fd().as_raw_fd();
        let (replaced, ended) = {
            let mut watches = lock(&shared.watches);
            watches.set(&shared.reactor, fd.as_fd(), number, direction, callback)
        };
        // From here on, outside of the lock, users' values are dropped; `fd` is the last of them.
        for callback in ended
            .into_iter()
            .flat_map(|watch| [watch.reader, watch.writer])
        {
            forget_queued(callback);
        }
        replaced.map(forget_queued)
    }

    fn unwatch(&self, fd: impl AsFd, direction: Direction) -> bool {
        let number = fd.as_fd().as_raw_fd();
        let (removed, ended) = {
            let mut watches = lock(&self.shared().watches);
            let Some(watch) = watches.by_fd.get_mut(&number) else {
                return false;
            };
            let removed = watch.place(direction).take();
            // Failing to lower the interest leaves a wake for nothing, and the watch ends below or
            // with the loop.
            let _lowered = watch.source.set(direction, None);
            let unused = watch.reader.is_none() && watch.writer.is_none();
            let ended = if unused {
                watches.by_fd.remove(&number)
            } else {
                None
            };
            (removed, ended)
        };
        drop(ended);
        let was_there = removed.is_some();
        forget_queued(removed);
        was_there
    }

    /// The loop closes: all watches end.
    pub(crate) fn close_watches(&self) {
        let watches = std::mem::take(&mut lock(&self.shared().watches).by_fd);
        for watch in watches.into_values() {
            report_panic(current_scheduler(), "dropping a reader or writer", || {
                drop(watch)
            });
        }
    }

    /// The loop is closed: its descriptors are given back.
    pub(crate) fn close_reactor(&self) {
        let reactor = lock(&self.shared().reactor).take();
        drop(reactor);
    }
}

/// True when both descriptors refer to the same open thing. One that cannot be asked is the same.
fn is_same_file(one: impl AsFd, other: impl AsFd) -> bool {
    let identity =
        |fd: BorrowedFd<'_>| rustix::fs::fstat(fd).map(|stat| (stat.st_dev, stat.st_ino));
    match (identity(one.as_fd()), identity(other.as_fd())) {
        (Ok(one), Ok(other)) => one == other,
        _ => true,
    }
}

/// Cancels the queued run of a callback that was removed or replaced.
fn forget_queued(callback: Option<Arc<FdCallback>>) {
    if let Some(callback) = callback {
        let queued = lock(&callback.queued).take();
        if let Some(call) = queued {
            call.cancel();
        }
    }
}

impl fmt::Debug for Watches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watches")
            .field("n_fds", &self.by_fd.len())
            .finish()
    }
}
