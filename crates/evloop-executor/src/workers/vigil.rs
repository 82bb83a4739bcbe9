//! When a worker watches, and how long its naps are then.
//!
//! Watching costs a wake-up every few milliseconds, and having to wake somebody who watches costs one for
//! each piece of work. So whoever has just worked does not watch as long as nobody else is active: it is
//! likely to be woken next, by I/O for example, and somebody would have to be woken in its place. Whoever
//! was woken and has found nothing to do watches, as long as work goes on, and a while longer.

use std::cell::Cell;
use std::time::Duration;

use super::roles::Depth;

/// Naps without any work anywhere in between, before nobody watches and all is quiet.
const MOST_IDLE_NAPS: u32 = 4;

/// One worker's share in watching.
#[derive(Debug, Default)]
pub(super) struct Vigil {
    /// It has found work since its last nap, or that was a deep one and nobody called it for work.
    has_worked: Cell<bool>,
    /// It has seen a queue that was not its own.
    has_seen: Cell<bool>,
    /// Light naps one after the other.
    n_naps: Cell<u32>,
    /// Those of them in which nobody has found work.
    n_idle_naps: Cell<u32>,
    /// How often anybody had found work when this one last fell asleep.
    n_finds: Cell<u64>,
}

impl Vigil {
    pub(super) fn find_work(&self) {
        self.has_worked.set(true);
        self.n_naps.set(0);
    }

    pub(super) fn note_seen(&self, has_seen: bool) {
        self.has_seen.set(has_seen);
    }

    /// Whether this worker, which falls asleep, would watch while nobody is active.
    pub(super) fn would_watch(&self, n_finds: u64) -> bool {
        if self.n_finds.replace(n_finds) != n_finds {
            self.n_idle_naps.set(0);
        }
        !self.has_worked.get() && self.n_idle_naps.get() < MOST_IDLE_NAPS
    }

    /// How long the watcher's next nap is: it grows while nothing is seen.
    pub(super) fn nap(&self) -> Duration {
        if self.has_seen.get() {
            return Duration::from_micros(50);
        }
        Duration::from_millis(1 << self.n_naps.get().min(2))
    }

    /// A nap has ended. `was_called`: chosen to look for work, or to watch.
    pub(super) fn wake_up(&self, depth: Depth, was_called: bool) {
        // What has ended a deep sleep else is I/O or a timer, or one that was set meanwhile. Even if that is a
        // matter of a thread that is no worker, so that there is no work here, what comes next is to be
        // waited for as before.
        self.has_worked.set(depth == Depth::Deep && !was_called);
        match depth {
            Depth::Light => {
                self.n_naps.set(self.n_naps.get() + 1);
                self.n_idle_naps.set(self.n_idle_naps.get() + 1);
            }
            // It is one of those that are needed again.
            Depth::Deep => {
                self.n_naps.set(0);
                self.n_idle_naps.set(0);
            }
        }
    }
}
