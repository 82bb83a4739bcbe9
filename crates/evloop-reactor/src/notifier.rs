//! Ending the wait of a reactor from another thread.

use std::{fmt, sync::Arc, task::Waker};

use crate::reactor::Shared;

/// Ends a wait of its [`Reactor`](crate::Reactor), the present one or else the next.
///
/// Push first, notify second: what this thread has written before [`notify`](Self::notify) is seen
/// by the owner after the call of `poll` that the notification ends, or after a later
/// `begin_turn`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use evloop_reactor::Reactor;
///
/// let mut reactor = Reactor::new()?;
/// let notifier = reactor.notifier();
///
/// std::thread::scope(|scope| {
///     std::thread::Builder::new()
///         .name("other".into())
///         .spawn_scoped(scope, move || notifier.notify())?;
///     reactor.poll(None, &mut Vec::new())
/// })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct Notifier {
    shared: Arc<Shared>,
}

impl Notifier {
    pub(crate) fn from_shared(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Makes sure that the owner of the reactor looks at its inbox after this.
    ///
    /// Does nothing once the reactor is dropped.
    ///
    /// # Panics
    ///
    /// If the system refuses to interrupt a wait, which means that a descriptor of the reactor was
    /// closed behind it. Nothing else could tell that the owner may now wait for ever.
    ///
    /// # Cost
    ///
    /// One atomic operation while the owner is awake; one system call if it waits, whatever the
    /// number of notifications before it is awake again.
    pub fn notify(&self) {
        self.shared.notify();
    }

    /// The same as a waker, which notifies when it is woken.
    #[must_use]
    pub fn into_waker(self) -> Waker {
        Waker::from(self.shared)
    }
}

impl From<Notifier> for Waker {
    fn from(notifier: Notifier) -> Self {
        notifier.into_waker()
    }
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.describe(f, "Notifier")
    }
}
