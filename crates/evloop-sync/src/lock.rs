//! A fair mutual exclusion lock.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::guarded::{Exclusive, Guarded, OneAtATime};
use crate::lock_guard::{LockGuard, OwnedLockGuard};
use crate::passage::{Gate, Passage, Permits};
use crate::sync::constructor;

/// A value that one at a time has: asyncio's `Lock`, with what it protects inside.
///
/// Who waits gets it first come, first served, and a newcomer never overtakes. It is handed over directly:
/// it stays locked when a guard is dropped while others wait. A waiter that is dropped after it was handed
/// the lock passes it on. There is no poisoning: a panic drops the guard, which unlocks.
///
/// A guard may be dropped on any thread, if the value is `Send`. A guard that is leaked keeps the lock for
/// ever. A task that asks for a lock that it has itself waits for ever: the lock does not know who has it.
///
/// Use `std::sync::Mutex` where no guard lives across an `await`: it is faster, and nothing can wait on
/// it for long.
///
/// # Examples
///
/// ```
/// use evloop_sync::Lock;
/// # futures_lite::future::block_on(async {
/// let balance = Lock::new(10);
/// {
///     let mut balance = balance.acquire().await;
///     *balance += 5;
/// }
/// assert_eq!(*balance.acquire().await, 15);
/// # });
/// ```
///
/// # Cost
///
/// Locking and unlocking without contention is one atomic operation each. Waiting takes O(1), a short
/// lock of a std mutex, and no allocation once the queue has had its size.
#[doc(alias("Mutex", "asyncio.Lock"))]
pub struct Lock<T: ?Sized> {
    pub(crate) guarded: Guarded<OneAtATime, T>,
}

impl<T> Lock<T> {
    constructor! {
        /// Makes one that is unlocked; also in a `static`.
        ///
        /// ```
        /// use evloop_sync::Lock;
        ///
        /// static NAMES: Lock<Vec<&str>> = Lock::new(Vec::new());
        /// assert!(!NAMES.locked());
        /// ```
        #[must_use]
        pub fn new(value: T) -> Self {
            Self { guarded: Guarded::new(value) }
        }
    }

    /// Gives the value back.
    ///
    /// ```
    /// # use evloop_sync::Lock;
    /// assert_eq!(Lock::new(1).into_inner(), 1);
    /// ```
    #[must_use]
    pub fn into_inner(self) -> T {
        self.guarded.into_inner()
    }
}

impl<T: ?Sized> Lock<T> {
    /// Waits until it is this caller's turn, and locks.
    ///
    /// # Examples
    ///
    /// ```
    /// use evloop_sync::Lock;
    /// # futures_lite::future::block_on(async {
    /// let lock = Lock::new("value");
    /// let guard = lock.acquire().await;
    /// assert!(lock.locked());
    /// drop(guard);
    /// assert!(!lock.locked());
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it loses its place in the queue and nothing else: a lock that it had been
    /// handed goes to the next.
    ///
    /// # Cost
    ///
    /// See [`Lock`].
    #[doc(alias = "lock")]
    pub fn acquire(&self) -> AcquireLock<'_, T> {
        AcquireLock(Passage::new(self, 1))
    }

    /// Locks if nobody has it and nobody waits.
    ///
    /// ```
    /// # use evloop_sync::Lock;
    /// let lock = Lock::new(1);
    /// let guard = lock.try_acquire();
    /// assert!(guard.is_some());
    /// assert!(lock.try_acquire().is_none());
    /// ```
    ///
    /// # Cost
    ///
    /// One atomic operation.
    #[doc(alias("try_lock", "acquire_nowait"))]
    pub fn try_acquire(&self) -> Option<LockGuard<'_, T>> {
        let permit = Permits::try_take(self, 1)?;
        Some(LockGuard(Exclusive::new(permit)))
    }

    /// As [`Lock::acquire`]; the guard keeps the lock alive and borrows nothing.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use evloop_sync::Lock;
    /// # futures_lite::future::block_on(async {
    /// let lock = Arc::new(Lock::new(1));
    /// let guard = lock.acquire_owned().await;
    /// let thread = std::thread::spawn(move || *guard + 1);
    /// assert_eq!(thread.join().unwrap(), 2);
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// As of [`Lock::acquire`].
    #[doc(alias = "lock_owned")]
    pub fn acquire_owned(self: &Arc<Self>) -> AcquireLockOwned<T> {
        AcquireLockOwned(Passage::new(Arc::clone(self), 1))
    }

    /// As [`Lock::try_acquire`]; the guard keeps the lock alive and borrows nothing.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use evloop_sync::Lock;
    /// let lock = Arc::new(Lock::new(1));
    /// let guard = lock.try_acquire_owned().expect("nobody has it");
    /// assert!(lock.locked());
    /// # drop(guard);
    /// ```
    #[doc(alias = "try_lock_owned")]
    pub fn try_acquire_owned(self: &Arc<Self>) -> Option<OwnedLockGuard<T>> {
        let permit = Permits::try_take(Arc::clone(self), 1)?;
        Some(OwnedLockGuard(Exclusive::new(permit)))
    }

    /// True if somebody has it, or has been handed it and has not gone on yet.
    ///
    /// ```
    /// # use evloop_sync::Lock;
    /// let lock = Lock::new(());
    /// assert!(!lock.locked());
    /// ```
    #[doc(alias = "is_locked")]
    #[must_use]
    pub fn locked(&self) -> bool {
        self.turnstile().is_closed()
    }

    /// The value, without locking: nobody else can have the lock.
    ///
    /// ```
    /// # use evloop_sync::Lock;
    /// let mut lock = Lock::new(1);
    /// *lock.get_mut() = 2;
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.guarded.get_mut()
    }
}

impl<T: Default> Default for Lock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Lock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// As asyncio's `repr`: `<Lock [locked, waiters:2]>`.
impl<T: ?Sized> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.locked() { "locked" } else { "unlocked" };
        crate::repr::write(
            f,
            "Lock",
            format_args!("{state}"),
            self.turnstile().n_waiting(),
        )
    }
}

/// The future of [`Lock::acquire`].
#[must_use = "a future does nothing until it is awaited"]
pub struct AcquireLock<'a, T: ?Sized>(Passage<&'a Lock<T>>);

impl<'a, T: ?Sized> Future for AcquireLock<'a, T> {
    type Output = LockGuard<'a, T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<LockGuard<'a, T>> {
        let permit = self.get_mut().0.poll(cx);
        permit.map(|permit| LockGuard(Exclusive::new(permit)))
    }
}

impl<T: ?Sized> fmt::Debug for AcquireLock<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AcquireLock").field(&self.0).finish()
    }
}

/// The future of [`Lock::acquire_owned`].
#[must_use = "a future does nothing until it is awaited"]
pub struct AcquireLockOwned<T: ?Sized>(Passage<Arc<Lock<T>>>);

impl<T: ?Sized> Future for AcquireLockOwned<T> {
    type Output = OwnedLockGuard<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<OwnedLockGuard<T>> {
        let permit = self.get_mut().0.poll(cx);
        permit.map(|permit| OwnedLockGuard(Exclusive::new(permit)))
    }
}

impl<T: ?Sized> fmt::Debug for AcquireLockOwned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AcquireLockOwned").field(&self.0).finish()
    }
}
