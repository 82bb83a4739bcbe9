//! The atomics and the allocator of the ready list: the machine's, or loom's under `--cfg loom`.

#[cfg(loom)]
mod modelled;
#[cfg(not(loom))]
mod native;

#[cfg(loom)]
pub(crate) use modelled::FEW;
#[cfg(not(loom))]
pub(crate) use native::FEW;

#[cfg(loom)]
pub(super) use modelled::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, UnsafeCell, alloc, dealloc, fence,
};
#[cfg(not(loom))]
pub(super) use native::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, UnsafeCell, alloc, dealloc, fence,
};
