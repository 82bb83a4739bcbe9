//! Permits of a semaphore.

use std::fmt;
use std::sync::Arc;

use crate::passage::Permits;
use crate::semaphore::Semaphore;

/// Permits of a semaphore, given back when this is dropped.
#[must_use = "the permits are given back when this is dropped"]
pub struct Permit<'a>(pub(crate) Permits<&'a Semaphore>);

impl Permit<'_> {
    /// How many they are.
    ///
    /// ```
    /// # use evloop_sync::Semaphore;
    /// let semaphore = Semaphore::new(3);
    /// assert_eq!(semaphore.try_acquire_many(2).unwrap().n_permits(), 2);
    /// ```
    #[must_use]
    pub fn n_permits(&self) -> u32 {
        self.0.n_permits()
    }

    /// Takes them out of the semaphore for good: they are not given back.
    ///
    /// ```
    /// # use evloop_sync::Semaphore;
    /// let semaphore = Semaphore::new(3);
    /// semaphore.try_acquire().unwrap().forget();
    /// assert_eq!(semaphore.available_permits(), 2);
    /// ```
    pub fn forget(self) {
        self.0.gate().lose(self.0.n_permits());
        self.0.forget();
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Permit").field(&self.n_permits()).finish()
    }
}

/// As [`Permit`], and keeps the semaphore alive.
#[must_use = "the permits are given back when this is dropped"]
pub struct OwnedPermit(pub(crate) Permits<Arc<Semaphore>>);

impl OwnedPermit {
    /// How many they are.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use evloop_sync::Semaphore;
    /// let semaphore = Arc::new(Semaphore::new(3));
    /// assert_eq!(semaphore.try_acquire_owned().unwrap().n_permits(), 1);
    /// ```
    #[must_use]
    pub fn n_permits(&self) -> u32 {
        self.0.n_permits()
    }

    /// As [`Permit::forget`].
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use evloop_sync::Semaphore;
    /// let semaphore = Arc::new(Semaphore::new(3));
    /// semaphore.try_acquire_owned().unwrap().forget();
    /// assert_eq!(semaphore.available_permits(), 2);
    /// ```
    pub fn forget(self) {
        self.0.gate().lose(self.0.n_permits());
        self.0.forget();
    }
}

impl fmt::Debug for OwnedPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedPermit")
            .field(&self.n_permits())
            .finish()
    }
}
