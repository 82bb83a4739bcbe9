//! What a limit and its handles share.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Instant;

use evloop_cancel::TimeoutState;
use evloop_time::TimeHandle;

use super::Start;

/// Looks at a [`TimeLimit`](crate::TimeLimit), and moves it. Clones mean the same limit.
#[derive(Clone)]
pub struct TimeLimitHandle(Arc<Control>);

#[derive(Debug)]
pub(crate) struct Control(Mutex<Shared>);

#[derive(Debug)]
struct Shared {
    start: Start,
    state: TimeoutState,
    expired: bool,
    when: Option<Instant>,
    /// `when` was moved since the timer was set.
    moved: bool,
    waker: Option<Waker>,
}

impl Control {
    pub(super) fn new(start: Start) -> Self {
        let when = match start {
            Start::At(at) => Some(at),
            Start::Never | Start::After(_) => None,
        };
        Self(Mutex::new(Shared {
            start,
            state: TimeoutState::Unentered,
            expired: false,
            when,
            moved: false,
            waker: None,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the limit was to count from when it was made.
    pub(super) fn start(&self) -> Start {
        self.lock().start
    }

    /// The body is about to be polled for the first time: from here on it may look at the limit.
    pub(super) fn enter(&self) {
        let mut shared = self.lock();
        shared.state = TimeoutState::Active;
        if let Start::After(limit) = shared.start {
            // Beyond what an instant can say is never.
            shared.when = TimeHandle::current().now().checked_add(limit);
            shared.moved = true;
        }
    }

    pub(super) fn set_state(&self, state: TimeoutState) {
        let mut shared = self.lock();
        shared.state = state;
        shared.expired |= matches!(state, TimeoutState::Expiring | TimeoutState::Expired);
    }

    /// The code inside is gone; `is_due` says that the timer has ended, seen or not.
    pub(super) fn leave(&self, is_due: bool) {
        let waker = {
            let mut shared = self.lock();
            shared.expired |= is_due && shared.state == TimeoutState::Active;
            if shared.state != TimeoutState::Expired {
                shared.state = TimeoutState::Finished;
            }
            shared.waker.take()
        };
        drop(waker);
    }

    /// Where the limit was moved to, if it was; wakes the task of `cx` when it is moved again.
    pub(super) fn take_moved(&self, cx: &Context<'_>) -> Option<Option<Instant>> {
        let waker = cx.waker().clone();
        let mut shared = self.lock();
        let old = shared.waker.replace(waker);
        let moved = std::mem::take(&mut shared.moved).then_some(shared.when);
        drop(shared);
        drop(old);
        moved
    }
}

impl TimeLimitHandle {
    pub(super) fn new(control: Arc<Control>) -> Self {
        Self(control)
    }

    /// When the limit ends. `None` for no limit, and for one that counts from its first poll and has
    /// not had it.
    #[must_use]
    pub fn when(&self) -> Option<Instant> {
        self.0.lock().when
    }

    /// True from the moment in which the limit has passed, also when the code inside has refused.
    #[must_use]
    pub fn expired(&self) -> bool {
        self.0.lock().expired
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> TimeoutState {
        self.0.lock().state
    }

    /// Moves the limit; `None` takes it away. An instant that has passed ends it at the next turn.
    ///
    /// # Errors
    ///
    /// [`NotActive`] before it is entered, while it expires, and after its end.
    pub fn reschedule(&self, when: impl Into<Option<Instant>>) -> Result<(), NotActive> {
        let waker = {
            let mut shared = self.0.lock();
            if shared.state != TimeoutState::Active {
                return Err(NotActive(shared.state));
            }
            shared.when = when.into();
            shared.moved = true;
            shared.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }
}

impl fmt::Debug for TimeLimitHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = self.0.lock();
        f.debug_struct("TimeLimitHandle")
            .field("state", &shared.state)
            .field("when", &shared.when)
            .finish()
    }
}

/// A limit can be moved only while it is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotActive(TimeoutState);

impl NotActive {
    /// How it stands instead.
    #[must_use]
    pub fn state(&self) -> TimeoutState {
        self.0
    }
}

impl fmt::Display for NotActive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to move a time limit: it is {}", self.0)
    }
}

impl Error for NotActive {}
