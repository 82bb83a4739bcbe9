//! A handler of ours in its place, until it is taken away.

use super::action::{self, TALLY};
use super::wakeups::Wakeups;
use crate::disposition::Disposition;
use crate::error::WatchError;
use crate::signal::Signal;

/// The one handler of this process.
pub(crate) struct Installed {
    signal: Signal,
    wakeups: Wakeups,
    /// The count from which it began.
    first: u32,
}

impl Installed {
    pub(crate) fn instead_of_default(signal: Signal, most: u32) -> Result<Self, WatchError> {
        let system = |error| WatchError::system(signal, error);
        let wakeups = Wakeups::of_process().map_err(system)?;
        if !TALLY.claim() {
            return Err(WatchError::watched(signal));
        }
        // A signal of a former watch that nobody waited for.
        wakeups.clear();
        let first = TALLY.begin(wakeups.writer(), most);
        let found = action::replace_default(signal);
        if !matches!(found, Ok(Disposition::Default)) {
            TALLY.release();
        }
        match found.map_err(system)? {
            Disposition::Default => Ok(Self {
                signal,
                wakeups,
                first,
            }),
            other => Err(WatchError::taken(signal, other)),
        }
    }

    #[inline]
    pub(crate) fn count(&self) -> u32 {
        TALLY.since(self.first)
    }

    /// Gives the default disposition back, if the handler is still ours. Again: does nothing.
    pub(crate) fn restore(&mut self) {
        action::restore_default(self.signal);
    }

    pub(crate) fn wakeups(&self) -> Wakeups {
        self.wakeups
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        self.restore();
        TALLY.release();
    }
}
