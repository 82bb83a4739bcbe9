//! Linux: the first thread of a process has the number of the process.
//!
//! # Invariants
//!
//! 1. The two system calls take nothing and cannot fail.

#![expect(unsafe_code, reason = "std has no number for the calling thread")]

pub(crate) fn is_main_thread() -> bool {
    // SAFETY: (1) it only answers.
    let thread = unsafe { libc::gettid() };
    // SAFETY: (1) it only answers.
    let process = unsafe { libc::getpid() };
    thread == process
}
