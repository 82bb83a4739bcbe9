//! Callbacks with a deadline.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use evloop_executor::{CallHandle, ExecutorHandle};
use evloop_time::Timer;

use crate::error::LoopClosed;
use crate::shared::{Shared, lock};

/// A callback scheduled for a time: what `call_later` and `call_at` return.
///
/// Dropping the handle leaves the callback scheduled. Cancelling it on the loop's thread takes it
/// out of the timer wheel and drops it at once.
#[derive(Clone)]
pub struct TimerHandle {
    scheduled: Arc<Scheduled>,
    deadline: Option<Instant>,
    /// The deadline in the loop's time.
    when: Option<Duration>,
}

/// What the wheel wakes: it queues the callback.
struct Scheduled {
    call: CallHandle,
    executor: Option<ExecutorHandle>,
    /// The place in the wheel, which keeps this alive in turn; taken when it fires or is cancelled.
    timer: Mutex<Option<Timer>>,
}

impl TimerHandle {
    pub(crate) fn schedule(
        shared: &Shared,
        deadline: Instant,
        call: CallHandle,
    ) -> Result<Self, LoopClosed> {
        if !shared.executor.is_open() || !shared.origin.is_here() {
            return Err(LoopClosed);
        }
        let scheduled = Arc::new(Scheduled {
            call,
            executor: Some(shared.executor),
            timer: Mutex::new(None),
        });
        let waker = Waker::from(Arc::clone(&scheduled));
        let timer = shared
            .time
            .insert(deadline, waker)
            .map_err(|_closed| LoopClosed)?;
        *lock(&scheduled.timer) = Some(timer);
        Ok(Self {
            scheduled,
            deadline: Some(deadline),
            when: Some(deadline.saturating_duration_since(shared.started)),
        })
    }

    /// A callback further in the future than the clock can count.
    pub(crate) fn never(call: CallHandle) -> Self {
        let scheduled = Scheduled {
            call,
            executor: None,
            timer: Mutex::new(None),
        };
        Self {
            scheduled: Arc::new(scheduled),
            deadline: None,
            when: None,
        }
    }

    /// Keeps the callback from running. Returns false when it runs, has run or was cancelled.
    pub fn cancel(&self) -> bool {
        let cancelled = self.scheduled.call.cancel();
        let timer = lock(&self.scheduled.timer).take();
        // Dropped outside the lock: this drops the wheel's reference to what holds the lock.
        drop(timer);
        cancelled
    }

    /// True once it was cancelled.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        self.scheduled.call.cancelled()
    }

    /// The deadline; `None` when it is too far away for the clock, which is never.
    #[must_use]
    pub fn when(&self) -> Option<Instant> {
        self.deadline
    }
}

impl Wake for Scheduled {
    fn wake(self: Arc<Self>) {
        let timer = lock(&self.timer).take();
        drop(timer);
        if let Some(executor) = self.executor
            && executor.queue(&self.call).is_err()
        {
            // The loop is closed: what it would have run is dropped.
            self.call.cancel();
        }
    }
}

impl fmt::Debug for TimerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `<CallHandle pending created at src/main.rs:6:5>`, with the time behind the state.
        let call = format!("{:?}", self.scheduled.call);
        let call = call.trim_start_matches("<CallHandle ");
        let (state, rest) = call.split_once(' ').unwrap_or((call, ""));
        match self.when {
            Some(when) => write!(
                f,
                "<TimerHandle {state} when={:.3} {rest}",
                when.as_secs_f64()
            ),
            None => write!(f, "<TimerHandle {state} when=never {rest}"),
        }
    }
}
