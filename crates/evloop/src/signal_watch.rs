//! A loop that waits for the descriptor of signals, as long as somebody needs it to.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use evloop_signal::Wakeups;

use crate::error::LoopClosed;
use crate::handle::Handle;

/// What a loop waits for the descriptor for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Streams and callbacks, which a busy loop must not hold up.
    Events,
    /// Only to end a wait: a busy loop finds the signal by itself.
    EndOfWait,
}

/// Who needs a loop to wait for the descriptor.
#[derive(Debug, Default)]
pub(crate) struct SignalWatches {
    counts: Mutex<Counts>,
    /// Descriptors that a loop with work ready need not look at: none or one.
    n_quiet: AtomicUsize,
}

#[derive(Debug, Default)]
struct Counts {
    n_events: usize,
    n_ends_of_wait: usize,
}

impl Counts {
    fn of(&mut self, purpose: Purpose) -> &mut usize {
        match purpose {
            Purpose::Events => &mut self.n_events,
            Purpose::EndOfWait => &mut self.n_ends_of_wait,
        }
    }

    fn is_none(&self) -> bool {
        self.n_events == 0 && self.n_ends_of_wait == 0
    }

    fn n_quiet(&self) -> usize {
        usize::from(self.n_events == 0 && self.n_ends_of_wait > 0)
    }
}

impl SignalWatches {
    /// How many of the loop's descriptors only end a wait.
    pub(crate) fn n_quiet_sources(&self) -> usize {
        self.n_quiet.load(Ordering::Relaxed)
    }

    /// Counts under the lock, so that a reader that comes and one that goes do not meet; `change` is our
    /// own code, and nothing of the user's is dropped in it.
    fn update<T>(&self, change: impl FnOnce(&mut Counts) -> T) -> T {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut counts);
        // A loop that reads it late looks at the descriptor for nothing, or a turn later: it has been
        // woken, or has its turn, after this.
        self.n_quiet.store(counts.n_quiet(), Ordering::Relaxed);
        changed
    }
}

/// The loop waits for the descriptor of signals until this is dropped.
pub(crate) struct SignalWatch {
    handle: Handle,
    wakeups: Wakeups,
    purpose: Purpose,
}

impl SignalWatch {
    pub(crate) fn begin(handle: &Handle, purpose: Purpose) -> io::Result<Self> {
        let wakeups = Wakeups::of_process()?;
        handle.shared().signal_watches.update(|counts| {
            if counts.is_none() {
                handle.add_reader(wakeups, move || wakeups.dispatch())?;
            } else if handle.is_closed() {
                return Err(io::Error::from(LoopClosed));
            }
            *counts.of(purpose) += 1;
            Ok(())
        })?;
        Ok(Self {
            handle: handle.clone(),
            wakeups,
            purpose,
        })
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for SignalWatch {
    fn drop(&mut self) {
        self.handle.shared().signal_watches.update(|counts| {
            *counts.of(self.purpose) -= 1;
            if counts.is_none() {
                self.handle.remove_reader(self.wakeups);
            }
        });
    }
}

impl Handle {
    /// The loop is closed: streams of signals that wait in other loops hear that it waits for them no
    /// longer.
    pub(crate) fn end_signal_watches(&self) {
        let watches = &self.shared().signal_watches;
        if watches.update(|counts| !counts.is_none())
            && let Ok(wakeups) = Wakeups::of_process()
        {
            wakeups.dispatch();
        }
    }
}
