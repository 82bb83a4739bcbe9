//! The pair of descriptors between the handler and whoever waits.

use std::fmt;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::process;
use std::sync::{Mutex, PoisonError};

/// A descriptor that is readable once a watched signal has arrived, until it is cleared.
///
/// It is never closed, so it may be kept longer than its watch; then it stays silent, or tells of a
/// later one.
#[derive(Clone, Copy)]
pub struct Wakeups(&'static Pair);

#[derive(Debug)]
struct Pair {
    /// The descriptors are shared with a process that was forked off: it makes its own.
    process: u32,
    reader: UnixStream,
    writer: UnixStream,
}

static PAIR: Mutex<Option<&'static Pair>> = Mutex::new(None);

impl Wakeups {
    /// The pair of this process, which the first call makes.
    pub(super) fn of_process() -> io::Result<Self> {
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
        // Leaked: a handler may use the descriptor at any time.
        Ok(Self(place.insert(Box::leak(Box::new(pair)))))
    }

    /// What the handler writes to.
    pub(super) fn writer(self) -> RawFd {
        self.0.writer.as_raw_fd()
    }

    /// Makes it unreadable until the next signal. Read the count after this, not before.
    pub fn clear(self) {
        let mut bytes = [0; 64];
        // An error means that nothing is left, and an interrupted read is tried again.
        loop {
            match (&self.0.reader).read(&mut bytes) {
                Ok(1..) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => return,
            }
        }
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
