//! The guards of a lock.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::guarded::Exclusive;
use crate::lock::Lock;
use crate::passage::{Gate, Permits};

/// What a lock protects; dropping it unlocks.
///
/// It may live across an `await`, and move to another thread if the value is `Send`.
#[must_use = "the lock is unlocked when the guard is dropped"]
pub struct LockGuard<'a, T: ?Sized>(pub(crate) Exclusive<&'a Lock<T>>);

impl<'a, T: ?Sized> LockGuard<'a, T> {
    /// The lock that it is of.
    ///
    /// ```
    /// # use evloop_sync::{Lock, LockGuard};
    /// let lock = Lock::new(1);
    /// let guard = lock.try_acquire().unwrap();
    /// assert!(LockGuard::lock(&guard).locked());
    /// ```
    pub fn lock(guard: &Self) -> &'a Lock<T> {
        guard.0.gate()
    }
}

impl<T: ?Sized> Deref for LockGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> DerefMut for LockGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for LockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for LockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// As [`LockGuard`], and keeps the lock alive.
#[must_use = "the lock is unlocked when the guard is dropped"]
pub struct OwnedLockGuard<T: ?Sized>(pub(crate) Exclusive<Arc<Lock<T>>>);

impl<T: ?Sized> OwnedLockGuard<T> {
    /// The lock that it is of.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use evloop_sync::{Lock, OwnedLockGuard};
    /// let lock = Arc::new(Lock::new(1));
    /// let guard = lock.try_acquire_owned().unwrap();
    /// assert!(Arc::ptr_eq(&lock, OwnedLockGuard::lock(&guard)));
    /// ```
    pub fn lock(guard: &Self) -> &Arc<Lock<T>> {
        guard.0.gate()
    }
}

impl<T: ?Sized> Deref for OwnedLockGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> DerefMut for OwnedLockGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for OwnedLockGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for OwnedLockGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A guard of a [`Lock`], whether it borrows the lock or keeps it alive.
///
/// It is [`LockGuard`] or [`OwnedLockGuard`], and cannot be implemented elsewhere: who waits for a condition
/// unlocks with it, and gets it back.
pub trait AnyLockGuard: DerefMut + Relocks {}

impl<G: DerefMut + Relocks> AnyLockGuard for G {}

/// What a guard can be made of again, once it was dropped.
#[expect(
    unnameable_types,
    private_bounds,
    private_interfaces,
    reason = "it seals the trait above"
)]
pub trait Relocks: Sized {
    /// What the guard is of.
    type Value: ?Sized;

    /// How it refers to the lock.
    type Of: Deref<Target = Lock<Self::Value>> + Gate + Clone;

    fn of(&self) -> &Self::Of;

    /// With the permit of the lock.
    fn relock(permit: Permits<Self::Of>) -> Self;
}

#[expect(private_interfaces, reason = "as of the trait")]
impl<'a, T: ?Sized> Relocks for LockGuard<'a, T> {
    type Value = T;
    type Of = &'a Lock<T>;

    fn of(&self) -> &Self::Of {
        self.0.gate()
    }

    fn relock(permit: Permits<Self::Of>) -> Self {
        Self(Exclusive::new(permit))
    }
}

#[expect(private_interfaces, reason = "as of the trait")]
impl<T: ?Sized> Relocks for OwnedLockGuard<T> {
    type Value = T;
    type Of = Arc<Lock<T>>;

    fn of(&self) -> &Self::Of {
        self.0.gate()
    }

    fn relock(permit: Permits<Self::Of>) -> Self {
        Self(Exclusive::new(permit))
    }
}
