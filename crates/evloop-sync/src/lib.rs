//! asyncio's locks, events, conditions, semaphores, barriers and queues: fair, thread-safe, on any async
//! runtime.
//!
//! # The nouns
//!
//! - [`Lock`] and [`RwLock`] hold a value; who waits for it gets a guard.
//! - [`Semaphore`] gives out permits.
//! - [`Event`] is a flag that many wait for.
//! - [`Condition`] waits, with the guard of a lock, until another holder says that something has changed.
//! - [`Barrier`] is where a number of tasks meet.
//! - [`Queue`], [`LifoQueue`] and [`PriorityQueue`] take items from tasks to tasks.
//!
//! They need no runtime: each future keeps the waker it is polled with. All are `Send` and `Sync`,
//! belong to no loop, can be statics, and allocate nothing per wait once their queues have had their
//! size.
//!
//! # Example
//!
//! ```
//! use evloop_sync::{Event, Lock, Semaphore};
//! use futures_lite::future::{block_on, zip};
//!
//! static STARTED: Event = Event::new();
//! static SLOTS: Semaphore = Semaphore::new(1);
//! static LOG: Lock<Vec<&str>> = Lock::new(Vec::new());
//!
//! let worker = async {
//!     STARTED.wait().await;
//!     let _slot = SLOTS.acquire().await;
//!     LOG.acquire().await.push("worked");
//! };
//! let starter = async {
//!     LOG.acquire().await.push("starts");
//!     STARTED.set();
//! };
//! block_on(zip(worker, starter));
//! assert_eq!(*block_on(LOG.acquire()), ["starts", "worked"]);
//! ```
//!
//! # Fairness, and what a waiter owes
//!
//! Who waits is served first come, first served, also by other threads, and nobody overtakes. A permit,
//! a lock or a notification is *given* to the first waiter, not put up for a race. A waiter that is
//! dropped, by a timeout or a cancelled task, after it was given something passes it on: nothing is lost
//! on it.
//!
//! So a waiter that was given something and is not polled any more, but not dropped either, keeps it; as
//! does a guard that is leaked. Do not keep the future of an `acquire` in a place where it may lie
//! unpolled, behind a branch of a `select!` that is done with, for example.
//!
//! # Relation to asyncio
//!
//! The names and meanings are those of asyncio. It has no [`RwLock`], and what `BoundedSemaphore`
//! forbids cannot be written here. A lock is *handed over*: between the release and the turn of the next
//! waiter it stays locked, where asyncio's shows itself unlocked. asyncio's are bound to a loop and to
//! its thread.
//!
//! # What this crate does not do
//!
//! Nothing blocks a thread: for that, use `std::sync`, which is also
//! the better lock where no guard lives across an `await`. No lock knows its owner: one that is acquired
//! twice by the same task waits for ever. There are no limits of time in here: put `timeout` of a
//! runtime around what waits.

mod barrier;
mod condition;
mod event;
mod guarded;
mod lock;
mod lock_guard;
mod passage;
mod permit;
mod queue;
mod repr;
mod rw_lock;
mod rw_lock_guards;
mod semaphore;
mod sync;
mod turnstile;
mod wait_list;
mod wakers;

pub use barrier::{Barrier, BarrierWait, BrokenBarrier};
pub use condition::{Condition, ConditionWait, ConditionWaitFor};
pub use event::{Event, EventWait};
pub use lock::{AcquireLock, AcquireLockOwned, Lock};
pub use lock_guard::{AnyLockGuard, LockGuard, OwnedLockGuard};
pub use permit::{OwnedPermit, Permit};
pub use queue::{
    Fifo, Get, GetNowaitError, InvalidMaxsize, Join, Lifo, LifoQueue, LowestFirst, Order,
    OrderedQueue, PriorityQueue, Put, PutNowaitError, Queue, QueueEmpty, QueueFull, QueueShutDown,
    Shutdown, TooManyDone,
};
pub use rw_lock::{AcquireRead, AcquireReadOwned, AcquireWrite, AcquireWriteOwned, RwLock};
pub use rw_lock_guards::{OwnedReadGuard, OwnedWriteGuard, ReadGuard, WriteGuard};
pub use semaphore::{AcquirePermit, AcquirePermitOwned, Semaphore, TooManyPermits};
