//! A fair counting semaphore.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::passage::{Gate, Passage, Permits};
use crate::permit::{OwnedPermit, Permit};
use crate::sync::{AtomicU64, Ordering, constructor};
use crate::turnstile::Turnstile;

/// A number of permits, for as many at a time: asyncio's `Semaphore`.
///
/// Strictly first come, first served: a newcomer queues behind those who wait, also if what it wants is
/// free and what they want is not. A permit that is dropped goes to the first; a waiter that is dropped
/// after it was given permits passes them on.
///
/// Permits can only be given back by who has them, so a semaphore on which
/// [`release`](Semaphore::release) is never called is asyncio's `BoundedSemaphore`: releasing more than
/// was acquired cannot be written.
///
/// # Examples
///
/// ```
/// use evloop_sync::Semaphore;
/// # futures_lite::future::block_on(async {
/// let connections = Semaphore::new(2);
/// let a = connections.acquire().await;
/// let b = connections.acquire().await;
/// assert!(connections.locked());
/// drop(a);
/// assert_eq!(connections.available_permits(), 1);
/// # drop(b);
/// # });
/// ```
///
/// # Cost
///
/// Taking and giving back without waiting is one atomic operation each. Waiting takes O(1), a short lock
/// of a std mutex, and no allocation once the queue has had its size.
#[doc(alias("BoundedSemaphore", "asyncio.Semaphore"))]
pub struct Semaphore {
    turnstile: Turnstile,
    /// All permits, free or held: no more than fit into the turnstile.
    n_permits: AtomicU64,
}

impl Semaphore {
    /// The most permits that there can be.
    pub const MAX_PERMITS: u32 = u32::MAX;

    constructor! {
        /// Makes one with this many permits; also in a `static`. With 0, all wait until some are released.
        ///
        /// ```
        /// use evloop_sync::Semaphore;
        ///
        /// static CONNECTIONS: Semaphore = Semaphore::new(100);
        /// assert_eq!(CONNECTIONS.available_permits(), 100);
        /// ```
        #[must_use]
        pub fn new(n_permits: u32) -> Self {
            Self {
                turnstile: Turnstile::new(n_permits),
                n_permits: AtomicU64::new(n_permits as u64),
            }
        }
    }

    /// Waits for a permit.
    ///
    /// ```
    /// # use evloop_sync::Semaphore;
    /// # futures_lite::future::block_on(async {
    /// let semaphore = Semaphore::new(1);
    /// let permit = semaphore.acquire().await;
    /// assert!(semaphore.try_acquire().is_none());
    /// # drop(permit);
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it loses its place in the queue and nothing else: a permit that it had
    /// been given goes to the next.
    pub fn acquire(&self) -> AcquirePermit<'_> {
        self.acquire_many(1)
    }

    /// Waits for several permits, which come together; 0 are had at once.
    ///
    /// If there are not so many, it waits until they are [released](Semaphore::release), and all others
    /// wait behind it.
    ///
    /// ```
    /// # use evloop_sync::Semaphore;
    /// # futures_lite::future::block_on(async {
    /// let semaphore = Semaphore::new(3);
    /// let permits = semaphore.acquire_many(2).await;
    /// assert_eq!((permits.n_permits(), semaphore.available_permits()), (2, 1));
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// As of [`Semaphore::acquire`]. Those behind it that want less go on if they can.
    pub fn acquire_many(&self, n_permits: u32) -> AcquirePermit<'_> {
        AcquirePermit(Passage::new(self, n_permits))
    }

    /// As [`Semaphore::acquire`]; the permit keeps the semaphore alive and borrows nothing.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use evloop_sync::Semaphore;
    /// # futures_lite::future::block_on(async {
    /// let semaphore = Arc::new(Semaphore::new(1));
    /// let permit = semaphore.acquire_owned().await;
    /// std::thread::spawn(move || drop(permit)).join().unwrap();
    /// assert_eq!(semaphore.available_permits(), 1);
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// As of [`Semaphore::acquire`].
    pub fn acquire_owned(self: &Arc<Self>) -> AcquirePermitOwned {
        self.acquire_many_owned(1)
    }

    /// As [`Semaphore::acquire_many`]; the permits keep the semaphore alive and borrow nothing.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use evloop_sync::Semaphore;
    /// # futures_lite::future::block_on(async {
    /// let semaphore = Arc::new(Semaphore::new(3));
    /// let permits = semaphore.acquire_many_owned(3).await;
    /// assert!(semaphore.locked());
    /// # drop(permits);
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// As of [`Semaphore::acquire_many`].
    pub fn acquire_many_owned(self: &Arc<Self>, n_permits: u32) -> AcquirePermitOwned {
        AcquirePermitOwned(Passage::new(Arc::clone(self), n_permits))
    }

    /// Takes a permit if one is free and nobody waits.
    ///
    /// ```
    /// # use evloop_sync::Semaphore;
    /// assert!(Semaphore::new(0).try_acquire().is_none());
    /// ```
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.try_acquire_many(1)
    }

    /// Takes several permits if they are free and nobody waits.
    ///
    /// ```
    /// # use evloop_sync::Semaphore;
    /// let semaphore = Semaphore::new(3);
    /// assert!(semaphore.try_acquire_many(4).is_none());
    /// assert!(semaphore.try_acquire_many(3).is_some());
    /// ```
    pub fn try_acquire_many(&self, n_permits: u32) -> Option<Permit<'_>> {
        Some(Permit(Permits::try_take(self, n_permits)?))
    }

    /// As [`Semaphore::try_acquire`]; the permit keeps the semaphore alive and borrows nothing.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use evloop_sync::Semaphore;
    /// assert!(Arc::new(Semaphore::new(1)).try_acquire_owned().is_some());
    /// ```
    pub fn try_acquire_owned(self: &Arc<Self>) -> Option<OwnedPermit> {
        self.try_acquire_many_owned(1)
    }

    /// As [`Semaphore::try_acquire_many`]; the permits keep the semaphore alive and borrow nothing.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use evloop_sync::Semaphore;
    /// assert!(Arc::new(Semaphore::new(1)).try_acquire_many_owned(2).is_none());
    /// ```
    pub fn try_acquire_many_owned(self: &Arc<Self>, n_permits: u32) -> Option<OwnedPermit> {
        Some(OwnedPermit(Permits::try_take(Arc::clone(self), n_permits)?))
    }

    /// Adds permits that nobody has acquired: there may be more afterwards than at the beginning.
    ///
    /// Giving back what was acquired is dropping the permit.
    ///
    /// ```
    /// # use evloop_sync::Semaphore;
    /// let semaphore = Semaphore::new(0);
    /// semaphore.release(2).unwrap();
    /// assert_eq!(semaphore.available_permits(), 2);
    /// assert!(semaphore.release(u32::MAX).is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// When there were more than [`Semaphore::MAX_PERMITS`], free and held together; none is added then.
    #[doc(alias = "add_permits")]
    pub fn release(&self, n_permits: u32) -> Result<(), TooManyPermits> {
        let add = |all: u64| {
            let all = all + u64::from(n_permits);
            (all <= u64::from(Self::MAX_PERMITS)).then_some(all)
        };
        // Relaxed: it is only a count. What is done before is ordered by the turnstile.
        self.n_permits
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add)
            .map_err(|_| TooManyPermits(()))?;
        self.turnstile.give(n_permits);
        Ok(())
    }

    /// The permits that are free. Those who wait have a right to them, in their order.
    ///
    /// ```
    /// # use evloop_sync::Semaphore;
    /// assert_eq!(Semaphore::new(3).available_permits(), 3);
    /// ```
    #[must_use]
    pub fn available_permits(&self) -> u32 {
        self.turnstile.n_free()
    }

    /// True if a permit cannot be had at once: none is free, or others go first.
    ///
    /// ```
    /// # use evloop_sync::Semaphore;
    /// assert!(Semaphore::new(0).locked());
    /// ```
    #[must_use]
    pub fn locked(&self) -> bool {
        self.turnstile.is_closed()
    }

    /// Permits were forgotten.
    pub(crate) fn lose(&self, n_permits: u32) {
        self.n_permits
            .fetch_sub(u64::from(n_permits), Ordering::Relaxed);
    }
}

impl Gate for Semaphore {
    fn turnstile(&self) -> &Turnstile {
        &self.turnstile
    }
}

/// As asyncio's `repr`: `<Semaphore [unlocked, value:3]>` or `<Semaphore [locked, waiters:1]>`.
impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_waiting = self.turnstile.n_waiting();
        if self.locked() {
            return crate::repr::write(f, "Semaphore", format_args!("locked"), n_waiting);
        }
        let n_free = self.available_permits();
        crate::repr::write(
            f,
            "Semaphore",
            format_args!("unlocked, value:{n_free}"),
            n_waiting,
        )
    }
}

/// The future of [`Semaphore::acquire`] and [`Semaphore::acquire_many`].
#[must_use = "a future does nothing until it is awaited"]
#[derive(Debug)]
pub struct AcquirePermit<'a>(Passage<&'a Semaphore>);

impl<'a> Future for AcquirePermit<'a> {
    type Output = Permit<'a>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Permit<'a>> {
        self.get_mut().0.poll(cx).map(Permit)
    }
}

/// The future of [`Semaphore::acquire_owned`] and [`Semaphore::acquire_many_owned`].
#[must_use = "a future does nothing until it is awaited"]
#[derive(Debug)]
pub struct AcquirePermitOwned(Passage<Arc<Semaphore>>);

impl Future for AcquirePermitOwned {
    type Output = OwnedPermit;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<OwnedPermit> {
        self.get_mut().0.poll(cx).map(OwnedPermit)
    }
}

/// More permits than a semaphore can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TooManyPermits(());

impl fmt::Display for TooManyPermits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = Semaphore::MAX_PERMITS;
        write!(
            f,
            "failed to release permits: there would be more than {most}"
        )
    }
}

impl std::error::Error for TooManyPermits {}
