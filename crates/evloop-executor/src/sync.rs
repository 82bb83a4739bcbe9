//! The atomics, locks and the queue of the protocols between threads: the machine's, or loom's
//! when the protocols are model-checked.

#[cfg(loom)]
mod modelled;
#[cfg(not(loom))]
mod native;

#[cfg(loom)]
pub(crate) use modelled::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, ConcurrentQueue, Mutex,
    MutexGuard, Ordering, UnsafeCell, fence, park_timeout, shared_static, thread_cell, yield_now,
};
#[cfg(not(loom))]
pub(crate) use native::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, ConcurrentQueue, Mutex,
    MutexGuard, Ordering, UnsafeCell, fence, park_timeout, shared_static, thread_cell, yield_now,
};
