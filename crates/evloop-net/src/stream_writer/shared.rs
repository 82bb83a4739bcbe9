//! A writer's state among threads: whoever holds the lock also does what a wake asks for.
//!
//! The waker that the stream is given is the writer's own, and waking it goes on writing: no task
//! stands behind a writer. It may be woken at any moment, also by the stream while it is polled, so
//! it never waits for the lock:
//!
//! 1. Who wakes sets `is_woken`, and then tries the lock. With the lock, it goes on writing.
//! 2. Who has held the lock swaps `is_woken` after letting go of it; if that was set, it goes back to
//!    step 1.
//!
//! No wake is lost. The two swaps of one word come in some order. If the holder's is the later one,
//! it finds the flag, or another holder has found it. If the waker's is the later one, it
//! synchronizes with the holder's, so it finds the lock free, or held by somebody else, to whom the
//! same applies.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, PoisonError, TryLockError},
    task::{Context, Wake, Waker},
};

use futures_lite::AsyncWrite;

use super::state::{Outcome, State};
use crate::sync::{AtomicBool, Mutex, MutexGuard, Ordering};

pub(super) struct Shared<W> {
    state: Mutex<State<W>>,
    /// The stream may go on, and nobody has tried since.
    is_woken: AtomicBool,
}

impl<W: AsyncWrite + Unpin + Send + 'static> Shared<W> {
    pub(super) fn new(state: State<W>) -> Self {
        Self {
            state: Mutex::new(state),
            is_woken: AtomicBool::new(false),
        }
    }

    /// Calls `act` with the state, and then does what is to be done without the lock.
    pub(super) fn with<R>(
        self: &Arc<Self>,
        waker: &Waker,
        act: impl FnOnce(&mut State<W>, &mut Context<'_>) -> (R, Option<Outcome<W>>),
    ) -> R {
        let mut state = self.lock();
        let (result, outcome) = act(&mut state, &mut Context::from_waker(waker));
        drop(state);
        if let Some(outcome) = outcome {
            outcome.carry_out();
        }
        self.go_on(waker);
        result
    }

    /// Looks at the state, without a chance of a wake meanwhile being lost.
    pub(super) fn look<R>(
        self: &Arc<Self>,
        waker: &Waker,
        look: impl FnOnce(&mut State<W>) -> R,
    ) -> R {
        self.with(waker, |state, _| (look(state), None))
    }

    fn lock(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Step 2, and step 1 again if somebody has woken.
    fn go_on(self: &Arc<Self>, waker: &Waker) {
        // AcqRel pairs with the swap in `wake`: one of the two sees the other.
        while self.is_woken.swap(false, Ordering::AcqRel) {
            let mut state = match self.state.try_lock() {
                Ok(state) => state,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {
                    // Somebody else holds it, and swaps after that.
                    self.is_woken.swap(true, Ordering::AcqRel);
                    match self.state.try_lock() {
                        Ok(state) => state,
                        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                        Err(TryLockError::WouldBlock) => return,
                    }
                }
            };
            // The stream is somebody else's code, and whoever wakes us need not survive it.
            let mut cx = Context::from_waker(waker);
            let advanced = catch_unwind(AssertUnwindSafe(|| state.advance(&mut cx)));
            let outcome = advanced.unwrap_or_else(|_payload| {
                state.break_off(io::Error::other(
                    "the stream panicked while it was written to",
                ))
            });
            drop(state);
            outcome.carry_out();
        }
    }
}

impl<W> Outcome<W> {
    /// The stream goes first: who is woken finds its end.
    fn carry_out(self) {
        drop(self.dropped);
        self.wake.into_iter().for_each(Waker::wake);
    }
}

impl<W: AsyncWrite + Unpin + Send + 'static> Wake for Shared<W> {
    fn wake(self: Arc<Self>) {
        self.is_woken.swap(true, Ordering::AcqRel);
        let waker = Waker::from(Arc::clone(&self));
        self.go_on(&waker);
    }
}
