//! Real-time signals, which have numbers and no names.
//!
//! # Invariants
//!
//! 1. The C library keeps the signals below its first real-time one for itself; all from there to its last one
//!    are the program's.

#![expect(unsafe_code, reason = "rustix leaves it to the caller which these are")]

use rustix::process::Signal;

/// The signal of this number, if it is a real-time one.
pub(crate) fn real_time(number: i32) -> Option<Signal> {
    let is_one = (libc::SIGRTMIN()..=libc::SIGRTMAX()).contains(&number);
    // SAFETY: (1) it is none of the C library's own.
    is_one.then(|| unsafe { Signal::from_raw_unchecked(number) })
}
