//! Callbacks in the queue, and the handle that can cancel one.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Arc, PoisonError};

use evloop_task::{ContextSnapshot, ErrorContext, current_scheduler, outside_of_tasks};

use crate::sync::{AtomicU8, Mutex, Ordering};

const PENDING: u8 = 0;
const RUNNING: u8 = 1;
const DONE: u8 = 2;
const CANCELLED: u8 = 3;

/// A callback scheduled to run once: what `call_soon` returns.
///
/// Dropping the handle leaves the callback scheduled. Clones mean the same callback. Cancelling is
/// decided by one atomic step, so it works from any thread: either the callback never runs, or
/// [`CallHandle::cancel`] returns false.
///
/// The callback runs in a copy of the [`Context`](evloop_task::Context) that is current where the
/// handle is made.
#[derive(Clone)]
pub struct CallHandle(Arc<dyn Callable>);

/// A callback of any type, as the queue and the handle see it.
pub(crate) trait Callable: Send + Sync {
    /// Runs it unless it was cancelled. Never unwinds.
    fn run(&self);
    fn cancel(&self) -> bool;
    fn state(&self) -> u8;
    fn label(&self) -> String;
}

struct Call<F> {
    state: AtomicU8,
    /// Taken by whoever moves the state out of pending, so the lock is never contended.
    callback: Mutex<Option<F>>,
    /// Kept as long as the handle, as in asyncio.
    context: ContextSnapshot,
    made_at: &'static Location<'static>,
}

impl CallHandle {
    /// Wraps a callback, without scheduling it.
    #[track_caller]
    pub fn new(callback: impl FnOnce() + Send + 'static) -> Self {
        Self::in_context(ContextSnapshot::take(), callback)
    }

    /// Wraps a callback to run in `context`.
    #[track_caller]
    pub(crate) fn in_context(
        context: ContextSnapshot,
        callback: impl FnOnce() + Send + 'static,
    ) -> Self {
        Self(Arc::new(Call {
            state: AtomicU8::new(PENDING),
            callback: Mutex::new(Some(callback)),
            context,
            made_at: Location::caller(),
        }))
    }

    pub(crate) fn job(&self) -> Arc<dyn Callable> {
        Arc::clone(&self.0)
    }

    /// Keeps the callback from running. Returns false when it runs, has run or was cancelled.
    ///
    /// The callback and what it captures are dropped before this returns.
    pub fn cancel(&self) -> bool {
        self.0.cancel()
    }

    /// True once it was cancelled.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        self.0.state() == CANCELLED
    }

    /// True once it has run or was cancelled.
    #[must_use]
    pub fn done(&self) -> bool {
        matches!(self.0.state(), DONE | CANCELLED)
    }
}

impl<F: FnOnce() + Send> Call<F> {
    /// Moves the state from pending to `to` and takes the callback; `None` when it was not pending.
    fn claim(&self, to: u8) -> Option<F> {
        // AcqRel: whoever sees CANCELLED or RUNNING also sees what was done before it.
        self.state
            .compare_exchange(PENDING, to, Ordering::AcqRel, Ordering::Acquire)
            .ok()?;
        self.callback
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl<F: FnOnce() + Send> Callable for Call<F> {
    fn run(&self) {
        let Some(callback) = self.claim(RUNNING) else {
            return;
        };
        let call = || {
            let outcome = catch_unwind(AssertUnwindSafe(callback));
            self.state.store(DONE, Ordering::Release);
            if let Err(payload) = outcome {
                // Inside: the exception handler runs in the context of the callback.
                report_panic("a callback", self.made_at, payload);
            }
        };
        outside_of_tasks(|| self.context.run(call));
    }

    fn cancel(&self) -> bool {
        let Some(callback) = self.claim(CANCELLED) else {
            return false;
        };
        drop_contained(callback, self.made_at);
        true
    }

    fn state(&self) -> u8 {
        self.state.load(Ordering::Acquire)
    }

    fn label(&self) -> String {
        label(self.made_at)
    }
}

impl<F> Drop for Call<F> {
    /// Drops a callback that never ran where its executor ended.
    fn drop(&mut self) {
        let callback = self
            .callback
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(callback) = callback {
            drop_contained(callback, self.made_at);
        }
    }
}

/// Drops a closure and what it captures; a panic of their destructors is reported.
fn drop_contained<F>(callback: F, made_at: &'static Location<'static>) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| outside_of_tasks(|| drop(callback)))) {
        report_panic("dropping a callback", made_at, payload);
    }
}

#[cold]
fn report_panic(what: &str, made_at: &'static Location<'static>, payload: Box<dyn Any + Send>) {
    ErrorContext::from_panic(what, payload)
        .with_source(label(made_at))
        .report_to(current_scheduler());
}

fn label(made_at: &'static Location<'static>) -> String {
    format!("<CallHandle created at {made_at}>")
}

impl fmt::Debug for CallHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.0.state() {
            PENDING => "pending",
            RUNNING => "running",
            CANCELLED => "cancelled",
            _ => "done",
        };
        write!(f, "<CallHandle {state}")?;
        f.write_str(self.0.label().trim_start_matches("<CallHandle"))
    }
}
