//! `add_signal_handler`: callbacks that run in the loop when a signal arrives.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

use evloop_executor::{CallHandle, ExecutorHandle};
use evloop_signal::Signal;
use evloop_task::{Context, current_scheduler, report_panic};

use crate::error::LoopClosed;
use crate::handle::Handle;
use crate::shared::lock;
use crate::signals::Signals;

/// The callbacks of a loop, one for a signal.
#[derive(Default)]
pub(crate) struct SignalHandlers {
    by_signal: HashMap<Signal, Arc<SignalHandler>>,
    /// The loop is closed: there will be no more.
    is_closed: bool,
}

/// A callback, and the signals that it is for.
///
/// At most one call of it is queued or runs: it queues the next one behind itself, so a flood of
/// signals takes no memory and holds up nothing else.
struct SignalHandler {
    /// `None` once it is removed.
    signals: Mutex<Option<Signals>>,
    /// `None` while it runs, since it may remove itself, and once it is removed.
    callback: Mutex<Option<Box<dyn FnMut() + Send>>>,
    /// A copy from `add_signal_handler`, the same for all runs.
    context: Context,
    executor: ExecutorHandle,
    /// Set by who queues a call, and reset by the call when it ends.
    is_queued: AtomicBool,
    is_removed: AtomicBool,
}

impl Wake for SignalHandler {
    fn wake(self: Arc<Self>) {
        if self.is_queued.swap(true, Ordering::SeqCst) {
            return;
        }
        let this = Arc::clone(&self);
        let call = CallHandle::new(move || this.call());
        // A closed loop takes none, and has none left that would.
        let _closed = self.executor.queue(&call);
    }
}

impl SignalHandler {
    /// Runs the callback for one signal, if one has arrived, and sees to the next one.
    fn call(self: &Arc<Self>) {
        let arrived = match &mut *lock(&self.signals) {
            Some(signals) => signals.try_next(),
            None => return,
        };
        let mut running = Running {
            handler: self,
            callback: lock(&self.callback).take(),
        };
        if arrived.is_some()
            && let Some(callback) = &mut running.callback
        {
            self.context.run(callback);
        }
    }

    /// Ends it, if it is in no table any more: the signal is given back at once.
    fn remove(&self) {
        self.is_removed.store(true, Ordering::SeqCst);
        let signals = lock(&self.signals).take();
        drop(signals);
        let callback = lock(&self.callback).take();
        drop(callback);
    }

    fn has_more(&self) -> bool {
        lock(&self.signals).as_ref().is_some_and(Signals::has_next)
    }
}

/// Puts a callback back in its place, also when it has panicked, and sees to the next signal.
struct Running<'a> {
    handler: &'a Arc<SignalHandler>,
    callback: Option<Box<dyn FnMut() + Send>>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let handler = self.handler;
        *lock(&handler.callback) = self.callback.take();
        // After it is back: who removes it sets this first, and then takes what is there.
        if handler.is_removed.load(Ordering::SeqCst) {
            return handler.remove();
        }
        handler.is_queued.store(false, Ordering::SeqCst);
        // After the reset: a signal that came before it has queued nothing.
        if handler.has_more() {
            Arc::clone(handler).wake();
        }
    }
}

impl Handle {
    /// Calls `callback` in the loop each time `signal` arrives, until it is removed; replaces the one of
    /// this loop for this signal. From any thread; on a [`Runtime`](crate::Runtime) on any of its
    /// workers, one call at a time.
    ///
    /// Meanwhile the signal does nothing else. It is one call for each delivery: the system merges
    /// signals of a kind that come before one was delivered, except real-time signals. Other loops and
    /// [`signals`](crate::signals()) may watch the same signal. Which signals can be watched says
    /// [`Signal`]. The callbacks of a loop go with it.
    ///
    /// ```
    /// use evloop::{EventLoop, Signal};
    ///
    /// let event_loop = EventLoop::new()?;
    /// let handle = event_loop.handle();
    /// event_loop.add_signal_handler(Signal::TERMINATE, move || handle.stop())?;
    /// # event_loop.call_soon({ let handle = event_loop.handle(); move || handle.stop() });
    /// event_loop.run_forever()?;
    ///
    /// assert!(event_loop.remove_signal_handler(Signal::TERMINATE));
    /// assert!(!event_loop.remove_signal_handler(Signal::TERMINATE));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Handle::signals`].
    pub fn add_signal_handler<F>(&self, signal: Signal, callback: F) -> io::Result<()>
    where
        F: FnMut() + Send + 'static,
    {
        let handler = Arc::new(SignalHandler {
            signals: Mutex::new(Some(self.signals([signal])?)),
            callback: Mutex::new(Some(Box::new(callback))),
            context: Context::current(),
            executor: self.shared().executor,
            is_queued: AtomicBool::new(false),
            is_removed: AtomicBool::new(false),
        });
        let replaced = {
            let mut handlers = lock(&self.shared().signal_handlers);
            if handlers.is_closed {
                return Err(LoopClosed.into());
            }
            handlers.by_signal.insert(signal, Arc::clone(&handler))
        };
        // After the new one is there, so that the signal never does what it does by default.
        if let Some(replaced) = replaced {
            replaced.remove();
        }
        let waker = Waker::from(Arc::clone(&handler));
        if let Some(signals) = &*lock(&handler.signals) {
            signals.set_waker(&waker);
        }
        // After the waker is there: a signal that came before it has queued nothing.
        if handler.has_more() {
            handler.wake();
        }
        Ok(())
    }

    /// Removes the callback for `signal`, also calls of it that are due already; says whether there was
    /// one. False on a closed loop.
    ///
    /// If nobody else watches the signal, it acts again as it did before: SIGINT cancels the main task
    /// of a [`Runner::run`](crate::Runner::run) again, or kills the process.
    pub fn remove_signal_handler(&self, signal: Signal) -> bool {
        let removed = lock(&self.shared().signal_handlers)
            .by_signal
            .remove(&signal);
        removed.is_some_and(|removed| {
            removed.remove();
            true
        })
    }

    /// The loop closes: all its callbacks go.
    pub(crate) fn close_signal_handlers(&self) {
        let handlers = {
            let mut handlers = lock(&self.shared().signal_handlers);
            handlers.is_closed = true;
            std::mem::take(&mut handlers.by_signal)
        };
        for handler in handlers.into_values() {
            report_panic(current_scheduler(), "dropping a signal handler", || {
                handler.remove();
            });
        }
    }
}

impl fmt::Debug for SignalHandlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_signal.keys()).finish()
    }
}
