//! Loops on a clock that jumps, and a clock that says how often its loop waited.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use evloop::{Builder, Clock, EventLoop, ManualClock};

/// Options of a loop whose clock jumps to the next deadline whenever the loop would wait.
pub fn virtual_builder() -> Builder {
    EventLoop::builder().clock(ManualClock::new().with_auto_jump())
}

/// A loop whose clock jumps to the next deadline whenever the loop would wait.
///
/// # Panics
///
/// When the system makes no descriptors for it.
#[must_use]
pub fn virtual_loop() -> EventLoop {
    virtual_builder()
        .build()
        .expect("the system has descriptors for a loop")
}

/// A loop on `clock`, and the clock's record of the loop's waits.
///
/// # Panics
///
/// When the system makes no descriptors for it.
#[must_use]
pub fn watched_loop(clock: impl Clock + 'static) -> (EventLoop, WatchedClock) {
    let clock = WatchedClock::new(clock);
    let event_loop = EventLoop::builder().clock(clock.clone()).build();
    (
        event_loop.expect("the system has descriptors for a loop"),
        clock,
    )
}

/// A clock that passes everything on and remembers each time a loop had nothing to do.
#[derive(Clone, Debug)]
pub struct WatchedClock {
    inner: Arc<dyn Clock>,
    start: Instant,
    waits: Arc<Mutex<Vec<Option<Duration>>>>,
}

impl WatchedClock {
    fn new(inner: impl Clock + 'static) -> Self {
        let start = inner.now();
        Self {
            inner: Arc::new(inner),
            start,
            waits: Arc::default(),
        }
    }

    /// For each wait of the loop so far, the deadline it waited for, counted from the clock's
    /// start; `None` where there was no deadline.
    #[must_use]
    pub fn waits(&self) -> Vec<Option<Duration>> {
        self.waits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Clock for WatchedClock {
    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn idle(&self, until: Option<Instant>) -> Option<Duration> {
        let until_from_start = until.map(|until| until.saturating_duration_since(self.start));
        self.waits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(until_from_start);
        self.inner.idle(until)
    }

    fn watch(&self, unpark: Waker) {
        self.inner.watch(unpark);
    }

    fn unwatch(&self, unpark: &Waker) {
        self.inner.unwatch(unpark);
    }
}
