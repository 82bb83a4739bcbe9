//! A wheel behind a lock, for a driver that every thread may use.
//!
//! # Protocol
//!
//! - Every operation locks the wheel, changes it, and writes the earliest deadline that is left into
//!   `earliest` before it unlocks. Anybody may read that without the lock.
//! - A thread that is going to wait until the earliest deadline *announces* that: under the lock it
//!   reads the deadline and leaves it, with its own identity, as the sleeper.
//! - Whoever makes the earliest deadline an earlier one than a sleeper knows of takes the
//!   announcement away, still under the lock, and wakes the unpark waker after unlocking. The sleeper
//!   itself does not: while it inserts timers it is awake.
//! - A sleeper that advances time takes its own announcement away, without the lock.
//!
//! # Why an earlier deadline is never slept through
//!
//! Let a thread S announce the deadline D and then wait, and let another thread insert a timer that is
//! due before D, or move one there. The lock orders the two. If the insertion is first, S has found it
//! in the wheel, and D is no later. Otherwise the insertion finds the announcement, unless it was
//! taken away in between, which has three causes:
//!
//! 1. Another insertion did: then that one wakes S. The waker is sticky, as every unpark token and
//!    event descriptor is: called before the wait begins, it makes the wait return. So S comes
//!    around, announces again, and finds both timers in the wheel.
//! 2. S advanced time: then it is not waiting, and announces again before it does. That its exchange
//!    takes no lock loses nothing, as it succeeds only on what S itself has written: an insertion
//!    that still sees the announcement wakes S once for nothing, and one that does not see it was
//!    before the next announcement.
//! 3. Another thread announced a wait for the same wheel. One driver has one unpark waker, so it has
//!    one thread that waits for it at a time; this is a bug of the caller.
//!
//! Threads that only advance time or cancel timers touch no announcement that is not theirs: they
//! make the earliest deadline a later one, for which S wakes too early, finds nothing and waits again.
//! An owner that names its waker late finds what came before: while there is none, announcements stand,
//! and naming one wakes whoever sleeps past the earliest deadline, even the thread that names it.
//!
//! # Why `earliest` may be read without the lock
//!
//! It is a hint. A reader may see the value from before an insertion that is under way, as if it had
//! looked a moment sooner. A thread that does nothing because of such a value and then waits has to
//! announce, which takes the lock.
//!
//! `tests/loom.rs` explores this with the code below. It fails without the wake, also that of a waker
//! named late, with an announcement outside of the lock, with an earliest deadline that is not written
//! when a timer is moved, and if any thread that advances takes away whatever announcement it finds.

#[cfg(all(test, not(loom)))]
mod tests;

use std::sync::{Arc, PoisonError, TryLockError};
use std::task::Waker;

use evloop_timer_wheel::{TimerKey, TimerWheel};

use crate::epoch::{NEVER, START};
use crate::sync::{AtomicU64, AtomicUsize, Mutex, MutexGuard, Ordering, this_thread};

/// The timers of a [`SharedTimeDriver`](crate::SharedTimeDriver).
#[derive(Debug)]
pub(crate) struct LockedWheel {
    /// No timer is due before this tick. Written under the lock.
    earliest: AtomicU64,
    /// The thread that has announced a wait, zero if there is none. Set under the lock, cleared
    /// there by anybody and without it by that thread.
    sleeper: AtomicUsize,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// `None` once the driver is closed.
    wheel: Option<TimerWheel<Waker>>,
    /// The earliest deadline that the sleeper knows of. Zero, than which nothing is earlier, once an
    /// insertion has found that nobody sleeps.
    sleeping_until: u64,
    /// Shared, so that it is not cloned under the lock.
    unpark: Option<Arc<Waker>>,
}

/// What a wheel that is closed has left behind.
pub(crate) struct Remains {
    /// In order of their deadlines.
    pub(crate) wakers: Vec<Waker>,
    pub(crate) unpark: Option<Arc<Waker>>,
}

impl LockedWheel {
    pub(crate) fn new() -> Self {
        Self {
            earliest: AtomicU64::new(NEVER),
            sleeper: AtomicUsize::new(0),
            inner: Mutex::new(Inner {
                wheel: Some(TimerWheel::new(START)),
                sleeping_until: 0,
                unpark: None,
            }),
        }
    }

    /// A tick no later than the earliest deadline; [`NEVER`] when nothing will be due.
    #[inline]
    pub(crate) fn earliest(&self) -> u64 {
        // Relaxed: nothing but the number itself is published, and who has heard of a timer some other
        // way has heard of this as well.
        self.earliest.load(Ordering::Relaxed)
    }

    /// Inserts a timer; `Err` gives the waker back when the driver is closed.
    pub(crate) fn insert(&self, tick: u64, waker: Waker) -> Result<TimerKey, Waker> {
        let mut inner = self.lock();
        let Some(wheel) = &mut inner.wheel else {
            drop(inner);
            return Err(waker);
        };
        let key = wheel.insert(tick, waker);
        self.finish(inner);
        Ok(key)
    }

    /// Changes the wheel; `None` when the driver is closed.
    ///
    /// No user code may run in `f`: wakers are cloned before and dropped after.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut TimerWheel<Waker>) -> R) -> Option<R> {
        let mut inner = self.lock();
        let result = f(inner.wheel.as_mut()?);
        self.finish(inner);
        Some(result)
    }

    /// Moves the wakers of what is due at `now` to the end of `woken`; `false` if it gave up.
    pub(crate) fn advance(&self, now: u64, woken: &mut Vec<Waker>, patience: Patience) -> bool {
        let inner = match patience {
            Patience::Wait => Some(self.lock()),
            Patience::GiveUp => self.try_lock(),
        };
        let Some(mut inner) = inner else {
            return false;
        };
        if let Some(wheel) = &mut inner.wheel {
            woken.extend(wheel.advance(now).map(|timer| timer.value));
        }
        self.finish(inner);
        true
    }

    /// Announces that this thread is going to wait until the earliest deadline, and returns that.
    pub(crate) fn announce_wait(&self) -> u64 {
        let mut inner = self.lock();
        inner.sleeping_until = self.earliest();
        // Relaxed: whoever acts on it holds the lock, or has written it itself.
        self.sleeper.store(this_thread(), Ordering::Relaxed);
        inner.sleeping_until
    }

    /// Takes this thread's announcement away, if it stands.
    pub(crate) fn end_wait(&self) {
        let this = this_thread();
        // Relaxed: both only ever succeed on what this thread has written.
        if self.sleeper.load(Ordering::Relaxed) == this {
            // An exchange: another thread may have announced a wait since.
            let _ = self
                .sleeper
                .compare_exchange(this, 0, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Names who is woken by earlier deadlines, and wakes it if there is one already. Returns who was
    /// named before; `Err` gives the waker back when the driver is closed.
    pub(crate) fn set_unpark(&self, unpark: Arc<Waker>) -> Result<Option<Arc<Waker>>, Arc<Waker>> {
        let mut inner = self.lock();
        if inner.wheel.is_none() {
            drop(inner);
            return Err(unpark);
        }
        let before = inner.unpark.replace(Arc::clone(&unpark));
        // Whoever sleeps is woken, be it this thread: what others have set since it announced its wait,
        // when they found no waker, it does not know of.
        let sleeps_too_long =
            self.earliest() < inner.sleeping_until && self.take_sleeper(&mut inner);
        drop(inner);
        if sleeps_too_long {
            unpark.wake_by_ref();
        }
        Ok(before)
    }

    /// Refuses timers from now on; `None` if it did before. Calls `mark`, under the lock, to tell
    /// others.
    pub(crate) fn close(&self, mark: impl FnOnce()) -> Option<Remains> {
        let mut inner = self.lock();
        let mut wheel = inner.wheel.take()?;
        mark();
        let unpark = inner.unpark.take();
        self.finish(inner);
        let wakers = wheel.advance(NEVER).map(|timer| timer.value).collect();
        Some(Remains { wakers, unpark })
    }

    /// The number of timers, if the lock is free.
    pub(crate) fn try_len(&self) -> Option<usize> {
        let inner = self.try_lock()?;
        Some(inner.wheel.as_ref().map_or(0, TimerWheel::len))
    }

    /// Makes known what the wheel has become, unlocks, and wakes the sleeper if it sleeps too long.
    #[inline]
    fn finish(&self, mut inner: MutexGuard<'_, Inner>) {
        let next = inner.wheel.as_ref().and_then(TimerWheel::next_deadline);
        let next = next.unwrap_or(NEVER);
        self.note_earliest(next);
        let unpark = match next < inner.sleeping_until {
            true => self.find_sleeper(&mut inner, next),
            false => None,
        };
        drop(inner);
        if let Some(unpark) = unpark {
            unpark.wake_by_ref();
        }
    }

    #[inline]
    fn note_earliest(&self, tick: u64) {
        // Relaxed: it is written under the lock only, which is held.
        if self.earliest.load(Ordering::Relaxed) != tick {
            self.earliest.store(tick, Ordering::Relaxed);
        }
    }

    /// Who is to be woken because the earliest deadline has become `next`.
    #[cold]
    fn find_sleeper(&self, inner: &mut Inner, next: u64) -> Option<Arc<Waker>> {
        // Relaxed: it was set under the lock, which is held.
        let sleeper = self.sleeper.load(Ordering::Relaxed);
        if sleeper == 0 {
            inner.sleeping_until = 0;
            return None;
        }
        if sleeper == this_thread() {
            // It knows now.
            inner.sleeping_until = next;
            return None;
        }
        // Without a waker the announcement stands, for the one that is named later.
        let unpark = inner.unpark.clone()?;
        // A sleeper that has ended its wait meanwhile is woken for nothing.
        self.take_sleeper(inner);
        Some(unpark)
    }

    /// Takes the announcement away; `false` if there is none.
    fn take_sleeper(&self, inner: &mut Inner) -> bool {
        inner.sleeping_until = 0;
        // Relaxed: it was set under the lock, which is held.
        self.sleeper.swap(0, Ordering::Relaxed) != 0
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No user code runs under this lock, so a panic cannot leave it half changed.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_lock(&self) -> Option<MutexGuard<'_, Inner>> {
        match self.inner.try_lock() {
            Ok(inner) => Some(inner),
            Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// What to do about a lock that another thread holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Patience {
    Wait,
    GiveUp,
}
