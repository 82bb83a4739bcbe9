//! A host that wants to know of no child.
//!
//! # Invariants
//!
//! 1. The process runs one test, which is the only one to change what signals do.

#![expect(
    unsafe_code,
    reason = "no safe crate sets what a signal does without a handler"
)]

/// Has the system throw away the status of every child that ends.
pub(crate) fn ignore_sigchld() {
    // SAFETY: (1) nobody else changes it, and there is no handler to be safe.
    let before = unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    assert_ne!(before, libc::SIG_ERR);
}
