//! A handler of ours in its place, until nobody needs it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::action::{self, Action, Found};
use super::slot::Slot;
use super::wakeups::Wakeups;
use crate::disposition::Disposition;
use crate::error::WatchError;
use crate::signal::Signal;

/// What our handler has replaced, by number. Handlers come and go under this lock, except for one that
/// takes itself away after its last signal.
static FORMER: Mutex<BTreeMap<i32, Action>> = Mutex::new(BTreeMap::new());

fn lock() -> MutexGuard<'static, BTreeMap<i32, Action>> {
    FORMER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has our handler in its place for `signal`, if what is there is in `replaceable`.
fn install(
    former: &mut BTreeMap<i32, Action>,
    signal: Signal,
    replaceable: &[Disposition],
) -> Result<(), WatchError> {
    let taken = |by| Err(WatchError::taken(signal, by));
    let found = action::replace(signal.number(), replaceable);
    match found.map_err(|error| WatchError::system(signal, error))? {
        Found::Replaced(replaced) => {
            former.insert(signal.number(), replaced);
            Ok(())
        }
        // What this one stands for has to be replaceable as well.
        Found::Ours => match former.get(&signal.number()).map(Action::disposition) {
            Some(by) if !replaceable.contains(&by) => taken(by),
            _ => Ok(()),
        },
        Found::Other(by) => taken(by),
    }
}

/// Puts back what was there, if the handler is still ours.
fn put_back(former: &mut BTreeMap<i32, Action>, signal: Signal) {
    let replaced = former.remove(&signal.number());
    action::put_back(signal.number(), &replaced.unwrap_or_default());
}

/// A signal that is counted instead of its default action.
pub(crate) struct Installed {
    signal: Signal,
    wakeups: Wakeups,
    /// The count from which it began.
    first: u32,
    is_over: bool,
}

impl Installed {
    pub(crate) fn instead_of_default(signal: Signal, most: u32) -> Result<Self, WatchError> {
        let system = |error| WatchError::system(signal, error);
        let wakeups = Wakeups::of_process().map_err(system)?;
        // A signal of a former watch that nobody waited for.
        wakeups.dispatch();
        let mut former = lock();
        let tally = &Slot::of(signal).tally;
        if !tally.claim() {
            return Err(WatchError::watched(signal));
        }
        let first = tally.begin(most);
        if let Err(refused) = install(&mut former, signal, &[Disposition::Default]) {
            tally.release();
            return Err(refused);
        }
        Ok(Self {
            signal,
            wakeups,
            first,
            is_over: false,
        })
    }

    #[inline]
    pub(crate) fn count(&self) -> u32 {
        Slot::of(self.signal).tally.since(self.first)
    }

    /// Ends the watch; the handler goes unless others need it. Again: does nothing.
    pub(crate) fn restore(&mut self) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        let mut former = lock();
        let slot = Slot::of(self.signal);
        // Before the release: what comes in between is counted, or acts as before.
        if !slot.is_heard() {
            put_back(&mut former, self.signal);
        }
        slot.tally.release();
    }

    pub(crate) fn wakeups(&self) -> Wakeups {
        self.wakeups
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        self.restore();
    }
}

/// One who hears a signal.
pub(crate) struct Heard {
    signal: Signal,
    wakeups: Wakeups,
    /// What was taken of the count.
    n_taken: u32,
}

impl Heard {
    pub(crate) fn begin(signal: Signal) -> Result<Self, WatchError> {
        let system = |error| WatchError::system(signal, error);
        let wakeups = Wakeups::of_process().map_err(system)?;
        let mut former = lock();
        let slot = Slot::of(signal);
        // Before the handler is there, so that the first signal is heard.
        let n_taken = slot.begin_to_hear();
        let replaceable = [Disposition::Default, Disposition::Ignored];
        if let Err(refused) = install(&mut former, signal, &replaceable) {
            slot.end_to_hear();
            return Err(refused);
        }
        Ok(Self {
            signal,
            wakeups,
            n_taken,
        })
    }

    pub(crate) fn signal(&self) -> Signal {
        self.signal
    }

    pub(crate) fn has_more(&self) -> bool {
        Slot::of(self.signal).n_heard() != self.n_taken
    }

    /// Takes one of the signals that have arrived, if there is one.
    pub(crate) fn take(&mut self) -> bool {
        let is_new = self.has_more();
        self.n_taken = self.n_taken.wrapping_add(u32::from(is_new));
        is_new
    }

    pub(crate) fn wakeups(&self) -> Wakeups {
        self.wakeups
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        let mut former = lock();
        let slot = Slot::of(self.signal);
        if slot.end_to_hear() && !slot.tally.is_active() {
            put_back(&mut former, self.signal);
        }
    }
}
