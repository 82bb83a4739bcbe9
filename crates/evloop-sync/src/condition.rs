//! Waiting, with a lock in hand, until somebody says that what it protects has changed.
//!
//! Who is notified needs the lock before it can go on, and who notifies has it. So a notification moves
//! the waiter, with its waker, from the list of the condition into the queue of the lock, and nobody is
//! woken until the lock is handed to it: each wait is polled twice, however many are notified at once.
//!
//! Locks are taken in one order: first the list here, then that of the lock's turnstile.

mod wait;
mod wait_for;

use std::fmt;
use std::task::Waker;

use crate::lock::Lock;
use crate::lock_guard::AnyLockGuard;
use crate::passage::Gate;
use crate::sync::{Mutex, MutexGuard, constructor, lock};
use crate::wait_list::{Key, WaitList};
use crate::wakers::Wakers;

pub use wait::ConditionWait;
pub use wait_for::ConditionWaitFor;

/// Waiting until what a lock protects has changed: asyncio's `Condition`.
///
/// It has no lock of its own: it is used with guards of one, so any number of conditions can share a
/// lock, as with asyncio's `Condition(lock)`, and whoever notifies has the lock, for the guard says so.
/// Guards that borrow the lock and guards that keep it alive may be mixed.
///
/// A wait ends with the lock in hand, after a notification. What was waited for may be over again by
/// then, for others may have had the lock in between: [`wait_for`](Condition::wait_for) looks again, and
/// is what most programs want. A waiter that is dropped after it was notified passes that on to the
/// next, so no notification is lost on it; and for that reason a wait may end though the reason of the
/// notification is gone.
///
/// A wait that is leaked stays in the list: a notification may be its, and with it the lock.
///
/// # Examples
///
/// ```
/// use evloop_sync::{Condition, Lock};
/// use futures_lite::future::{block_on, zip};
///
/// let (items, changed) = (Lock::new(Vec::new()), Condition::new());
/// let consumer = async {
///     let items = items.acquire().await;
///     let mut items = changed.wait_for(items, |items| !items.is_empty()).await;
///     items.pop()
/// };
/// let producer = async {
///     let mut items = items.acquire().await;
///     items.push("a");
///     changed.notify(1, &items);
/// };
/// assert_eq!(block_on(zip(consumer, producer)).0, Some("a"));
/// ```
///
/// # Panics
///
/// [`wait`](Condition::wait), [`wait_for`](Condition::wait_for) and both forms of `notify` panic when
/// they are called with a guard of another lock than that of those who wait.
///
/// # Cost
///
/// Waiting, and each notification, take O(1), short locks of std mutexes, and no allocation once the
/// lists have had their size.
#[doc(alias("Condvar", "asyncio.Condition"))]
pub struct Condition {
    waiters: Mutex<Waiters>,
}

struct Waiters {
    list: WaitList<Waiter>,
    /// The address of the lock that all who are in the list want back; the lock is borrowed, or kept
    /// alive, as long as they are.
    lock: usize,
}

enum Waiter {
    /// Waits for a notification.
    Queued(Waker),
    /// Was notified, and stands in the queue of the lock.
    Notified(Key),
}

impl Condition {
    constructor! {
        /// Makes one; also in a `static`.
        ///
        /// ```
        /// use evloop_sync::Condition;
        ///
        /// static CHANGED: Condition = Condition::new();
        /// assert_eq!(format!("{CHANGED:?}"), "<Condition [waiters:0]>");
        /// ```
        #[must_use]
        pub fn new() -> Self {
            Self {
                waiters: Mutex::new(Waiters { list: WaitList::new(), lock: 0 }),
            }
        }
    }

    /// Unlocks, waits for a notification, and locks again.
    ///
    /// The lock is given up and the place in the list taken in one step, at the first poll.
    ///
    /// ```
    /// use evloop_sync::{Condition, Lock};
    /// use futures_lite::future::{block_on, poll_once};
    ///
    /// let (lock, changed) = (Lock::new(0), Condition::new());
    /// let mut waits = changed.wait(lock.try_acquire().unwrap());
    /// assert!(block_on(poll_once(&mut waits)).is_none());
    ///
    /// let mut value = lock.try_acquire().expect("who waits has given it up");
    /// *value = 1;
    /// changed.notify(1, &value);
    /// drop(value);
    /// assert_eq!(*block_on(waits), 1);
    /// ```
    ///
    /// With a guard that keeps the lock alive, it gives one back that does:
    ///
    /// ```
    /// use std::sync::Arc;
    /// use evloop_sync::{Condition, Lock, OwnedLockGuard};
    /// use futures_lite::future::block_on;
    ///
    /// let (lock, changed) = (Arc::new(Lock::new(0)), Condition::new());
    /// let guard = lock.try_acquire_owned().unwrap();
    /// let guard: OwnedLockGuard<i32> = block_on(changed.wait_for(guard, |value| *value == 0));
    /// changed.notify_all(&guard);
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it leaves the list, or the queue of the lock, and a notification that it
    /// had is passed on to the next. It does not lock again, as asyncio does: the guard was given away
    /// with the call, so no code that follows can believe that it has it.
    ///
    /// # Panics
    ///
    /// See [`Condition`].
    pub fn wait<G: AnyLockGuard>(&self, guard: G) -> ConditionWait<'_, G> {
        ConditionWait::new(self, guard)
    }

    /// Waits until the predicate is true; with the lock in hand it is, at the end.
    ///
    /// The predicate is asked at once, and then after each notification.
    ///
    /// ```
    /// use evloop_sync::{Condition, Lock};
    /// use futures_lite::future::block_on;
    ///
    /// let (lock, changed) = (Lock::new(3), Condition::new());
    /// let guard = lock.try_acquire().unwrap();
    /// assert_eq!(*block_on(changed.wait_for(guard, |value| *value > 2)), 3);
    /// ```
    ///
    /// # Cancel safety
    ///
    /// As of [`Condition::wait`].
    ///
    /// # Panics
    ///
    /// See [`Condition`]. A panic of the predicate reaches the caller, and unlocks.
    #[doc(alias("wait_while", "wait_until"))]
    pub fn wait_for<G, P>(&self, guard: G, predicate: P) -> ConditionWaitFor<'_, G, P>
    where
        G: AnyLockGuard,
        P: FnMut(&mut G::Target) -> bool,
    {
        ConditionWaitFor::new(self, guard, predicate)
    }

    /// Notifies the first `n_waiters`, or as many as there are.
    ///
    /// They go on one after the other, in this order, once the guard is dropped.
    ///
    /// ```
    /// # use evloop_sync::{Condition, Lock};
    /// let (lock, changed) = (Lock::new(0), Condition::new());
    /// changed.notify(1, &lock.try_acquire().unwrap()); // Nobody hears it.
    /// ```
    ///
    /// # Panics
    ///
    /// See [`Condition`].
    #[doc(alias = "notify_one")]
    pub fn notify<G: AnyLockGuard>(&self, n_waiters: usize, guard: &G) {
        let lock: &Lock<_> = guard.of();
        let mut wakers = Wakers::new();
        {
            let mut waiters = self.waiters_of(lock);
            for _ in 0..n_waiters {
                if !waiters.notify_first(lock, &mut wakers) {
                    break;
                }
            }
        }
        wakers.wake();
    }

    /// Notifies all who wait.
    ///
    /// ```
    /// # use evloop_sync::{Condition, Lock};
    /// let (lock, changed) = (Lock::new(0), Condition::new());
    /// changed.notify_all(&lock.try_acquire().unwrap());
    /// ```
    ///
    /// # Panics
    ///
    /// See [`Condition`].
    pub fn notify_all<G: AnyLockGuard>(&self, guard: &G) {
        self.notify(usize::MAX, guard);
    }

    /// Those who wait, with this lock.
    fn waiters_of<T: ?Sized>(&self, of: &Lock<T>) -> MutexGuard<'_, Waiters> {
        let mut waiters = lock(&self.waiters);
        if waiters.list.is_unused() {
            waiters.lock = address(of);
        }
        if waiters.lock != address(of) {
            drop(waiters);
            panic!(
                "a condition is used with one lock as long as somebody waits, and this is another"
            );
        }
        waiters
    }
}

impl Waiters {
    /// Moves the first who waits for the lock into its queue; false if there is none.
    fn notify_first<T: ?Sized>(&mut self, of: &Lock<T>, wakers: &mut Wakers) -> bool {
        // Who passes a notification on may have left the list long ago, and others may use it with
        // another lock. In the queue of that one they would take what was granted to strangers.
        if self.lock != address(of) {
            return false;
        }
        let Some(waiter) = self.list.detach_front() else {
            return false;
        };
        // Any key will do for the moment: nobody sees it.
        if let Waiter::Queued(waker) = std::mem::replace(waiter, Waiter::Notified(Key::NONE)) {
            let (place, granted) = of.turnstile().queue_up(1, waker);
            *waiter = Waiter::Notified(place);
            if let Some(waker) = granted {
                wakers.push(waker);
            }
        }
        true
    }
}

fn address<T: ?Sized>(of: &Lock<T>) -> usize {
    std::ptr::from_ref(of.turnstile()).addr()
}

impl Default for Condition {
    fn default() -> Self {
        Self::new()
    }
}

/// Close to asyncio's `repr`, which shows the state of the lock too: `<Condition [waiters:2]>`.
impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_waiting = lock(&self.waiters).list.n_queued();
        write!(f, "<Condition [waiters:{n_waiting}]>")
    }
}
