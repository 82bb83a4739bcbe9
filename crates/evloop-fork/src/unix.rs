//! A count of forks, in the memory of each process.
//!
//! # Invariants
//!
//! 1. The function that children call touches one atomic, allocates nothing and cannot panic, so it may run in
//!    a child of a process with several threads. It is there as long as the program.

#![expect(unsafe_code, reason = "no safe crate has `pthread_atfork`")]

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

/// How often the process was forked off, since the first process of the program.
static N_FORKS: AtomicU32 = AtomicU32::new(0);

extern "C" fn in_child() {
    // Relaxed: the child has one thread, and those that it makes begin after this.
    N_FORKS.fetch_add(1, Ordering::Relaxed);
}

/// As [`n_forks`], and forks that follow are counted.
pub(crate) fn n_forks_from_now_on() -> u32 {
    static COUNTING: Once = Once::new();
    COUNTING.call_once(|| {
        // It fails without memory only; then forks are not noticed.
        // SAFETY: (1) of the function.
        let _refused = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
    n_forks()
}

#[inline]
pub(crate) fn n_forks() -> u32 {
    N_FORKS.load(Ordering::Relaxed)
}
