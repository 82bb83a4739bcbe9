//! Task ids: unique in the process, handed out in blocks so that spawning touches no shared line.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many ids a thread takes at once.
const BLOCK: u64 = 64;

/// The first id nobody has taken. Relaxed is enough: only uniqueness matters.
static NEXT_BLOCK: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// The thread's ids: the next one and the end of its block.
    static IDS: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// Number of a task, unique in the process and never reused.
///
/// Ids of one thread grow; ids of different threads interleave in blocks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(u64);

impl TaskId {
    /// Takes the next id.
    #[inline]
    pub(crate) fn next() -> Self {
        IDS.with(|ids| {
            let (next, end) = ids.get();
            if next != end {
                ids.set((next + 1, end));
                return Self(next);
            }
            let next = NEXT_BLOCK.fetch_add(BLOCK, Ordering::Relaxed);
            ids.set((next + 1, next + BLOCK));
            Self(next)
        })
    }

    /// Returns the number itself, at least 1.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
