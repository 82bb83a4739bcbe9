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
pub(crate) struct Side {
    readiness: Readiness,
    /// Readiness is set before this is locked, and read again while it is locked: a waiter sees
    /// the event, or the event sees the waiter.
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
        let now = self.readiness.load();
        if now.is_gone() {
            return Err(ReactorGone);
        }
        Ok(now)
    }

    /// Ready with what ended the wait; else keeps the waker of `cx` at `place`.
    ///
    /// A waker is foreign code: it is cloned and dropped only while nothing is locked.
    pub(crate) fn poll(
        &self,
        until: Until,
        mut place: Place<'_>,
        cx: &Context<'_>,
    ) -> Poll<Result<Snapshot, ReactorGone>> {
        let mut fresh: Option<Waker> = None;
        loop {
            let mut waiters = lock(&self.waiters);
            let now = self.check();
            if now.map_or(true, |now| until.is_met(now)) {
                let stale = waiters.take(&mut place);
                drop(waiters);
                drop((stale, fresh));
                return Poll::Ready(now);
            }
            let kept = waiters.get(&place);
            if kept.is_some_and(|kept| kept.will_wake(cx.waker())) {
                drop(waiters);
                drop(fresh);
                return Poll::Pending;
            }
            if let Some(waker) = fresh.take() {
                let stale = waiters.put(&mut place, waker);
                drop(waiters);
                drop(stale);
                return Poll::Pending;
            }
            drop(waiters);
            fresh = Some(cx.waker().clone());
        }
    }

    /// Gives up `place` without having been woken.
    pub(crate) fn cancel(&self, mut place: Place<'_>) {
        let stale = lock(&self.waiters).take(&mut place);
        drop(stale);
    }

    /// An event for this direction: ready, and every waiter moves into `woken`.
    pub(crate) fn deliver(&self, short: ShortTransfer, woken: &mut Vec<Waker>) {
        self.readiness.set_ready(short);
        self.wake_all(woken);
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
    fn is_met(self, now: Snapshot) -> bool {
        match self {
            Self::Ready => now.is_ready(),
            Self::WorthTrying => now.is_worth_trying(),
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
