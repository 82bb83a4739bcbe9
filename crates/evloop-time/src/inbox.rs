//! What other threads want from a driver.
//!
//! # Protocol
//!
//! - A thread that is not the driver's *posts* an order: it locks the inbox, appends, unlocks, and,
//!   if the inbox was empty before, wakes the owner through its unpark waker.
//! - The driver *collects*: unless the flag `posted` says that there is nothing, it locks, takes
//!   orders, unlocks, and carries them out. It does so in `advance`, for a limited number, so that
//!   others cannot keep a turn from ending, and, for all there are, in `next_deadline`, before it
//!   reads the wheel. The flag is written under the lock and read without it, so a turn to
//!   which nothing was posted takes no lock.
//!
//! # Why an earlier deadline is never slept through
//!
//! Let a driver compute its next deadline and then wait for it, and let another thread post an
//! earlier one. If the driver sees the flag, it takes the lock and sees the order, and the deadline
//! computed takes it into account. If it does not, the inbox was empty when it last collected, so
//! this post or one before it found the inbox empty and wakes the owner after unlocking. The owner's
//! waker must be sticky, as every unpark token and event descriptor is: called before the wait
//! begins, it makes the wait return. So the owner comes around, collects, and computes again. A
//! post to an inbox that is not empty relies on the wake of the one that found it empty, which is
//! under way since that thread released the lock. An owner that sets its waker late finds what was
//! posted before: `set_unpark` wakes it at once if anything is there.
//!
//! `tests/loom.rs` explores this with the code below. It fails without the wake, with the flag
//! raised after the wake, and with the flag lowered while orders are left.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, PoisonError};
use std::task::Waker;

use evloop_timer_wheel::TimerKey;

use crate::clock::Clock;
use crate::epoch::{Epoch, START};
use crate::locked_wheel::LockedWheel;
use crate::remote::RemoteTimer;
use crate::sync::{AtomicBool, AtomicU64, Mutex, MutexGuard, Ordering};

/// The part of a driver that any thread may touch.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) epoch: Epoch,
    pub(crate) clock: Arc<dyn Clock>,
    /// The latest time the driver has seen; never shrinks. Written by the driver's thread only, or,
    /// with a locked wheel, by all.
    latest: AtomicU64,
    /// Set once, under the inbox's lock, so that no order is posted after the last collection; with a
    /// locked wheel, under that lock.
    closed: AtomicBool,
    /// The wheel of a driver for all threads, which never gets orders. `None` if the wheel is
    /// confined to a thread. Apart, as a wheel is large.
    pub(crate) locked: Option<Box<LockedWheel>>,
    /// Whether the inbox holds orders; written under its lock.
    posted: AtomicBool,
    inbox: Mutex<Inbox>,
}

#[derive(Default, Debug)]
struct Inbox {
    /// At most one per timer and operation; the driver empties it every turn.
    orders: VecDeque<Order>,
    /// Shared, so that it is not cloned under the lock.
    unpark: Option<Arc<Waker>>,
}

/// One thing to do on the driver's thread.
#[derive(Debug)]
pub(crate) enum Order {
    /// Take out a timer that the driver's own thread inserted.
    Cancel(TimerKey),
    /// Move such a timer.
    Reset(TimerKey, u64),
    /// Bring the wheel in line with what a remote timer wants.
    Sync(Arc<RemoteTimer>),
}

impl Shared {
    /// The part of a driver whose wheel is confined to its thread.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            epoch: Epoch(clock.now()),
            clock,
            latest: AtomicU64::new(START),
            closed: AtomicBool::new(false),
            locked: None,
            posted: AtomicBool::new(false),
            inbox: Mutex::new(Inbox::default()),
        }
    }

    /// The whole of a driver for all threads.
    pub(crate) fn with_locked_wheel(clock: Arc<dyn Clock>) -> Self {
        Self {
            locked: Some(Box::new(LockedWheel::new())),
            ..Self::new(clock)
        }
    }

    /// The time as any thread may read it.
    pub(crate) fn now(&self) -> u64 {
        let now = self.epoch.now(self.clock.now());
        let latest = self.latest();
        if self.locked.is_none() || now <= latest {
            return now.max(latest);
        }
        // Pairs with the Acquire in `latest`. Threads that read the clock in one moment may get here
        // in any order: none takes the time back.
        self.latest.fetch_max(now, Ordering::Release).max(now)
    }

    /// The time as the thread of a confined wheel reads it, which it makes known to the others.
    #[inline]
    pub(crate) fn now_at_home(&self) -> u64 {
        let now = self.epoch.now(self.clock.now());
        // Relaxed: only this thread writes.
        let latest = self.latest.load(Ordering::Relaxed);
        if now <= latest {
            return latest;
        }
        // Pairs with the Acquire in `latest`. Nothing but the number itself is published.
        self.latest.store(now, Ordering::Release);
        now
    }

    /// The latest time the driver has seen: everything due by then has fired or is about to.
    pub(crate) fn latest(&self) -> u64 {
        // Pairs with the Release in `now_at_home` and `now`.
        self.latest.load(Ordering::Acquire)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Leaves an order for the driver; `false` when the driver is gone.
    pub(crate) fn post(&self, order: Order) -> bool {
        let mut inbox = self.inbox();
        if self.is_closed() {
            drop(inbox);
            // Dropping an order may drop a user's waker, so not under the lock.
            drop(order);
            return false;
        }
        let unpark = match inbox.orders.is_empty() {
            true => inbox.unpark.clone(),
            false => None,
        };
        inbox.orders.push_back(order);
        // Pairs with the Acquire in `has_orders`: `collect` then finds the order under the lock.
        self.posted.store(true, Ordering::Release);
        drop(inbox);
        if let Some(unpark) = unpark {
            unpark.wake_by_ref();
        }
        true
    }

    /// Whether there is anything to collect.
    #[inline]
    pub(crate) fn has_orders(&self) -> bool {
        // Pairs with the Release in `post`. A post that is missed here wakes the owner.
        self.posted.load(Ordering::Acquire)
    }

    /// Takes the orders that were posted first, at most `limit` of them.
    ///
    /// What is left keeps the flag raised, and an owner that sees it does not wait.
    pub(crate) fn collect(&self, taken: &mut Vec<Order>, limit: usize) {
        let mut inbox = self.inbox();
        let n_taken = inbox.orders.len().min(limit);
        taken.extend(inbox.orders.drain(..n_taken));
        self.posted
            .store(!inbox.orders.is_empty(), Ordering::Relaxed);
    }

    /// Names who is woken by orders, and wakes it if there are any. Returns who was named before; `Err`
    /// gives the waker back when the driver is closed.
    pub(crate) fn set_unpark(&self, unpark: Arc<Waker>) -> Result<Option<Arc<Waker>>, Arc<Waker>> {
        let mut inbox = self.inbox();
        if self.is_closed() {
            return Err(unpark);
        }
        let before = inbox.unpark.replace(Arc::clone(&unpark));
        let has_orders = !inbox.orders.is_empty();
        drop(inbox);
        if has_orders {
            unpark.wake_by_ref();
        }
        Ok(before)
    }

    /// Marks a driver with a locked wheel as closed. Called under the wheel's lock.
    pub(crate) fn mark_closed(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// Refuses orders from now on; returns what was left.
    pub(crate) fn close(&self) -> (VecDeque<Order>, Option<Arc<Waker>>) {
        let mut inbox = self.inbox();
        self.closed.store(true, Ordering::SeqCst);
        (mem::take(&mut inbox.orders), inbox.unpark.take())
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        // No user code runs under this lock, so a panic cannot leave it half changed.
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
