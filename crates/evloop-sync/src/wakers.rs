//! Wakers that leave a lock together, to be woken behind it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Collects wakers under a lock; one costs no allocation.
#[derive(Debug, Default)]
#[must_use = "who was taken off a list has to be woken"]
pub(crate) struct Wakers {
    first: Option<Waker>,
    more: Vec<Waker>,
}

impl Wakers {
    pub(crate) const fn new() -> Self {
        Self {
            first: None,
            more: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, waker: Waker) {
        if self.first.is_none() {
            self.first = Some(waker);
        } else {
            self.more.push(waker);
        }
    }

    /// The only one.
    pub(crate) fn into_first(self) -> Option<Waker> {
        debug_assert!(self.more.is_empty());
        self.first
    }

    /// Wakes all, in the order in which they came.
    pub(crate) fn wake(self) {
        if let Some(waker) = self.first {
            wake(waker);
        }
        // Mostly there are none, and no vector to take apart.
        if !self.more.is_empty() {
            self.more.into_iter().for_each(wake);
        }
    }
}

/// Wakes; a panic of foreign code reaches neither the caller, who may be a destructor, nor those who are
/// woken next. The panic hook has reported it.
pub(crate) fn wake(waker: Waker) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
        // The payload is foreign too. What its destructor throws is not looked at any more.
        if let Err(worse) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(worse);
        }
    }
}
