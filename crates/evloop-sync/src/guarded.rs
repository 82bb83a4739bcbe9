//! A value behind a turnstile: all permits are the right to change it, one is the right to read it.
//!
//! This is the only module of the crate with unsafe code.
//!
//! # Invariants
//!
//! 1. The turnstile of a [`Guarded`] is made with [`Sharing::ALL`] permits, and none is ever added: who has
//!    [`Permits`] of it has taken them, and gives them back when they are dropped.
//! 2. An [`Exclusive`] has all permits for as long as it lives, so there is no other `Exclusive` and no
//!    [`Shared`] of the same value beside it.
//! 3. A [`Shared`] has at least one permit for as long as it lives, so there is no `Exclusive` beside it.
//! 4. A `Guards` gives the same `Guarded` at each call, wherever the reference or `Arc` to it moves.

#![expect(
    unsafe_code,
    reason = "access to a value that a turnstile guards; the module's docs have the invariants"
)]

use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::lock::Lock;
use crate::passage::{Gate, Permits};
use crate::rw_lock::RwLock;
use crate::sync::constructor;
use crate::turnstile::Turnstile;

/// Who may have the value together: decides how many permits there are, and what threads need.
pub(crate) trait Sharing {
    /// The permits that there are.
    const ALL: u32;
}

/// One at a time.
pub(crate) struct OneAtATime;

impl Sharing for OneAtATime {
    const ALL: u32 = 1;
}

/// Many readers, or one writer.
pub(crate) struct ManyReaders;

impl Sharing for ManyReaders {
    const ALL: u32 = u32::MAX;
}

/// A value and its turnstile.
pub(crate) struct Guarded<S, T: ?Sized> {
    turnstile: Turnstile,
    sharing: PhantomData<S>,
    value: UnsafeCell<T>,
}

// SAFETY: (2) one thread at a time has the value: it is sent from one to the next.
unsafe impl<T: ?Sized + Send> Sync for Guarded<OneAtATime, T> {}

// SAFETY: (2), (3) threads have the value in turn, or references to it at the same time.
unsafe impl<T: ?Sized + Send + Sync> Sync for Guarded<ManyReaders, T> {}

/// What a guard can guard: a lock, and what refers to one.
///
/// # Safety
///
/// 1. `guarded` gives the same value each time, whether the reference or `Arc` it goes through moves or
///    not.
/// 2. The turnstile, as a [`Gate`], is that of the same `Guarded`.
pub(crate) unsafe trait Guards: Gate {
    type Value: ?Sized;
    type Sharing: Sharing;

    fn guarded(&self) -> &Guarded<Self::Sharing, Self::Value>;
}

impl<T: ?Sized> Gate for Lock<T> {
    fn turnstile(&self) -> &Turnstile {
        &self.guarded.turnstile
    }
}

// SAFETY: (1), (2) it is a field of the lock.
unsafe impl<T: ?Sized> Guards for Lock<T> {
    type Value = T;
    type Sharing = OneAtATime;

    fn guarded(&self) -> &Guarded<OneAtATime, T> {
        &self.guarded
    }
}

impl<T: ?Sized> Gate for RwLock<T> {
    fn turnstile(&self) -> &Turnstile {
        &self.guarded.turnstile
    }
}

// SAFETY: (1), (2) it is a field of the lock.
unsafe impl<T: ?Sized> Guards for RwLock<T> {
    type Value = T;
    type Sharing = ManyReaders;

    fn guarded(&self) -> &Guarded<ManyReaders, T> {
        &self.guarded
    }
}

// SAFETY: (1), (2) what is behind a shared reference does not change with the reference.
unsafe impl<G: Guards + ?Sized> Guards for &G {
    type Value = G::Value;
    type Sharing = G::Sharing;

    fn guarded(&self) -> &Guarded<G::Sharing, G::Value> {
        (**self).guarded()
    }
}

// SAFETY: (1), (2) what is in an `Arc` does not move with it.
unsafe impl<G: Guards + ?Sized> Guards for Arc<G> {
    type Value = G::Value;
    type Sharing = G::Sharing;

    fn guarded(&self) -> &Guarded<G::Sharing, G::Value> {
        (**self).guarded()
    }
}

impl<S: Sharing, T> Guarded<S, T> {
    constructor! {
        pub(crate) fn new(value: T) -> Self {
            Self {
                turnstile: Turnstile::new(S::ALL),
                sharing: PhantomData,
                value: UnsafeCell::new(value),
            }
        }
    }

    pub(crate) fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<S, T: ?Sized> Guarded<S, T> {
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

/// The right to change the value.
///
/// The marker makes it `Sync` only if the value is: a reference to it gives references to the value.
pub(crate) struct Exclusive<G: Guards> {
    permits: Permits<G>,
    marker: PhantomData<G::Value>,
}

/// It refers to the value, and does not contain it.
impl<G: Guards> Unpin for Exclusive<G> {}

impl<G: Guards> Exclusive<G> {
    /// # Panics
    ///
    /// Unless these are all permits.
    pub(crate) fn new(permits: Permits<G>) -> Self {
        assert!(
            permits.n_permits() == G::Sharing::ALL,
            "it takes all permits"
        );
        Self {
            permits,
            marker: PhantomData,
        }
    }

    pub(crate) fn gate(&self) -> &G {
        self.permits.gate()
    }

    /// Keeps one permit, and with it the right to read.
    pub(crate) fn downgrade(self) -> Shared<G> {
        let mut permits = self.permits;
        permits.shrink(1);
        Shared::new(permits)
    }
}

impl<G: Guards> Deref for Exclusive<G> {
    type Target = G::Value;

    fn deref(&self) -> &G::Value {
        // SAFETY: (2), (4) nobody else has a reference to the value, except through `self`.
        unsafe { &*self.permits.gate().guarded().value.get() }
    }
}

impl<G: Guards> DerefMut for Exclusive<G> {
    fn deref_mut(&mut self) -> &mut G::Value {
        // SAFETY: (2), (4) nobody else has a reference to the value, and `self` is borrowed exclusively.
        unsafe { &mut *self.permits.gate().guarded().value.get() }
    }
}

/// The right to read the value.
pub(crate) struct Shared<G: Guards> {
    permits: Permits<G>,
}

impl<G: Guards> Shared<G> {
    /// # Panics
    ///
    /// When there is no permit.
    pub(crate) fn new(permits: Permits<G>) -> Self {
        assert!(permits.n_permits() > 0, "it takes a permit");
        Self { permits }
    }
}

impl<G: Guards> Deref for Shared<G> {
    type Target = G::Value;

    fn deref(&self) -> &G::Value {
        // SAFETY: (3), (4) nobody has a mutable reference to the value.
        unsafe { &*self.permits.gate().guarded().value.get() }
    }
}
