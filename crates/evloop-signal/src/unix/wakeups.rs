//! The pair of descriptors between the handler and whoever waits.

use std::fmt;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::process;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::waiting;

/// A descriptor that is readable once a watched signal has arrived, until [`Wakeups::dispatch`].
///
/// The process has one. Whoever waits for it, in any number of event loops, calls `dispatch` once it
/// is readable, and that wakes all: so it matters not who is the first.
///
/// It is never closed, so it may be kept longer than its watch; then it stays silent, or tells of a
/// later one. A process that is forked off has its own: it makes a new one with its first watch, and
/// until then its signals wake nobody, in particular not its parent.
#[derive(Clone, Copy)]
pub struct Wakeups(&'static Pair);

#[derive(Debug)]
struct Pair {
    /// The descriptors are shared with a process that was forked off: it makes its own.
    process: u32,
    reader: UnixStream,
    writer: UnixStream,
}

/// Where the handler writes ...
static WRITER: AtomicI32 = AtomicI32::new(-1);
/// ... in the process of this number. Stored after the writer and loaded before it.
static OWNER: AtomicU32 = AtomicU32::new(0);

/// The writer of the calling process, if it has one. For the handler: takes no lock.
pub(super) fn writer_of(process: libc::pid_t) -> Option<RawFd> {
    (OWNER.load(Ordering::SeqCst) == process.cast_unsigned()).then(|| WRITER.load(Ordering::SeqCst))
}

static PAIR: Mutex<Option<&'static Pair>> = Mutex::new(None);

impl Wakeups {
    /// The descriptor of this process, which the first call makes.
    ///
    /// # Errors
    ///
    /// What the system gives when it makes no more descriptors.
    pub fn of_process() -> io::Result<Self> {
        let mut place = PAIR.lock().unwrap_or_else(PoisonError::into_inner);
        let process = process::id();
        if let Some(pair) = place.filter(|pair| pair.process == process) {
            return Ok(Self(pair));
        }
        let (reader, writer) = UnixStream::pair()?;
        // The handler must not wait when nobody reads, nor the reader when there is nothing.
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        let pair = Pair {
            process,
            reader,
            writer,
        };
        WRITER.store(pair.writer.as_raw_fd(), Ordering::SeqCst);
        OWNER.store(process, Ordering::SeqCst);
        // Leaked: a handler may use the descriptor at any time.
        Ok(Self(place.insert(Box::leak(Box::new(pair)))))
    }

    /// Makes it unreadable until the next signal, and wakes everybody who waits for one.
    ///
    /// # Panics
    ///
    /// When a waker does, after all others.
    ///
    /// # Cost
    ///
    /// Two system calls, and a wake for each [`Signals`](crate::Signals) and
    /// [`Watch::set_waker`](crate::Watch::set_waker).
    pub fn dispatch(self) {
        let mut bytes = [0; 64];
        // An error means that nothing is left, and an interrupted read is tried again.
        loop {
            match (&self.0.reader).read(&mut bytes) {
                Ok(1..) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => break,
            }
        }
        // After the clearing: who looks at the counts now misses none of which it has told.
        waiting::wake_all();
    }
}

impl AsFd for Wakeups {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.reader.as_fd()
    }
}

impl fmt::Debug for Wakeups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Wakeups")
            .field(&self.0.reader.as_raw_fd())
            .finish()
    }
}
