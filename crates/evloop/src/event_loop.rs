//! The event loop: asyncio's turn, composed of four machines that do not know one another.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::IntoFuture;
use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::{Duration, Instant};

use evloop_executor::{LocalExecutor, RootEnd};
use evloop_reactor::{Entered, Reactor};
use evloop_task::{EnterGuard, Task, report_panic};
use evloop_time::{TimeDriver, TimeGuard};

use crate::builder::Builder;
use crate::context::{self, RunningGuard};
use crate::error::RunError;
use crate::handle::Handle;
use crate::shared::Shared;
use crate::slow_step;
use crate::wake_all::wake_all;

/// At most this many steps run between two looks at I/O while work is ready ...
const STEPS_PER_POLL: usize = 64;
/// ... and at most this much time passes.
const TIME_PER_POLL: Duration = Duration::from_millis(1);

/// One thread's event loop: run queue, timers, I/O readiness, and threads for blocking work.
///
/// All that can be asked of a loop from anywhere is on [`Handle`], which it dereferences to; what
/// only its own thread may do is here: running and closing it. For a whole program,
/// [`run`](crate::run) makes, runs and closes one.
///
/// Ready callbacks and task steps run first in, first out; equal deadlines in the order of their
/// insertion. Dropping the loop closes it.
///
/// ```
/// use std::time::Duration;
///
/// let event_loop = evloop::EventLoop::new()?;
/// let answer = event_loop.run_until_complete(async {
///     evloop::sleep(Duration::from_millis(1)).await;
///     42
/// })?;
/// assert_eq!(answer, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct EventLoop {
    handle: Handle,
    /// Before the drivers: closing it drops tasks, whose destructors use them.
    executor: LocalExecutor,
    driver: TimeDriver,
    /// `None` once the loop is closed: its descriptors are given back then.
    reactor: RefCell<Option<Reactor>>,
    /// Other threads sent more than one turn takes.
    more_arrivals: Cell<bool>,
    steps_since_poll: Cell<usize>,
    last_poll: Cell<Option<Instant>>,
}

/// How a loop goes on after a turn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// With another turn.
    GoOn,
    /// With one more turn, for what is queued: as in asyncio, whose loop stops by a callback.
    LastTurn,
    /// Not at all.
    Leave,
}

impl EventLoop {
    /// A loop on the system's clock.
    ///
    /// # Errors
    ///
    /// What the system gives when it makes no more descriptors.
    pub fn new() -> io::Result<Self> {
        Self::builder().build()
    }

    /// Options of a loop.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn from_parts(
        executor: LocalExecutor,
        driver: TimeDriver,
        reactor: Reactor,
    ) -> Self {
        let shared = Shared::new(
            executor.handle(),
            reactor.handle(),
            driver.handle(),
            reactor.notifier(),
        );
        executor.set_unparker(reactor.notifier().into_waker());
        driver.set_unpark(reactor.notifier().into_waker());
        let shared = Arc::new(shared);
        let reporter = Arc::downgrade(&shared);
        executor.set_reporter(Some(Arc::new(move |context| match reporter.upgrade() {
            Some(shared) => Handle::from_shared(shared).report(context),
            None => context.print(),
        })));
        Self {
            handle: Handle::from_shared(shared),
            executor,
            driver,
            reactor: RefCell::new(Some(reactor)),
            more_arrivals: Cell::new(false),
            steps_since_poll: Cell::new(0),
            last_poll: Cell::new(None),
        }
    }

    /// A handle of this loop, for any thread.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Starts a task whose coroutine is not `Send`.
    #[track_caller]
    pub fn create_task_local<F>(&self, coroutine: F) -> Task<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.executor.spawn_local(coroutine)
    }

    /// Runs the loop until `future` is done, and returns its output.
    ///
    /// The future runs as a task of the loop. It may borrow from the caller; pass `&mut task` or
    /// `&promise` to keep the handle. Callbacks that are ready when it ends still run once. A panic
    /// of the future goes on in the caller.
    ///
    /// # Errors
    ///
    /// [`RunError`]: the loop is closed, one is running on this thread, it was stopped first, or the
    /// future's task was cancelled.
    ///
    /// # Panics
    ///
    /// When the future does.
    #[track_caller]
    #[doc(alias = "block_on")]
    pub fn run_until_complete<F: IntoFuture>(&self, future: F) -> Result<F::Output, RunError> {
        let running = self.start()?;
        let builder = evloop_task::Builder::new();
        let ended = self.run_main(builder, future.into_future(), |main| match main.done() {
            true => Next::LastTurn,
            false => Next::GoOn,
        });
        drop(running);
        ended?.or_resume()
    }

    /// Runs `future` as a task made with `builder`; after each turn `next` looks at that task and says how to go on.
    #[track_caller]
    pub(crate) fn run_main<F: Future>(
        &self,
        builder: evloop_task::Builder,
        future: F,
        next: impl Fn(&Task<()>) -> Next,
    ) -> Result<MainEnd<F::Output>, RunError> {
        let mut polled = Ok(());
        let end = self.executor.run_root_with(builder, future, |main| {
            polled = self.turn_while(&|| next(main));
        });
        match (end, polled) {
            (RootEnd::Unfinished, Err(error)) => Err(self.lost(error)),
            (end, _) => Ok(MainEnd(end)),
        }
    }

    /// Runs the loop until [`Handle::stop`] is called.
    ///
    /// A stop from before makes it run exactly one turn, with a look at I/O that does not wait.
    ///
    /// # Errors
    ///
    /// [`RunError`]: the loop is closed, one is running on this thread, or it cannot wait.
    pub fn run_forever(&self) -> Result<(), RunError> {
        let running = self.start()?;
        let polled = self.turn_while(&|| Next::GoOn);
        drop(running);
        polled.map_err(|error| self.lost(error))
    }

    /// Closes the loop: cancels its tasks and drops their coroutines, drops queued callbacks and
    /// timers, and lets its pool of threads go without waiting for it. Later calls do nothing.
    ///
    /// Afterwards the loop refuses to run, and its handle to schedule.
    ///
    /// # Panics
    ///
    /// While the loop is running.
    pub fn close(&self) {
        let n_abandoned = self.end();
        if n_abandoned > 0 {
            let message =
                format!("{n_abandoned} tasks or callbacks would not end and were abandoned");
            self.handle
                .call_exception_handler(&evloop_task::ErrorContext::new(message));
        }
    }

    /// Closes the loop; returns the number of tasks and callbacks that would not end.
    pub(crate) fn end(&self) -> usize {
        assert!(
            !self.is_running(),
            "failed to close the event loop: it is running; stop it first"
        );
        if self.executor.is_closed() {
            return 0;
        }
        let entered = self.enter_machines();
        self.handle.close_signal_handlers();
        self.handle.close_watches();
        let n_abandoned = self.executor.close();
        // Destructors of tasks may have added some.
        self.handle.close_watches();
        // What still waits for a time finds the executor closed, and is dropped.
        self.driver.close();
        self.handle.close_default_executor();
        self.handle.end_signal_watches();
        drop(entered);
        self.handle.close_reactor();
        let reactor = self.reactor.take();
        report_panic(None, "closing the reactor", || drop(reactor));
        n_abandoned
    }

    /// Makes the three machines the current ones of this thread.
    fn enter_machines(&self) -> Machines<'_> {
        let reactor = self.reactor.borrow();
        let reactor = reactor.as_ref().expect("an open loop has its reactor");
        (self.executor.enter(), self.driver.enter(), reactor.enter())
    }

    /// Checks that the loop may run, and makes it the running one.
    pub(crate) fn start(&self) -> Result<Running<'_>, RunError> {
        if !self.is_of_this_process() {
            return Err(RunError::Forked);
        }
        if self.executor.is_closed() {
            return Err(RunError::Closed);
        }
        let context = context::enter(self.handle()).ok_or(RunError::Nested)?;
        self.handle.shared().running.store(true, Ordering::Release);
        Ok(Running {
            event_loop: self,
            _entered: self.enter_machines(),
            _context: context,
        })
    }

    /// Turns the loop until it is stopped, or `next` says after a turn that it is over.
    pub(crate) fn turn_while(&self, next: &dyn Fn() -> Next) -> io::Result<()> {
        // Filled by the drivers and woken after they have unlocked; empty between turns.
        let mut woken = Vec::new();
        let mut leaving = false;
        loop {
            self.run_once(leaving, &mut woken)?;
            if leaving {
                return Ok(());
            }
            let next = next();
            if next == Next::Leave || self.is_stopping() {
                return Ok(());
            }
            leaving = next == Next::LastTurn;
        }
    }

    /// Why the loop cannot wait any more.
    fn lost(&self, error: io::Error) -> RunError {
        match self.is_of_this_process() {
            true => RunError::Poll(error),
            false => RunError::Forked,
        }
    }

    fn is_stopping(&self) -> bool {
        // Pairs with the Release in `stop`: who stops the loop has its earlier callbacks seen.
        self.handle.shared().stopping.load(Ordering::Acquire)
    }

    /// One turn. Its steps are those of asyncio's `_run_once`:
    ///
    /// 1. the time to wait: none while something is ready, else until the earliest deadline;
    /// 2. I/O: whoever waited for a descriptor that is ready now is queued, behind what is ready;
    /// 3. other threads: what they sent is queued;
    /// 4. timers: those that are due are queued, by deadline and then by insertion;
    /// 5. exactly what is queued now runs; what it queues waits for the next turn.
    fn run_once(&self, leaving: bool, woken: &mut Vec<Waker>) -> io::Result<()> {
        let idle = !leaving && self.executor.n_ready() == 0 && !self.is_stopping();
        if idle {
            self.wait(woken)?;
        } else if self.io_is_due() {
            self.poll(Some(Duration::ZERO), woken)?;
        }
        wake_all(woken);

        // A wait consumes the notification that ends it.
        if self.begin_turn() || idle || self.more_arrivals.get() {
            self.more_arrivals.set(self.executor.take_arrivals());
        }

        self.driver.advance(woken);
        wake_all(woken);

        let n_steps = if self.handle.debug() {
            slow_step::run_turn(&self.executor, &self.handle)
        } else {
            self.executor.run_turn()
        };
        self.steps_since_poll
            .set(self.steps_since_poll.get() + n_steps);
        Ok(())
    }

    /// Nothing is ready: waits for I/O, another thread or the earliest deadline.
    fn wait(&self, woken: &mut Vec<Waker>) -> io::Result<()> {
        let mut limit = Some(Duration::ZERO);
        if !self.has_work() {
            // A manual clock may jump to the deadline here; its owner needs no thread to sleep.
            limit = self.driver.wait_limit();
            // That ran foreign code, which may have queued something or stopped us: the clock, and
            // the destructors of wakers whose timers other threads have cancelled.
            if self.has_work() {
                limit = Some(Duration::ZERO);
            }
        }
        self.poll(limit, woken)
    }

    fn has_work(&self) -> bool {
        self.executor.n_ready() > 0 || self.executor.has_arrivals() || self.is_stopping()
    }

    /// Takes back what other threads have notified of; says whether there was anything.
    fn begin_turn(&self) -> bool {
        self.reactor
            .borrow()
            .as_ref()
            .is_some_and(Reactor::begin_turn)
    }

    fn poll(&self, limit: Option<Duration>, woken: &mut Vec<Waker>) -> io::Result<()> {
        self.steps_since_poll.set(0);
        let polled = match &mut *self.reactor.borrow_mut() {
            Some(reactor) => reactor.poll(limit, woken),
            None => Ok(0),
        };
        if let Err(lost) = polled {
            // Whoever waited for a descriptor hears of it.
            wake_all(woken);
            return Err(lost);
        }
        self.last_poll.set(None);
        Ok(())
    }

    /// While work is ready, I/O is looked at after 64 steps or a millisecond, whichever is first.
    /// Without any descriptor there is nothing to look at: other threads send to the inbox.
    fn io_is_due(&self) -> bool {
        if self.is_stopping() {
            return true;
        }
        // Those that only end a wait are not looked at while work is ready.
        let n_quiet = self.handle.shared().signal_watches.n_quiet_sources();
        if self
            .reactor
            .borrow()
            .as_ref()
            .is_none_or(|reactor| reactor.source_count() <= n_quiet)
        {
            return false;
        }
        if self.steps_since_poll.get() >= STEPS_PER_POLL {
            return true;
        }
        let now = self.driver.now();
        match self.last_poll.get() {
            Some(last) => now.saturating_duration_since(last) >= TIME_PER_POLL,
            None => {
                self.last_poll.set(Some(now));
                false
            }
        }
    }
}

/// Guards of what is current on the thread.
type Machines<'a> = (EnterGuard, TimeGuard<'a>, Entered);

/// How the future of a run ended, unless waiting for events failed first.
pub(crate) struct MainEnd<T>(RootEnd<T>);

impl<T> From<RootEnd<T>> for MainEnd<T> {
    fn from(end: RootEnd<T>) -> Self {
        Self(end)
    }
}

impl<T> MainEnd<T> {
    pub(crate) fn is_panic(&self) -> bool {
        matches!(self.0, RootEnd::Panicked(_))
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        matches!(self.0, RootEnd::Cancelled(_))
    }

    /// The output; a panic goes on here.
    #[track_caller]
    pub(crate) fn or_resume(self) -> Result<T, RunError> {
        match self.0 {
            RootEnd::Finished(output) => Ok(output),
            RootEnd::Cancelled(cancellation) => Err(RunError::Cancelled(cancellation)),
            RootEnd::Unfinished => Err(RunError::Stopped),
            RootEnd::Panicked(panic) => panic.resume(),
        }
    }
}

/// The loop is the running one of this thread until this is dropped.
pub(crate) struct Running<'a> {
    event_loop: &'a EventLoop,
    _entered: Machines<'a>,
    _context: RunningGuard,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let shared = self.event_loop.handle.shared();
        shared.stopping.store(false, Ordering::Relaxed);
        shared.running.store(false, Ordering::Release);
    }
}

impl Deref for EventLoop {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        // While unwinding out of a running loop its guard is gone already.
        if !self.is_running() {
            self.close();
        }
    }
}

impl fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.handle, f)
    }
}
