//! What somebody else does with signals in the same process.
//!
//! # Invariants
//!
//! 1. What is installed is the system's own, or a function that touches one atomic.
//! 2. The sets of signals are initialised before they are used, on the caller's stack.

#![expect(unsafe_code, reason = "signals are raised and set as C does it")]

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU32, Ordering};

use evloop_signal::Signal;

/// How often the handler of somebody else ran.
pub(crate) static FOREIGN: AtomicU32 = AtomicU32::new(0);

extern "C" fn foreign(_number: c_int) {
    FOREIGN.fetch_add(1, Ordering::SeqCst);
}

/// Sends SIGINT to the calling thread, which has handled it when this returns.
pub(crate) fn raise() {
    raise_this(Signal::INTERRUPT);
}

/// As [`raise`], any signal.
pub(crate) fn raise_this(signal: Signal) {
    // SAFETY: (1) whatever is installed may run at any time.
    let refused = unsafe { libc::raise(signal.number()) };
    assert_eq!(refused, 0);
}

pub(crate) fn ignore() {
    // SAFETY: (1) the system's own.
    let former = unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
    assert_ne!(former, libc::SIG_ERR);
}

pub(crate) fn handle() {
    handle_this(Signal::INTERRUPT);
}

/// Has the handler of somebody else in its place for the signal.
pub(crate) fn handle_this(signal: Signal) {
    let handler = foreign as *const () as libc::sighandler_t;
    // SAFETY: (1) it touches one atomic.
    let former = unsafe { libc::signal(signal.number(), handler) };
    assert_ne!(former, libc::SIG_ERR);
}

/// Blocks SIGINT on the calling thread.
pub(crate) fn block() {
    let mut only = MaybeUninit::zeroed();
    // SAFETY: (2) this initialises it.
    unsafe { libc::sigemptyset(only.as_mut_ptr()) };
    // SAFETY: (2) it is initialised.
    unsafe { libc::sigaddset(only.as_mut_ptr(), libc::SIGINT) };
    // SAFETY: (2) it is initialised.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, only.as_ptr(), std::ptr::null_mut()) };
}
