//! The reactor itself: who turns it, and what its turn does.

use std::{
    fmt, io,
    os::fd::AsFd,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
    task::{Wake, Waker},
    time::Duration,
};

use crate::{
    Entered, Notifier, ReactorGone, ReactorHandle,
    key::Key,
    registry::{Refused, Registry, Target},
    sync::{AtomicUsize, Mutex, Ordering, lock},
    sys::{Backend, Events, Sys},
    wake_state::{Notify, Sleep, WakeState},
};

/// Tells which of the registered descriptors have become ready, to whoever turns it.
///
/// One thread at a time owns and turns it, by calling [`poll`](Self::poll) in a loop. Everything
/// else goes through clones of its [`handle`](Self::handle) and [`notifier`](Self::notifier),
/// which are `Send` and `Sync`. It has no thread, no clock and no tasks of its own.
///
/// Dropping it wakes every waiter, and their waits, like all later ones, end with
/// [`ReactorGone`].
///
/// # The loop around it
///
/// The owner has an inbox that other threads push to before they notify. One turn is:
///
/// 1. [`begin_turn`](Self::begin_turn), then drain the inbox. In this order: the other way round a
///    push between the two would be forgotten along with its notification.
/// 2. Run what is ready.
/// 3. [`poll`](Self::poll): with `Some(Duration::ZERO)` while something is ready, else with the
///    time until the next timer. It does not block if anything was notified since step 1.
/// 4. Wake the wakers it gave.
///
/// Without step 1 the loop is correct as well, and takes an idle turn more for a notification
/// whose effect it had already seen.
///
/// # Examples
///
/// ```
/// use std::{io::Write, os::unix::net::UnixStream, pin::pin, task::{Context, Poll, Waker}};
/// use evloop_reactor::Reactor;
///
/// let mut reactor = Reactor::new()?;
/// let (ours, mut theirs) = UnixStream::pair()?;
/// ours.set_nonblocking(true)?;
/// let source = reactor.handle().register(ours)?;
///
/// let mut readable = pin!(source.readable());
/// let mut cx = Context::from_waker(Waker::noop());
/// assert!(readable.as_mut().poll(&mut cx).is_pending());
///
/// theirs.write_all(b"hello")?;
/// let mut woken = Vec::new();
/// while woken.is_empty() {
///     reactor.poll(None, &mut woken)?;
/// }
/// woken.drain(..).for_each(Waker::wake);
/// assert!(readable.as_mut().poll(&mut cx).is_ready());
/// # use std::future::Future;
/// # std::io::Result::Ok(())
/// ```
pub struct Reactor {
    handle: ReactorHandle,
    events: Events,
    /// Empty between turns; kept for its memory.
    repeated: Vec<Arc<Waker>>,
}

/// What the reactor, its handles, its notifiers and its sources have in common.
pub(crate) struct Shared {
    pub(crate) sys: Sys,
    wake: WakeState,
    /// Number of registrations, to be read without the registry's lock.
    n_sources: AtomicUsize,
    /// Locked shortly; no foreign code runs under it.
    registry: Mutex<Registry>,
}

impl Reactor {
    /// Makes a reactor.
    ///
    /// On Linux it waits directly on epoll, and where a sandbox forbids that, as
    /// [`portable`](Self::portable) does.
    ///
    /// # Errors
    ///
    /// What the system gives for making its descriptors, such as `EMFILE`, or if it refuses to
    /// wait on them in either way.
    pub fn new() -> io::Result<Self> {
        Self::with(Backend::Best)
    }

    /// Makes a reactor that waits through `polling`, as reactors do on systems other than Linux.
    ///
    /// It behaves the same and is slower on Linux: five system calls a turn in place of one, and
    /// reads that come back short are followed by one that comes back empty. For tests, and where
    /// the descriptors must be watched by `polling` alone.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn portable() -> io::Result<Self> {
        Self::with(Backend::Portable)
    }

    pub(crate) fn with(backend: Backend) -> io::Result<Self> {
        let (sys, events) = Sys::new(backend)?;
        let shared = Arc::new(Shared {
            sys,
            wake: WakeState::new(),
            n_sources: AtomicUsize::new(0),
            registry: Mutex::new(Registry::default()),
        });
        Ok(Self {
            handle: ReactorHandle::from_shared(shared),
            events,
            repeated: Vec::new(),
        })
    }

    /// The way to register descriptors, from any thread.
    #[must_use]
    pub fn handle(&self) -> ReactorHandle {
        self.handle.clone()
    }

    /// The way to end a wait of this reactor, from any thread.
    #[must_use]
    pub fn notifier(&self) -> Notifier {
        Notifier::from_shared(Arc::clone(self.handle.shared()))
    }

    /// How many descriptors are registered.
    #[inline]
    #[must_use]
    pub fn source_count(&self) -> usize {
        self.handle.shared().len()
    }

    /// Makes this the current reactor of the thread until the guard is dropped.
    #[must_use = "the reactor is current until the guard is dropped"]
    pub fn enter(&self) -> Entered {
        self.handle.enter()
    }

    /// Forgets notifications so far, because their effect is looked at next. Returns whether there
    /// were any since this was last called or [`poll`](Self::poll) could block: without one there is
    /// nothing new to look at.
    ///
    /// See [the loop](Self#the-loop-around-it) for when to call it.
    ///
    /// # Cost
    ///
    /// One atomic load, and one atomic exchange if there was a notification.
    #[inline]
    pub fn begin_turn(&self) -> bool {
        self.handle.shared().wake.begin_turn()
    }

    /// Waits for events and moves the wakers of who waited for them to the end of `woken`.
    ///
    /// Wakes nobody itself. Waits at most `timeout`, without end for `None`, not at all for zero
    /// or if there was a notification; returns the number of events for registered descriptors.
    /// Any `Duration` will do; a timeout of up to a second is as precise as the timers of the system
    /// and never ends early. A caller with a deadline computes the rest and calls again, since the
    /// wait may end before the timeout with no events: when it was notified, when a signal arrived,
    /// for an event whose registration has ended meanwhile, at the time that an earlier call was to
    /// end, and half a second early if the timeout is longer than one, so that the rest is precise.
    ///
    /// The wakers of one direction of one source come in the order in which they began to wait.
    /// Takes up to 1,024 events; more are left for the next call.
    ///
    /// # Errors
    ///
    /// If the system can no longer wait, which means that a descriptor of the reactor was closed
    /// behind it. The reactor is lost then: all wakers are in `woken`, and every wait ends with
    /// [`ReactorGone`].
    ///
    /// # Cost
    ///
    /// On Linux one system call, and one more to set a timer if it may block for a second or less.
    pub fn poll(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) -> io::Result<usize> {
        let shared = self.handle.shared();
        match shared.wait(&mut self.events, timeout) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(0),
            Err(error) => {
                shared.close(woken);
                return Err(error);
            }
        }
        if self.events.is_empty() {
            return Ok(0);
        }
        let count = shared.deliver(&self.events, woken, &mut self.repeated);
        woken.extend(self.repeated.drain(..).map(|waker| Waker::clone(&waker)));
        Ok(count)
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        let mut woken = Vec::new();
        self.handle.shared().close(&mut woken);
        // One waker's panic must not cost the others their wake.
        let mut panic = None;
        for waker in woken {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
                panic.get_or_insert(payload);
            }
        }
        if let Some(payload) = panic.filter(|_| !std::thread::panicking()) {
            resume_unwind(payload);
        }
    }
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.shared().describe(f, "Reactor")
    }
}

impl Shared {
    fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        let now = Some(Duration::ZERO);
        if timeout == now {
            return self.sys.wait(events, now);
        }
        match self.wake.fall_asleep() {
            Sleep::Notified => self.sys.wait(events, now),
            Sleep::MayBlock => {
                let waited = self.sys.wait(events, timeout);
                self.wake.wake_up();
                waited
            }
        }
    }

    fn deliver(
        &self,
        events: &Events,
        woken: &mut Vec<Waker>,
        repeated: &mut Vec<Arc<Waker>>,
    ) -> usize {
        let mode = self.sys.mode();
        let registry = lock(&self.registry);
        let mut count = 0;
        events.for_each(|event| {
            count += 1;
            registry.deliver(&event, mode, woken, repeated);
        });
        count
    }

    /// Ends all waits and refuses new registrations.
    fn close(&self, woken: &mut Vec<Waker>) {
        let targets = lock(&self.registry).close();
        self.n_sources.store(0, Ordering::Relaxed);
        let mut repeated = Vec::new();
        for target in targets {
            match target {
                Target::Edge(entry) => entry.give_up(woken),
                Target::Level(entry) => entry.give_up(&mut repeated),
            }
        }
        woken.extend(repeated.into_iter().map(Arc::unwrap_or_clone));
    }

    /// Inserts `target` and has `watch` tell the system, or neither.
    pub(crate) fn register(
        &self,
        target: Target,
        watch: impl FnOnce(Key) -> io::Result<()>,
    ) -> io::Result<Key> {
        let inserted = lock(&self.registry).insert(target);
        let key = inserted.map_err(|refused| match refused {
            Refused::Closed => ReactorGone.into(),
            Refused::Full => io::Error::from(io::ErrorKind::OutOfMemory),
        })?;
        self.n_sources.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = watch(key) {
            let target = self.forget(key);
            drop(target);
            return Err(error);
        }
        Ok(key)
    }

    /// Takes a registration out; `None` if the reactor has ended first.
    fn forget(&self, key: Key) -> Option<Target> {
        let target = lock(&self.registry).remove(key)?;
        self.n_sources.fetch_sub(1, Ordering::Relaxed);
        Some(target)
    }

    /// Ends a registration: no event reaches it any more, and then the system is told, while
    /// `source` is still open.
    pub(crate) fn deregister(&self, key: Key, source: &impl AsFd) -> io::Result<()> {
        let target = self.forget(key);
        let deleted = self.sys.delete(source.as_fd());
        drop(target);
        deleted
    }

    /// How many registrations there are.
    pub(crate) fn len(&self) -> usize {
        self.n_sources.load(Ordering::Relaxed)
    }

    pub(crate) fn notify(&self) {
        if self.wake.notify() == Notify::Recorded {
            return;
        }
        if let Err(error) = self.sys.interrupt() {
            panic!("failed to interrupt a reactor, which may now wait for ever: {error}");
        }
    }

    pub(crate) fn describe(&self, f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        f.debug_struct(name)
            .field("sources", &self.len())
            .field("direct", &self.sys.waits_directly())
            .finish()
    }
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.notify();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.notify();
    }
}
