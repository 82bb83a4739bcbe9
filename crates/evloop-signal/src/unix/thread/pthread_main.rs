//! macOS and the BSDs: the threads library knows its first thread.
//!
//! # Invariants
//!
//! 1. The call takes nothing and cannot fail.

#![expect(unsafe_code, reason = "std does not tell the first thread")]

pub(crate) fn is_main_thread() -> bool {
    // SAFETY: (1) it only answers.
    unsafe { libc::pthread_main_np() == 1 }
}
