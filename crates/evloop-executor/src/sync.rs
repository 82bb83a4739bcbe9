//! The atomics, locks and the queue of the protocols between threads: the machine's, or loom's
//! when the protocols are model-checked.

#[cfg(loom)]
mod modelled;
#[cfg(not(loom))]
mod native;

#[cfg(loom)]
pub(crate) use modelled::{
    AtomicU8, AtomicU64, ConcurrentQueue, Mutex, MutexGuard, Ordering, UnsafeCell, fence,
    shared_static, yield_now,
};
#[cfg(not(loom))]
pub(crate) use native::{
    AtomicU8, AtomicU64, ConcurrentQueue, Mutex, MutexGuard, Ordering, UnsafeCell, fence,
    shared_static, yield_now,
};
