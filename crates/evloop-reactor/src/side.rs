//! One direction of one source: its readiness and who waits for it.

use std::{
    fmt,
    task::{Context, Poll, Waker},
};

use crate::{
    ReactorGone,
    readiness::{Readiness, ShortTransfer, Snapshot},
    sync::{Mutex, lock},
    waiters::{Place, Waiters},
};

#[cfg(test)]
mod tests;

/// What ends a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// An event said that the direction is ready.
    Ready,
    /// The same, or no operation was tried yet.
    WorthTrying,
}

/// One direction of one source.
///
/// How the two fields meet is in `wakeup.md` beside this file.
pub(crate) struct Side {
    readiness: Readiness,
    /// Not locked by whoever finds the direction ready and has not waited, nor by an event that nobody
    /// has waited for.
    waiters: Mutex<Waiters>,
}

impl Side {
    pub(crate) fn new() -> Self {
        Self::with_readiness(Readiness::new())
    }

    pub(crate) fn with_readiness(readiness: Readiness) -> Self {
        Self {
            readiness,
            waiters: Mutex::new(Waiters::default()),
        }
    }

    /// The readiness now, or the error that the reactor is gone.
    pub(crate) fn check(&self) -> Result<Snapshot, ReactorGone> {
        self.readiness.load().or_gone()
    }

    /// Ready with what ended the wait; else keeps the waker of `cx` at `place`.
    #[inline]
    pub(crate) fn poll(
        &self,
        until: Until,
        place: Place<'_>,
        cx: &Context<'_>,
    ) -> Poll<Result<Snapshot, ReactorGone>> {
        let now = self.readiness.load();
        // An event since this one began to wait, if it did, takes or has taken its waker. Nor is there
        // anybody else's.
        if !now.is_awaited() && until.is_over(now) {
            place.forget();
            return Poll::Ready(now.or_gone());
        }
        self.poll_with_lock(until, place, cx, now)
    }

    /// The same when it has to wait, or has waited. `before` is what the readiness was.
    ///
    /// A waker is foreign code: it is cloned and dropped only while nothing is locked.
    fn poll_with_lock(
        &self,
        until: Until,
        mut place: Place<'_>,
        cx: &Context<'_>,
        before: Snapshot,
    ) -> Poll<Result<Snapshot, ReactorGone>> {
        // With nobody waiting there is none yet that would do.
        let mut fresh = (!before.is_awaited()).then(|| cx.waker().clone());
        loop {
            let mut waiters = lock(&self.waiters);
            let mut now = self.readiness.load();
            let mut stale = None;
            if !until.is_over(now) {
                let kept = waiters.get(&place);
                if !kept.is_some_and(|kept| kept.will_wake(cx.waker())) {
                    let Some(waker) = fresh.take() else {
                        drop(waiters);
                        fresh = Some(cx.waker().clone());
                        continue;
                    };
                    stale = waiters.put(&mut place, waker);
                }
                // Only now, and while it is locked: the event that hears of it finds the waker.
                if !now.is_awaited() {
                    now = self.readiness.set_awaited();
                }
                if !until.is_over(now) {
                    drop(waiters);
                    drop((stale, fresh));
                    return Poll::Pending;
                }
            }
            let kept = waiters.take(&mut place);
            drop(waiters);
            drop((stale, kept, fresh));
            return Poll::Ready(now.or_gone());
        }
    }

    /// Gives up `place` without having been woken.
    pub(crate) fn cancel(&self, mut place: Place<'_>) {
        let stale = lock(&self.waiters).take(&mut place);
        drop(stale);
    }

    /// An event for this direction: ready, and every waiter moves into `woken`.
    pub(crate) fn deliver(&self, short: ShortTransfer, woken: &mut Vec<Waker>) {
        if self.readiness.set_ready(short).is_awaited() {
            self.wake_all(woken);
        }
    }

    /// The reactor is gone: ends every wait, present and future, with an error.
    pub(crate) fn give_up(&self, woken: &mut Vec<Waker>) {
        self.readiness.set_gone();
        self.wake_all(woken);
    }

    /// Moves every waiter into `woken`, whatever the readiness is.
    pub(crate) fn wake_all(&self, woken: &mut Vec<Waker>) {
        lock(&self.waiters).take_all(woken);
    }

    /// An operation that began at `seen` would have blocked.
    pub(crate) fn clear(&self, seen: Snapshot) {
        self.readiness.clear(seen);
    }

    /// An operation that began at `seen` moved less than it was asked to.
    pub(crate) fn clear_after_short(&self, seen: Snapshot) {
        self.readiness.clear_after_short(seen);
    }
}

impl Until {
    /// Also when the reactor is gone.
    fn is_over(self, now: Snapshot) -> bool {
        now.is_gone()
            || match self {
                Self::Ready => now.is_ready(),
                Self::WorthTrying => now.is_worth_trying(),
            }
    }
}

impl Snapshot {
    fn or_gone(self) -> Result<Self, ReactorGone> {
        match self.is_gone() {
            true => Err(ReactorGone),
            false => Ok(self),
        }
    }
}

impl fmt::Debug for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.readiness.load();
        let state = match (now.is_gone(), now.is_ready(), now.is_worth_trying()) {
            (true, ..) => "gone",
            (false, true, _) => "ready",
            (false, false, true) => "untried",
            (false, false, false) => "waiting",
        };
        let waiters = lock(&self.waiters).len();
        write!(f, "{state} waiters={waiters}")
    }
}
