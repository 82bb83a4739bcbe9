//! As loom explores them. All of its threads are one to the system, so it knows them apart itself.

pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
pub(crate) use loom::sync::{Mutex, MutexGuard};

loom::thread_local! {
    static HERE: u8 = 0;
}

pub(crate) fn this_thread() -> usize {
    HERE.with(|here| std::ptr::from_ref(here).addr())
}
