//! The shared end of a reactor, and the reactor that is current on a thread.

use std::{cell::RefCell, fmt, marker::PhantomData, mem::ManuallyDrop, sync::Arc};

use crate::reactor::Shared;

thread_local! {
    /// Without a destructor, so that it works in those of a thread that ends. Nothing is left behind: it is
    /// empty while no reactor is entered.
    static CURRENT: ManuallyDrop<RefCell<Option<ReactorHandle>>> =
        const { ManuallyDrop::new(RefCell::new(None)) };
}

/// Registers descriptors with its [`Reactor`](crate::Reactor), from any thread.
///
/// # Examples
///
/// ```
/// use evloop_reactor::{Reactor, ReactorHandle};
///
/// let reactor = Reactor::new()?;
/// assert!(ReactorHandle::try_current().is_none());
///
/// let entered = reactor.enter();
/// assert_eq!(ReactorHandle::current(), reactor.handle());
///
/// drop(entered);
/// assert!(ReactorHandle::try_current().is_none());
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct ReactorHandle {
    shared: Arc<Shared>,
}

impl ReactorHandle {
    pub(crate) fn from_shared(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Makes this the current reactor of the thread until the guard is dropped.
    ///
    /// Guards nest: dropping one makes the reactor current again that was current before.
    #[must_use = "the reactor is current until the guard is dropped"]
    pub fn enter(&self) -> Entered {
        Entered {
            before: CURRENT.with(|current| current.replace(Some(self.clone()))),
            this_thread: PhantomData,
        }
    }

    /// The reactor that was entered on this thread.
    ///
    /// # Panics
    ///
    /// If there is none. [`try_current`](Self::try_current) asks without a panic.
    #[must_use]
    #[track_caller]
    pub fn current() -> Self {
        Self::try_current().expect(
            "no reactor is entered on this thread: hold `Reactor::enter()` around the call, or \
             pass a `ReactorHandle` to the form of the function that takes one",
        )
    }

    /// The reactor that was entered on this thread, if there is one.
    #[must_use]
    pub fn try_current() -> Option<Self> {
        CURRENT.with(|current| current.borrow().clone())
    }

    /// How many descriptors are registered.
    #[must_use]
    pub fn source_count(&self) -> usize {
        self.shared.len()
    }
}

/// Two handles are equal if they belong to the same reactor.
impl PartialEq for ReactorHandle {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl Eq for ReactorHandle {}

impl fmt::Debug for ReactorHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.describe(f, "ReactorHandle")
    }
}

/// Keeps a reactor current on this thread; see [`ReactorHandle::enter`].
#[derive(Debug)]
pub struct Entered {
    before: Option<ReactorHandle>,
    /// Belongs to the thread it was made on.
    this_thread: PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let ours = CURRENT.with(|current| current.replace(self.before.take()));
        drop(ours);
    }
}
