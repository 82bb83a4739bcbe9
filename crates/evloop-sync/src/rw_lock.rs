//! A fair lock for many readers or one writer.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::guarded::{Exclusive, Guarded, ManyReaders, Shared, Sharing};
use crate::passage::{Gate, Passage, Permits};
use crate::rw_lock_guards::{OwnedReadGuard, OwnedWriteGuard, ReadGuard, WriteGuard};
use crate::sync::constructor;

/// All that there are: a writer takes as many, a reader one.
const ALL: u32 = ManyReaders::ALL;

/// A value that many read, or one changes. asyncio has none.
///
/// Strictly first come, first served: a reader that comes when a writer waits waits behind it, so
/// writers are not starved by readers, nor readers by writers. It follows that **who reads must not ask
/// to read again**: a writer may have come in between, and both wait for ever.
///
/// A waiter that is dropped after its turn had come passes it on. There is no poisoning.
///
/// # Examples
///
/// ```
/// use evloop_sync::RwLock;
/// # futures_lite::future::block_on(async {
/// let routes = RwLock::new(vec!["/"]);
/// {
///     let (a, b) = (routes.read().await, routes.read().await);
///     assert_eq!(a.len(), b.len());
/// }
/// routes.write().await.push("/about");
/// assert_eq!(routes.read().await.len(), 2);
/// # });
/// ```
///
/// # Cost
///
/// That of [`Lock`](crate::Lock). Readers on several processors all change one word: where that is too
/// slow, the value wants a copy for each.
pub struct RwLock<T: ?Sized> {
    pub(crate) guarded: Guarded<ManyReaders, T>,
}

impl<T> RwLock<T> {
    constructor! {
        /// Makes one that is unlocked; also in a `static`.
        ///
        /// ```
        /// use evloop_sync::RwLock;
        ///
        /// static LIMIT: RwLock<u32> = RwLock::new(8);
        /// assert_eq!(*LIMIT.try_read().unwrap(), 8);
        /// ```
        #[must_use]
        pub fn new(value: T) -> Self {
            Self { guarded: Guarded::new(value) }
        }
    }

    /// Gives the value back.
    ///
    /// ```
    /// # use evloop_sync::RwLock;
    /// assert_eq!(RwLock::new(1).into_inner(), 1);
    /// ```
    #[must_use]
    pub fn into_inner(self) -> T {
        self.guarded.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until those who came before have their turn, and locks for reading.
    ///
    /// ```
    /// # use evloop_sync::RwLock;
    /// # futures_lite::future::block_on(async {
    /// let lock = RwLock::new(1);
    /// let (a, b) = (lock.read().await, lock.read().await);
    /// assert_eq!((*a, *b), (1, 1));
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it loses its place in the queue and nothing else.
    pub fn read(&self) -> AcquireRead<'_, T> {
        AcquireRead(Passage::new(self, 1))
    }

    /// Waits until those who came before have gone, and locks for writing.
    ///
    /// ```
    /// # use evloop_sync::RwLock;
    /// # futures_lite::future::block_on(async {
    /// let lock = RwLock::new(1);
    /// *lock.write().await = 2;
    /// assert_eq!(*lock.read().await, 2);
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it loses its place in the queue and nothing else: readers that waited
    /// behind it go on if they can.
    pub fn write(&self) -> AcquireWrite<'_, T> {
        AcquireWrite(Passage::new(self, ALL))
    }

    /// Locks for reading if nobody writes and nobody waits.
    ///
    /// ```
    /// # use evloop_sync::RwLock;
    /// let lock = RwLock::new(1);
    /// let reader = lock.try_read().unwrap();
    /// assert!(lock.try_read().is_some());
    /// assert!(lock.try_write().is_none());
    /// # drop(reader);
    /// ```
    ///
    /// # Cost
    ///
    /// One atomic operation.
    pub fn try_read(&self) -> Option<ReadGuard<'_, T>> {
        let permit = Permits::try_take(self, 1)?;
        Some(ReadGuard(Shared::new(permit)))
    }

    /// Locks for writing if nobody has it and nobody waits.
    ///
    /// ```
    /// # use evloop_sync::RwLock;
    /// let lock = RwLock::new(1);
    /// *lock.try_write().unwrap() += 1;
    /// assert_eq!(*lock.try_read().unwrap(), 2);
    /// ```
    ///
    /// # Cost
    ///
    /// One atomic operation.
    pub fn try_write(&self) -> Option<WriteGuard<'_, T>> {
        let permits = Permits::try_take(self, ALL)?;
        Some(WriteGuard(Exclusive::new(permits)))
    }

    /// As [`RwLock::read`]; the guard keeps the lock alive and borrows nothing.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use evloop_sync::RwLock;
    /// # futures_lite::future::block_on(async {
    /// let lock = Arc::new(RwLock::new(1));
    /// let guard = lock.read_owned().await;
    /// drop(lock);
    /// assert_eq!(*guard, 1);
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// As of [`RwLock::read`].
    pub fn read_owned(self: &Arc<Self>) -> AcquireReadOwned<T> {
        AcquireReadOwned(Passage::new(Arc::clone(self), 1))
    }

    /// As [`RwLock::write`]; the guard keeps the lock alive and borrows nothing.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use evloop_sync::RwLock;
    /// # futures_lite::future::block_on(async {
    /// let lock = Arc::new(RwLock::new(1));
    /// *lock.write_owned().await += 1;
    /// assert_eq!(*lock.read().await, 2);
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// As of [`RwLock::write`].
    pub fn write_owned(self: &Arc<Self>) -> AcquireWriteOwned<T> {
        AcquireWriteOwned(Passage::new(Arc::clone(self), ALL))
    }

    /// As [`RwLock::try_read`]; the guard keeps the lock alive and borrows nothing.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use evloop_sync::RwLock;
    /// let lock = Arc::new(RwLock::new(1));
    /// assert_eq!(*lock.try_read_owned().unwrap(), 1);
    /// ```
    pub fn try_read_owned(self: &Arc<Self>) -> Option<OwnedReadGuard<T>> {
        let permit = Permits::try_take(Arc::clone(self), 1)?;
        Some(OwnedReadGuard(Shared::new(permit)))
    }

    /// As [`RwLock::try_write`]; the guard keeps the lock alive and borrows nothing.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use evloop_sync::RwLock;
    /// let lock = Arc::new(RwLock::new(1));
    /// let writer = lock.try_write_owned().unwrap();
    /// assert!(lock.try_read_owned().is_none());
    /// # drop(writer);
    /// ```
    pub fn try_write_owned(self: &Arc<Self>) -> Option<OwnedWriteGuard<T>> {
        let permits = Permits::try_take(Arc::clone(self), ALL)?;
        Some(OwnedWriteGuard(Exclusive::new(permits)))
    }

    /// The value, without locking: nobody else can have the lock.
    ///
    /// ```
    /// # use evloop_sync::RwLock;
    /// let mut lock = RwLock::new(1);
    /// *lock.get_mut() = 2;
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.guarded.get_mut()
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// `<RwLock [unlocked]>`, `<RwLock [readers:2, waiters:1]>` or `<RwLock [writing]>`.
impl<T: ?Sized> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_waiting = self.turnstile().n_waiting();
        match self.turnstile().n_free() {
            ALL => crate::repr::write(f, "RwLock", format_args!("unlocked"), n_waiting),
            0 => crate::repr::write(f, "RwLock", format_args!("writing"), n_waiting),
            n_free => {
                let n_readers = ALL - n_free;
                crate::repr::write(f, "RwLock", format_args!("readers:{n_readers}"), n_waiting)
            }
        }
    }
}

/// A future that is ready with a guard made of permits.
macro_rules! acquire {
    ($(#[$doc:meta])* $name:ident[$($a:lifetime, $any:lifetime)?], $gate:ty => $guard:ty, $make:expr) => {
        $(#[$doc])*
        #[must_use = "a future does nothing until it is awaited"]
        pub struct $name<$($a,)? T: ?Sized>(Passage<$gate>);

        impl<$($a,)? T: ?Sized> Future for $name<$($a,)? T> {
            type Output = $guard;

            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<$guard> {
                self.get_mut().0.poll(cx).map($make)
            }
        }

        impl<T: ?Sized> fmt::Debug for $name<$($any,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.0).finish()
            }
        }
    };
}

acquire! {
    /// The future of [`RwLock::read`].
    AcquireRead['a, '_], &'a RwLock<T> => ReadGuard<'a, T>, |permit| ReadGuard(Shared::new(permit))
}

acquire! {
    /// The future of [`RwLock::read_owned`].
    AcquireReadOwned[], Arc<RwLock<T>> => OwnedReadGuard<T>, |permit| OwnedReadGuard(Shared::new(permit))
}

acquire! {
    /// The future of [`RwLock::write`].
    AcquireWrite['a, '_], &'a RwLock<T> => WriteGuard<'a, T>, |permits| WriteGuard(Exclusive::new(permits))
}

acquire! {
    /// The future of [`RwLock::write_owned`].
    AcquireWriteOwned[], Arc<RwLock<T>> => OwnedWriteGuard<T>, |permits| OwnedWriteGuard(Exclusive::new(permits))
}
