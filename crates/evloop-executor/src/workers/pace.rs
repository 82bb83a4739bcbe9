//! When a worker looks at the clock, when it calls for help, and when help is not worth it.
//!
//! A second worker costs: it takes its time to wake up, and a task that moves to another core pays 50 to
//! 300 ns. So a worker calls for help only when its queue has held several jobs for 20 µs, and what is left
//! takes longer than a helper to wake up, or comes again and again, as the queue has not been empty for
//! long. Help that was over soon, for what it took, is not called again for a while.

use crate::sync::{AtomicBool, AtomicU32, AtomicU64, Ordering};

#[cfg(all(test, not(loom)))]
mod tests;

/// A queue that has had more than one job for so long is behind; nanoseconds.
const PATIENCE: u64 = 20_000;

/// What is left has to take so long that a helper, which has to wake up and then takes half of it, makes a
/// difference; nanoseconds.
const WORTH_WAKING: u64 = 100_000;

/// A queue that has been long for so long holds jobs that come again and again; nanoseconds.
const LASTING: u64 = 250_000;

/// Pushes within one step between two looks at the clock.
const PUSHES_PER_LOOK: u32 = 64;

/// A turn lasts no longer than this, save for its last step; nanoseconds.
pub(crate) const TURN: u64 = 1_000_000;

/// Two workers' view of how far one of them has got. The owner writes, without
/// read-modify-writes; only the call for help is for others.
#[derive(Debug)]
pub(crate) struct Pace {
    n_pushed: AtomicU32,
    /// When the queue was first seen long, or 0.
    long_since: AtomicU64,
    /// When it was last considered whether to call for help.
    considered_at: AtomicU64,
    /// What a step has cost lately; nanoseconds.
    cost: AtomicU64,
    calls_for_help: AtomicBool,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self {
            n_pushed: AtomicU32::new(0),
            long_since: AtomicU64::new(0),
            considered_at: AtomicU64::new(0),
            cost: AtomicU64::new(0),
            calls_for_help: AtomicBool::new(false),
        }
    }

    /// The owner, at a push: whether it is time to look at the clock.
    #[inline]
    pub(crate) fn has_pushed_many(&self) -> bool {
        let n_pushed = self.n_pushed.load(Ordering::Relaxed).wrapping_add(1);
        self.n_pushed.store(n_pushed, Ordering::Relaxed);
        n_pushed.is_multiple_of(PUSHES_PER_LOOK)
    }

    /// The owner: what its steps cost now.
    pub(crate) fn set_cost(&self, cost: u64) {
        self.cost.store(cost, Ordering::Relaxed);
    }

    /// The owner: its queue is empty.
    #[inline]
    pub(crate) fn run_dry(&self) {
        if self.long_since.load(Ordering::Relaxed) != 0 {
            self.long_since.store(0, Ordering::Relaxed);
        }
    }

    /// The owner: whether its queue has been long for a while, and holds enough to be worth help.
    pub(crate) fn is_behind(&self, n_queued: usize, now: u64) -> bool {
        if n_queued < 2 {
            self.long_since.store(0, Ordering::Relaxed);
            return false;
        }
        let since = self.long_since.load(Ordering::Relaxed);
        if since == 0 {
            self.long_since.store(now.max(1), Ordering::Relaxed);
            self.considered_at.store(now, Ordering::Relaxed);
            return false;
        }
        if now.saturating_sub(self.considered_at.load(Ordering::Relaxed)) < PATIENCE {
            return false;
        }
        self.considered_at.store(now, Ordering::Relaxed);
        let cost = self.cost.load(Ordering::Relaxed);
        cost.saturating_mul(n_queued as u64) >= WORTH_WAKING || now.saturating_sub(since) >= LASTING
    }

    pub(crate) fn call_for_help(&self) {
        self.calls_for_help.store(true, Ordering::Relaxed);
    }

    /// Another worker: whether it is called, which is answered by that.
    pub(crate) fn answer_call(&self) -> bool {
        self.calls_for_help.load(Ordering::Relaxed)
            && self.calls_for_help.swap(false, Ordering::Relaxed)
    }
}

/// Steps between two looks at the clock, by what a step costs.
#[derive(Debug)]
pub(crate) struct Stride {
    n_left: u32,
    n_steps: u32,
    /// When the steps began that are not looked at yet; `None` if the worker has rested since.
    last: Option<u64>,
    /// Of a step, by the last look.
    cost: u64,
}

impl Stride {
    pub(crate) const fn new() -> Self {
        Self {
            n_left: 0,
            n_steps: 32,
            last: None,
            cost: 0,
        }
    }

    /// Counts a step: whether it is time to look.
    #[inline]
    pub(crate) fn step(&mut self) -> bool {
        match self.n_left.checked_sub(1) {
            Some(n_left) => {
                self.n_left = n_left;
                false
            }
            None => true,
        }
    }

    /// The worker has nothing to do: what passes from here on is not the cost of steps.
    pub(crate) fn rest(&mut self) {
        self.last = None;
    }

    /// What the clock said. Returns what a step costs.
    pub(crate) fn look(&mut self, now: u64) -> u64 {
        let cost = self
            .last
            .map(|last| now.saturating_sub(last) / u64::from(self.n_steps));
        self.n_steps = match cost {
            Some(0..=300) => 32,
            Some(301..=2_000) => 8,
            // Such as a read and a write. It takes as long as the patience.
            Some(2_001..=5_000) => 4,
            // After a rest one step shows what they cost now.
            Some(_) | None => 1,
        };
        self.n_left = self.n_steps - 1;
        self.last = Some(now);
        self.cost = cost.unwrap_or(self.cost);
        self.cost
    }
}

/// Stealing pays when the stolen jobs are worth more than this each; nanoseconds.
const WORTH: u64 = 250;
const SHORTEST_REFUSAL: u64 = 100_000;
const LONGEST_REFUSAL: u64 = 2_000_000;

/// Whether help has been worth it lately.
#[derive(Debug)]
pub(crate) struct Thrift {
    bad_until: AtomicU64,
    refusal: AtomicU64,
}

impl Thrift {
    pub(crate) fn new() -> Self {
        Self {
            bad_until: AtomicU64::new(0),
            refusal: AtomicU64::new(SHORTEST_REFUSAL),
        }
    }

    /// True while tiny jobs are left to their owner.
    pub(crate) fn is_bad(&self, now: u64) -> bool {
        now < self.bad_until.load(Ordering::Relaxed)
    }

    /// A thief has run dry, `nanos` after it had stolen `n_jobs`: what these came to is theirs, whether they
    /// were queued again, or made others.
    pub(crate) fn judge(&self, n_jobs: u64, nanos: u64, now: u64) {
        if nanos / n_jobs.max(1) >= WORTH {
            self.refusal.store(SHORTEST_REFUSAL, Ordering::Relaxed);
            return;
        }
        let refusal = self.refusal.load(Ordering::Relaxed);
        self.bad_until
            .store(now.saturating_add(refusal), Ordering::Relaxed);
        self.refusal
            .store((2 * refusal).min(LONGEST_REFUSAL), Ordering::Relaxed);
    }
}
