//! A signal that is counted instead of acting.

use std::fmt;
use std::task::Waker;

use crate::error::WatchError;
use crate::signal::Signal;
use crate::sys::Installed;
use crate::waiting::Place;

/// A count is compared as a signed number, so that it may wrap.
const MOST: u32 = i32::MAX.unsigned_abs();

/// Counts a signal, which does nothing else as long as this lives; the signals of which
/// [`Signals`](crate::Signals) are a stream go there instead, and are not counted.
///
/// Dropping it restores the disposition from before, unless somebody has set another one meanwhile,
/// which then stays.
///
/// System calls that the signal interrupts are restarted. A signal arrives at any thread that does
/// not block it; the count is one for the whole process.
pub struct Watch {
    signal: Signal,
    installed: Installed,
    place: Place,
}

impl Watch {
    /// Watches `signal` if its disposition is the default one.
    ///
    /// After `most` signals the default disposition comes back by itself, so the next one kills
    /// even a program that looks at nothing any more; 0 means 1, and more than 2³¹ - 1 means that.
    /// Signals that arrive while one is being counted are merged by the system.
    ///
    /// # Errors
    ///
    /// [`WatchError`]: the signal is watched, ignored or handled already; no descriptors are left;
    /// the system has no signals.
    ///
    /// # Cost
    ///
    /// Two system calls, and three at the end. The first watch of a process makes a pair of
    /// descriptors, which stays: a handler may still be at work when its watch ends.
    pub fn instead_of_default(signal: Signal, most: u32) -> Result<Self, WatchError> {
        let installed = Installed::instead_of_default(signal, most.clamp(1, MOST))?;
        Ok(Self {
            signal,
            installed,
            place: Place::new(),
        })
    }

    /// The watched signal.
    #[must_use]
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// How many signals have arrived since the watch began; it wraps.
    ///
    /// # Cost
    ///
    /// One atomic load.
    #[inline]
    #[must_use]
    pub fn count(&self) -> u32 {
        self.installed.count()
    }

    /// Ends the watch; returns the last count, from which no signal is missing that did not act as
    /// before.
    #[must_use = "dropping the watch ends it as well"]
    pub fn end(mut self) -> u32 {
        self.installed.restore();
        self.count()
    }

    /// Has each signal from now on wake `waker`, once somebody calls
    /// [`Wakeups::dispatch`](crate::Wakeups::dispatch); replaces a former one.
    pub fn set_waker(&self, waker: &Waker) {
        self.place.set(waker);
    }

    /// The descriptor that is readable once a signal has arrived.
    #[cfg(unix)]
    #[must_use]
    pub fn wakeups(&self) -> crate::Wakeups {
        self.installed.wakeups()
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("signal", &self.signal)
            .field("count", &self.count())
            .finish()
    }
}
