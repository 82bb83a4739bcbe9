//! The state word of a task: who asked for its end, whether it is adopted, how it ended.
//!
//! | bits | name | set by | meaning |
//! |---|---|---|---|
//! | 0 | `DONE` | the shell, last | the coroutine is gone and the result is on its way to its slot |
//! | 1 | `CANCEL` | anyone | a cancel request waits for the next poll |
//! | 2 | `ADOPTED` | the shell | the scheduler holds a waker of the task under its registry key |
//! | 3 | `SHARED` | the handle | done callbacks exist: the result goes to the shared cell |
//! | 4 | `CANCELLED` | the shell, with `DONE` | it ended cancelled |
//! | 5 | `FAILED` | the shell, with `DONE` | it ended with a panic |
//! | 6 | `OPEN` | the shell | scopes were open in the coroutine at its last step: a request goes to them |
//! | 7 | `KEPT` | the shell | something is kept for the next step: an undecided request, remote scopes |
//! | 8 | `WATCHED` | whoever makes the task | a failure that nobody sees is reported |
//! | 9 | `SEEN` | the handle | somebody has seen the result, or the failure |
//! | 10 | `DETACHED` | the handle, of a watched task | it was dropped: the shell reports what nobody will see |
//! | 11.. | count | anyone | cancel requests made and not taken back |
//!
//! All transitions are read-modify-writes of this one word, so each pair of them is ordered: a
//! canceller that does not find `ADOPTED` is seen by the shell when it sets `ADOPTED` (the task
//! is then still in its first poll or has not started), and one that finds it pokes the scheduler.
//! The same holds for `SHARED` against `DONE`.

use crate::sync::{AtomicU32, Ordering};

const DONE: u32 = 1;
const CANCEL: u32 = 1 << 1;
const ADOPTED: u32 = 1 << 2;
const SHARED: u32 = 1 << 3;
const CANCELLED: u32 = 1 << 4;
const FAILED: u32 = 1 << 5;
const OPEN: u32 = 1 << 6;
const KEPT: u32 = 1 << 7;
const WATCHED: u32 = 1 << 8;
const SEEN: u32 = 1 << 9;
const DETACHED: u32 = 1 << 10;
const COUNT_ONE: u32 = 1 << 11;
const COUNT_MASK: u32 = !(COUNT_ONE - 1);

/// How a task ended, as its state word remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Finished,
    Cancelled,
    Failed,
}

/// What a canceller has to do after its request is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// The task is done: the request came too late and is not recorded.
    TooLate,
    /// The task has not finished its first poll, which will see the request.
    Seen,
    /// The task sleeps or runs under a registry key: have it polled.
    Poke,
}

/// What the shell finds when it reports the task as adopted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Adoption {
    Quiet,
    /// A request arrived during the first poll: poll again.
    CancelDue,
}

/// The word as a step finds it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Glance(u32);

impl Glance {
    /// A request is to be delivered, or there is something to look after from the last step.
    #[inline]
    pub(crate) fn is_eventful(self) -> bool {
        self.0 & (CANCEL | KEPT) != 0
    }

    #[inline]
    pub(crate) fn is_cancel_due(self) -> bool {
        self.0 & CANCEL != 0
    }

    #[inline]
    pub(crate) fn is_adopted(self) -> bool {
        self.0 & ADOPTED != 0
    }

    #[inline]
    pub(crate) fn is_open(self) -> bool {
        self.0 & OPEN != 0
    }

    #[inline]
    pub(crate) fn is_kept(self) -> bool {
        self.0 & KEPT != 0
    }
}

/// The word described in the module's table.
#[derive(Debug, Default)]
pub(crate) struct StateWord(AtomicU32);

impl StateWord {
    /// What a step has to know before it begins.
    ///
    /// Relaxed: the wake that follows a request publishes it to the poll it causes, and everything
    /// else here is the shell's own.
    #[inline]
    pub(crate) fn glance(&self) -> Glance {
        Glance(self.0.load(Ordering::Relaxed))
    }

    /// Takes the request that is to be delivered now: from here on it cannot be undone. False when
    /// it was taken back in the meantime.
    pub(crate) fn take_cancel(&self) -> bool {
        // Acquire: the message of the request.
        self.0.fetch_and(!CANCEL, Ordering::AcqRel) & CANCEL != 0
    }

    /// Has a failure reported that nobody sees; before the task is shared.
    pub(crate) fn watch(&self) {
        self.set(WATCHED, true);
    }

    /// Never changes once the task is made.
    #[inline]
    pub(crate) fn is_watched(&self) -> bool {
        self.0.load(Ordering::Relaxed) & WATCHED != 0
    }

    /// Somebody has seen how a watched task ended.
    pub(crate) fn see(&self) {
        self.set(SEEN, true);
    }

    /// The handle of a watched task goes. True when it ended with a failure that nobody has seen: then
    /// it is for the handle to report, and else for the shell, at the end.
    pub(crate) fn detach(&self) -> bool {
        let before = self.0.fetch_or(DETACHED, Ordering::AcqRel);
        before & (DONE | FAILED | SEEN) == DONE | FAILED
    }

    /// Notes whether a step has left scopes open.
    #[cold]
    pub(crate) fn set_open(&self, open: bool) {
        self.set(OPEN, open);
    }

    /// Notes whether a step has left something to keep.
    pub(crate) fn set_kept(&self, kept: bool) {
        self.set(KEPT, kept);
    }

    fn set(&self, bit: u32, value: bool) {
        // Relaxed: only the shell reads these bits.
        if value {
            self.0.fetch_or(bit, Ordering::Relaxed);
        } else {
            self.0.fetch_and(!bit, Ordering::Relaxed);
        }
    }

    #[inline]
    pub(crate) fn is_adopted(&self) -> bool {
        self.0.load(Ordering::Relaxed) & ADOPTED != 0
    }

    /// Pairs with the release in `finish`.
    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        self.0.load(Ordering::Acquire) & DONE != 0
    }

    /// How the task ended, or `None` while it has not.
    pub(crate) fn end(&self) -> Option<End> {
        let word = self.0.load(Ordering::Acquire);
        match word {
            _ if word & DONE == 0 => None,
            _ if word & CANCELLED != 0 => Some(End::Cancelled),
            _ if word & FAILED != 0 => Some(End::Failed),
            _ => Some(End::Finished),
        }
    }

    /// Number of cancel requests outstanding.
    pub(crate) fn cancelling(&self) -> usize {
        (self.0.load(Ordering::Relaxed) / COUNT_ONE) as usize
    }

    /// Records a cancel request. Saturates instead of wrapping.
    pub(crate) fn request_cancel(&self) -> Request {
        let add = |word: u32| {
            (word & DONE == 0).then(|| {
                let counted = word.checked_add(COUNT_ONE).unwrap_or(word);
                counted | CANCEL
            })
        };
        // Release publishes the message; the acquire side is the poll that delivers it.
        match self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, add)
        {
            Err(_) => Request::TooLate,
            Ok(word) if word & ADOPTED != 0 => Request::Poke,
            Ok(_) => Request::Seen,
        }
    }

    /// Takes one request back; at zero an undelivered request is undone. Returns what remains.
    pub(crate) fn uncancel(&self) -> usize {
        let take = |word: u32| {
            if word & COUNT_MASK == 0 {
                return None;
            }
            let word = word - COUNT_ONE;
            Some(if word & COUNT_MASK == 0 {
                word & !CANCEL
            } else {
                word
            })
        };
        let before = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take);
        before.map_or(0, |word| (word / COUNT_ONE) as usize - 1)
    }

    /// Reports that the scheduler holds a waker of the task.
    pub(crate) fn adopt(&self) -> Adoption {
        let before = self.0.fetch_or(ADOPTED, Ordering::AcqRel);
        if before & CANCEL == 0 {
            Adoption::Quiet
        } else {
            Adoption::CancelDue
        }
    }

    /// Asks for the result to go to the shared cell. False when the task is done already.
    pub(crate) fn share(&self) -> bool {
        self.0.fetch_or(SHARED, Ordering::AcqRel) & DONE == 0
    }

    /// Marks the end, unless a cancel request came before: a coroutine that returns while one waits
    /// to be delivered ends cancelled.
    #[inline]
    pub(crate) fn finish(&self, end: End) -> Finish {
        let bits = match end {
            End::Finished => DONE,
            End::Cancelled => DONE | CANCELLED,
            End::Failed => DONE | FAILED,
        };
        // DONE was clear, so adding the bits sets them, in one instruction. From here on requests
        // are refused: what `before` says about them is final.
        let before = self.0.fetch_add(bits, Ordering::AcqRel);
        let overruled = end == End::Finished && before & CANCEL != 0;
        if overruled {
            self.0.fetch_or(CANCELLED, Ordering::AcqRel);
        }
        Finish {
            overruled,
            shared: before & SHARED != 0,
            detached: before & (DETACHED | SEEN) == DETACHED,
        }
    }
}

/// What [`StateWord::finish`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Finish {
    /// A cancel request was pending: the value is dropped, and the end is a cancellation.
    pub(crate) overruled: bool,
    /// The result goes to the shared cell.
    pub(crate) shared: bool,
    /// Nobody holds the handle of a watched task, and no callback gets its result.
    pub(crate) detached: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_and_taken_back() {
        let word = StateWord::default();

        assert_eq!(word.request_cancel(), Request::Seen);
        assert_eq!(word.request_cancel(), Request::Seen);
        assert_eq!(word.cancelling(), 2);
        assert_eq!(word.uncancel(), 1);
        assert!(word.glance().is_cancel_due());
        assert_eq!(word.uncancel(), 0);
        assert!(
            !word.glance().is_cancel_due(),
            "taking the last request back undoes its delivery"
        );
        assert_eq!(word.uncancel(), 0, "the count never goes below zero");
    }

    #[test]
    fn a_request_during_the_first_poll_is_found_at_adoption() {
        let word = StateWord::default();

        assert_eq!(word.request_cancel(), Request::Seen);
        assert_eq!(word.adopt(), Adoption::CancelDue);
        assert_eq!(word.request_cancel(), Request::Poke);
    }

    #[test]
    fn a_finished_task_refuses_requests_and_sharing() {
        let word = StateWord::default();

        assert!(!word.finish(End::Cancelled).shared);
        assert_eq!(word.request_cancel(), Request::TooLate);
        assert_eq!(word.cancelling(), 0);
        assert!(!word.share());
        assert_eq!(word.end(), Some(End::Cancelled));
    }

    #[test]
    fn a_request_that_was_not_delivered_overrules_the_value() {
        let word = StateWord::default();

        word.request_cancel();

        assert!(word.finish(End::Finished).overruled);
        assert_eq!(word.end(), Some(End::Cancelled));
    }

    #[test]
    fn the_count_saturates() {
        let word = StateWord(AtomicU32::new(COUNT_MASK));

        assert_eq!(word.request_cancel(), Request::Seen);

        assert_eq!(word.cancelling(), (COUNT_MASK / COUNT_ONE) as usize);
        assert!(word.glance().is_cancel_due());
    }
}
