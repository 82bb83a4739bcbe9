//! Hosts that want to know of no child, or get none.
//!
//! # Invariants
//!
//! 1. The process runs one test, which is the only one to change what signals do.
//! 2. A call that takes a number and no address touches no memory.

#![expect(
    unsafe_code,
    reason = "no safe crate sets what a signal does without a handler, or leaves a namespace"
)]

use std::{io, process::Command};

/// Has the system throw away the status of every child that ends.
pub(crate) fn ignore_sigchld() {
    // SAFETY: (1) nobody else changes it, and there is no handler to be safe.
    let before = unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    assert_ne!(before, libc::SIG_ERR);
}

/// From here on the system has no memory for a child of this thread: its children would belong to a
/// namespace of processes whose first one has ended.
pub(crate) fn have_no_more_children() -> io::Result<()> {
    // SAFETY: (2) it takes a number.
    if unsafe { libc::unshare(libc::CLONE_NEWPID) } == -1 {
        return Err(io::Error::last_os_error());
    }
    let first = Command::new("/bin/true").status()?;
    assert!(first.success(), "{first}");
    Ok(())
}
