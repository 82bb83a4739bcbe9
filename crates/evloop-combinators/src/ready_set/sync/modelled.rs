//! loom's twins of the atomics.

pub(in crate::ready_set) use loom::cell::UnsafeCell;
pub(in crate::ready_set) use loom::sync::atomic::{
    AtomicBool, AtomicU32, AtomicUsize, Ordering, fence,
};
