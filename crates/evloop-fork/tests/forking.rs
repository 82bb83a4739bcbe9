//! A real child.
//!
//! # Invariants
//!
//! 1. The child asks an atomic and ends, and does nothing else.

#![cfg(unix)]
#![expect(unsafe_code, reason = "only C forks")]

use evloop_fork::{Origin, was_forked};
use rustix::process::{Pid, WaitOptions, waitpid};

#[test]
fn a_child_is_another_process_and_the_parent_stays_the_same() {
    let origin = Origin::here();

    // SAFETY: (1) of the child.
    let forked = unsafe { libc::fork() };
    if forked == 0 {
        let is_child = was_forked() && !origin.is_here() && Origin::here().is_here();
        // SAFETY: (1) it ends here.
        unsafe { libc::_exit(if is_child { 7 } else { 1 }) };
    }

    let child = Pid::from_raw(forked).expect("the system makes a process");
    let (_, status) = waitpid(Some(child), WaitOptions::empty())
        .expect("it is a child")
        .expect("it has ended");
    assert_eq!(status.exit_status(), Some(7));
    assert!(origin.is_here() && !was_forked());
}
