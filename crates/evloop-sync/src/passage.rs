//! The way through a turnstile: a request that queues, and the permits that come of it.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::turnstile::Turnstile;
use crate::wait_list::Key;

/// What has a turnstile.
pub(crate) trait Gate {
    fn turnstile(&self) -> &Turnstile;
}

impl<G: Gate + ?Sized> Gate for &G {
    fn turnstile(&self) -> &Turnstile {
        (**self).turnstile()
    }
}

impl<G: Gate + ?Sized> Gate for Arc<G> {
    fn turnstile(&self) -> &Turnstile {
        (**self).turnstile()
    }
}

/// A request for permits; dropped before it is ready, it leaves the queue.
#[must_use]
pub(crate) struct Passage<G: Gate> {
    /// `None` once it was ready.
    gate: Option<G>,
    n_permits: u32,
    place: Option<Key>,
}

impl<G: Gate> Passage<G> {
    pub(crate) fn new(gate: G, n_permits: u32) -> Self {
        Self {
            gate: Some(gate),
            n_permits,
            place: None,
        }
    }

    /// One that queues already.
    pub(crate) fn at(gate: G, n_permits: u32, place: Key) -> Self {
        Self {
            gate: Some(gate),
            n_permits,
            place: Some(place),
        }
    }

    /// Where it goes through, unless it was ready.
    pub(crate) fn gate(&self) -> Option<&G> {
        self.gate.as_ref()
    }

    /// Ready with the permits.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Permits<G>> {
        let gate = self.gate.as_ref();
        let gate = gate.expect("a future is not polled after it was ready");
        ready!(
            gate.turnstile()
                .poll_take(self.n_permits, &mut self.place, cx)
        );
        let gate = self.gate.take().expect("it has just been used");
        Poll::Ready(Permits {
            gate,
            n_permits: self.n_permits,
        })
    }
}

impl<G: Gate> Drop for Passage<G> {
    fn drop(&mut self) {
        if let (Some(gate), Some(place)) = (&self.gate, self.place) {
            gate.turnstile().leave(place, self.n_permits);
        }
    }
}

impl<G: Gate> fmt::Debug for Passage<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match (&self.gate, self.place) {
            (None, _) => "over",
            (Some(_), None) => "new",
            (Some(_), Some(_)) => "waiting",
        };
        f.write_str(state)
    }
}

/// Permits of a turnstile, which are given back when this is dropped.
#[must_use]
pub(crate) struct Permits<G: Gate> {
    gate: G,
    n_permits: u32,
}

impl<G: Gate> Permits<G> {
    /// Takes permits if they are free and nobody is before us.
    pub(crate) fn try_take(gate: G, n_permits: u32) -> Option<Self> {
        gate.turnstile()
            .try_take(n_permits)
            .then(|| Self { gate, n_permits })
    }

    pub(crate) fn gate(&self) -> &G {
        &self.gate
    }

    pub(crate) fn n_permits(&self) -> u32 {
        self.n_permits
    }

    /// Gives back all but `n_permits` of them.
    pub(crate) fn shrink(&mut self, n_permits: u32) {
        let n_more = self.n_permits - n_permits;
        self.n_permits = n_permits;
        self.gate.turnstile().give(n_more);
    }

    /// Drops this, but none of the permits is given back.
    pub(crate) fn forget(mut self) {
        self.n_permits = 0;
    }
}

impl<G: Gate> Drop for Permits<G> {
    fn drop(&mut self) {
        // What was forgotten is nothing, and gives nothing.
        if self.n_permits > 0 {
            self.gate.turnstile().give(self.n_permits);
        }
    }
}
