//! loom's twins, which see races and leaks.

pub(in crate::ready_set) use loom::alloc::{alloc, dealloc};
pub(in crate::ready_set) use loom::cell::UnsafeCell;
pub(in crate::ready_set) use loom::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};

/// None: the models are of the ready list, with few children.
pub(crate) const FEW: usize = 0;
