//! The one word by which other threads and the thread that turns the reactor agree who must act.
//!
//! The steps, and the argument that no notification is lost, are in `wakeup.md` beside this file.

use crate::sync::{AtomicU8, Ordering};

#[cfg(test)]
mod tests;

/// The owner is running and will look at its inbox before it blocks.
const AWAKE: u8 = 0;
/// The owner is in, or about to enter, a blocking wait.
const POLLING: u8 = 1;
/// Somebody notified since the owner last looked.
const NOTIFIED: u8 = 2;

/// What a notifier has to do after its transition.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Notify {
    /// The owner will see the notification by itself.
    Recorded,
    /// The owner was polling: interrupt its wait. At most one notifier is told so for each wait.
    Interrupt,
}

/// What the owner may do after announcing that it wants to wait.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sleep {
    /// Nothing was notified: the wait may block.
    MayBlock,
    /// A notification was there and is consumed: the wait must not block.
    Notified,
}

/// Awake, polling or notified, with the transitions between them.
#[derive(Debug)]
pub(crate) struct WakeState {
    word: AtomicU8,
}

impl WakeState {
    pub(crate) fn new() -> Self {
        Self {
            word: AtomicU8::new(AWAKE),
        }
    }

    /// Any thread: makes sure that the owner looks at its inbox after this call.
    ///
    /// Always a read-modify-write, also when the word says notified already: skipping it would
    /// leave what this thread has just published outside the chain that the owner acquires.
    pub(crate) fn notify(&self) -> Notify {
        // Release publishes what was pushed before; pairs with the Acquire of `take`, which
        // `begin_turn`, `fall_asleep` and `wake_up` do. Acquire keeps the later interrupt after the transition.
        match self.word.swap(NOTIFIED, Ordering::AcqRel) {
            POLLING => Notify::Interrupt,
            _ => Notify::Recorded,
        }
    }

    /// The owner: forgets notifications whose effect it is about to read, and says whether there
    /// were any since the word was last taken.
    #[inline]
    pub(crate) fn begin_turn(&self) -> bool {
        // A notification that this load misses is still there for `fall_asleep`, whose
        // read-modify-write misses none, or for the next turn.
        if self.word.load(Ordering::Relaxed) == AWAKE {
            return false;
        }
        self.take();
        true
    }

    /// The owner: makes the word awake, whatever it was.
    fn take(&self) {
        // Acquire pairs with the Release of `notify`.
        self.word.swap(AWAKE, Ordering::AcqRel);
    }

    /// The owner: announces a blocking wait, unless there is a notification, which is consumed.
    pub(crate) fn fall_asleep(&self) -> Sleep {
        let announced =
            self.word
                .compare_exchange(AWAKE, POLLING, Ordering::AcqRel, Ordering::Relaxed);
        match announced {
            Ok(_) => Sleep::MayBlock,
            Err(_) => {
                self.take();
                Sleep::Notified
            }
        }
    }

    /// The owner: ends a wait that was announced, and consumes the notification that ended it.
    pub(crate) fn wake_up(&self) {
        self.take();
    }
}
