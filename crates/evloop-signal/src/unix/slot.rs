//! What the handler and the rest of the program share of one signal: a few words of memory.
//!
//! A signal goes to everybody who hears it. Only when nobody does, it goes to the one who counts it
//! instead of its default action.
//!
//! The handler counts first and writes to the descriptor afterwards; whoever waits clears the
//! descriptor first and reads the counts afterwards. So no signal is counted of which the
//! descriptor does not tell.

use std::sync::atomic::{AtomicU32, Ordering};

use super::tally::Tally;
use crate::signal::Signal;

/// No system that is known has signals of larger numbers.
const N_SLOTS: usize = 129;

/// One for each number, and never freed: a handler may be at work on any thread at any time, also
/// after everybody has gone.
static SLOTS: [Slot; N_SLOTS] = [const { Slot::new() }; N_SLOTS];

/// See the module's docs.
pub(super) struct Slot {
    /// Who hears the signal.
    n_hearing: AtomicU32,
    /// Signals that somebody has heard since the process began; wraps.
    n_heard: AtomicU32,
    /// The one who counts it otherwise.
    pub(super) tally: Tally,
}

impl Slot {
    const fn new() -> Self {
        Self {
            n_hearing: AtomicU32::new(0),
            n_heard: AtomicU32::new(0),
            tally: Tally::new(),
        }
    }

    /// Of a signal that exists.
    pub(super) fn of(signal: Signal) -> &'static Self {
        let slot = Self::of_number(signal.number());
        slot.expect("there is a place for every signal")
    }

    pub(super) fn of_number(number: i32) -> Option<&'static Self> {
        SLOTS.get(usize::try_from(number).ok()?)
    }

    /// One more hears it from now on; returns the count from which that begins.
    pub(super) fn begin_to_hear(&self) -> u32 {
        self.n_hearing.fetch_add(1, Ordering::SeqCst);
        self.n_heard()
    }

    /// One less hears it; true for the last.
    pub(super) fn end_to_hear(&self) -> bool {
        self.n_hearing.fetch_sub(1, Ordering::SeqCst) == 1
    }

    pub(super) fn is_heard(&self) -> bool {
        self.n_hearing.load(Ordering::SeqCst) > 0
    }

    #[inline]
    pub(super) fn n_heard(&self) -> u32 {
        self.n_heard.load(Ordering::SeqCst)
    }

    /// The handler: counts a signal. True when nobody counts any further one.
    pub(super) fn deliver(&self) -> bool {
        if self.is_heard() {
            self.n_heard.fetch_add(1, Ordering::SeqCst);
            false
        } else {
            self.tally.deliver()
        }
    }
}
