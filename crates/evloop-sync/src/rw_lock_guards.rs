//! The guards of a lock for readers and writers.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::guarded::{Exclusive, Shared};
use crate::rw_lock::RwLock;

/// What a lock protects, for reading; dropping it unlocks.
#[must_use = "the lock is unlocked when the guard is dropped"]
pub struct ReadGuard<'a, T: ?Sized>(pub(crate) Shared<&'a RwLock<T>>);

/// As [`ReadGuard`], and keeps the lock alive.
#[must_use = "the lock is unlocked when the guard is dropped"]
pub struct OwnedReadGuard<T: ?Sized>(pub(crate) Shared<Arc<RwLock<T>>>);

/// What a lock protects, for writing; dropping it unlocks.
#[must_use = "the lock is unlocked when the guard is dropped"]
pub struct WriteGuard<'a, T: ?Sized>(pub(crate) Exclusive<&'a RwLock<T>>);

/// As [`WriteGuard`], and keeps the lock alive.
#[must_use = "the lock is unlocked when the guard is dropped"]
pub struct OwnedWriteGuard<T: ?Sized>(pub(crate) Exclusive<Arc<RwLock<T>>>);

impl<'a, T: ?Sized> WriteGuard<'a, T> {
    /// Makes a reader of the writer, without anybody writing in between; readers that wait may join.
    ///
    /// ```
    /// # use evloop_sync::{RwLock, WriteGuard};
    /// # futures_lite::future::block_on(async {
    /// let lock = RwLock::new(1);
    /// let mut writer = lock.write().await;
    /// *writer += 1;
    /// let reader = WriteGuard::downgrade(writer);
    /// assert_eq!((*reader, *lock.read().await), (2, 2));
    /// # });
    /// ```
    pub fn downgrade(guard: Self) -> ReadGuard<'a, T> {
        ReadGuard(guard.0.downgrade())
    }
}

impl<T: ?Sized> OwnedWriteGuard<T> {
    /// As [`WriteGuard::downgrade`].
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use evloop_sync::{OwnedWriteGuard, RwLock};
    /// let lock = Arc::new(RwLock::new(1));
    /// let reader = OwnedWriteGuard::downgrade(lock.try_write_owned().unwrap());
    /// assert!(lock.try_read().is_some());
    /// # drop(reader);
    /// ```
    pub fn downgrade(guard: Self) -> OwnedReadGuard<T> {
        OwnedReadGuard(guard.0.downgrade())
    }
}

/// What all guards can do.
macro_rules! guard {
    ($name:ident[$($a:lifetime)?]) => {
        impl<T: ?Sized> Deref for $name<$($a,)? T> {
            type Target = T;

            fn deref(&self) -> &T {
                &self.0
            }
        }

        impl<T: ?Sized + fmt::Debug> fmt::Debug for $name<$($a,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<T: ?Sized + fmt::Display> fmt::Display for $name<$($a,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }
    };
}

guard!(ReadGuard['_]);
guard!(OwnedReadGuard[]);
guard!(WriteGuard['_]);
guard!(OwnedWriteGuard[]);

impl<T: ?Sized> DerefMut for WriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: ?Sized> DerefMut for OwnedWriteGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
